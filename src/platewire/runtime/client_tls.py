"""TLS for whatever of platewire connects: whom it trusts, the same on every Python."""

import ssl
from pathlib import Path


def context(ca_file: Path | None = None, *, verify: bool = True) -> ssl.SSLContext:
    """Trusts the system's CAs, or only the certificates in `ca_file`; checks the host's name.
    Without `verify` it trusts anyone.

    Raises OSError or ssl.SSLError where the file is no PEM file of certificates.

    Python's own defaults changed with 3.13. Stricter checks of the CA (`VERIFY_X509_STRICT`) are
    left out here: a CA made by hand for cameras and receivers often says nothing of its key's use.
    What 3.13 allows is allowed everywhere: `ca_file` may hold the other side's own certificate, or
    that of the CA just above it (`VERIFY_X509_PARTIAL_CHAIN`).
    https://docs.python.org/3/library/ssl.html#ssl.create_default_context
    """
    made = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    made.verify_flags &= ~ssl.VERIFY_X509_STRICT
    made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if not verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    return made
