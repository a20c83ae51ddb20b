"""The addresses of journal and records, taken apart. Pure."""

from urllib.parse import SplitResult, urlsplit


def parts_of(url: str) -> SplitResult | None:
    """Scheme, host, port, password, path; None for what is no address, as postgresql://[x."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 (it is read here, where it may fail)
    except ValueError:
        return None
    return parts
