"""The certificate of the server, from files that are renewed while it runs."""

import ssl
from pathlib import Path

from ivr import log as logs

log = logs.get(__name__)


class TlsError(Exception):
    """The certificate cannot be used. The message names the files and what to do."""


class Certificate:
    """A certificate (with its chain) and its key, PEM. New connections use the files' latest usable content."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Raises TlsError."""
        self._certificate, self._key = certificate, key
        self._seen = self._stamp()
        self._try()
        self.context = _context()
        self._load(self.context)

    def look(self) -> bool:
        """Take the files anew if they have changed; whether they were. What cannot be used is logged, and the old one
        stays. Quick: two small files."""
        stamp = self._stamp()
        if stamp == self._seen:
            return False
        self._seen = stamp
        try:
            self._try()
        except TlsError as error:
            log.error("the certificate was changed and cannot be used; the old one stays", why=str(error))
            return False
        self._load(self.context)
        log.info("the certificate was read anew", file=str(self._certificate))
        return True

    def _try(self) -> None:
        """In a context of its own: half a change would be worse than none."""
        try:
            self._load(_context())
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            why = getattr(error, "strerror", None) or str(error)
            raise TlsError(
                f"CENTRALITA_TLS_CERT={self._certificate} and CENTRALITA_TLS_KEY={self._key}: {why}; "
                "give a certificate with its chain, and its key without a password, both as PEM"
            ) from None

    def _load(self, context: ssl.SSLContext) -> None:
        context.load_cert_chain(self._certificate, self._key, password=lambda: "")  # never ask at the terminal

    def _stamp(self) -> tuple[object, ...]:
        found: list[object] = []
        for file in (self._certificate, self._key):
            try:
                status = file.stat()
                found.append((status.st_mtime_ns, status.st_ino, status.st_size))
            except OSError:
                found.append(None)
        return tuple(found)


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    return context
