"""Which functions take long; known without importing them."""

from __future__ import annotations

SLOW = frozenset(
    {
        "bcrypt",
        "derivePassword",
        "genCA",
        "genPrivateKey",
        "genSelfSignedCert",
        "genSignedCert",
        "htpasswd",
    }
)
"""Functions that take from 10 ms (an RSA key of 2048 bits) and 50 ms (bcrypt) to seconds (`genPrivateKey "rsa"`,
4096 bits): a template that names one does not belong on the event loop."""
