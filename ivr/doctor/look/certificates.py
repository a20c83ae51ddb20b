"""A TLS certificate with its key, from PEM files."""

from pathlib import Path

from ivr.doctor.observed import Certificate


def certificate(file: Path, key: Path | None) -> Certificate:
    """What it says. A file that cannot be used is told in the answer, not raised. `key`: None: in the same file."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        found = x509.load_pem_x509_certificates(file.read_bytes())[0]
    except OSError as error:
        return Certificate(str(file), fault=f"the certificate cannot be read ({error.strerror})")
    except ValueError:
        return Certificate(str(file), fault="this is no certificate in PEM form")
    try:
        private = load_pem_private_key((key or file).read_bytes(), None)
    except OSError as error:
        return Certificate(str(key), fault=f"the certificate's key cannot be read ({error.strerror})")
    except (ValueError, TypeError):
        return Certificate(str(key), fault="this is no key in PEM form, or it has a password")
    fits = private.public_key() == found.public_key()
    return Certificate(str(file), found.not_valid_before_utc, found.not_valid_after_utc, fits)
