"""A certificate authority for one test run, and a server certificate for loopback; made by openssl."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

_SERVER_EXTENSIONS = """\
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature,keyEncipherment
extendedKeyUsage=serverAuth
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
subjectAltName=DNS:localhost,DNS:kubernetes.default.svc,IP:127.0.0.1
"""


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files in one folder. The server's certificate is good for 127.0.0.1 and localhost."""

    ca: Path
    server: Path
    server_key: Path

    @classmethod
    def make(cls, folder: Path) -> "Certificates":
        """Make them in `folder`, or take those that are there.

        Raises:
            subprocess.CalledProcessError: openssl failed.
        """
        made = cls(folder / "ca.crt", folder / "server.crt", folder / "server.key")
        if not made.server.exists():
            folder.mkdir(parents=True, exist_ok=True)
            _make_ca(folder)
            _make_server(folder)
        return made


def openssl(folder: Path, *arguments: str) -> None:
    """Run openssl in `folder`; files that it makes there are private."""
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, umask=0o077)


def _make_ca(folder: Path) -> None:
    _make_key(folder, "ca.key")
    openssl(
        folder,
        *("req", "-x509", "-new", "-key", "ca.key", "-subj", "/CN=kikkake-tests", "-days", "30"),
        *("-out", "ca.crt", "-addext", "basicConstraints=critical,CA:TRUE"),
        *("-addext", "keyUsage=critical,keyCertSign,cRLSign,digitalSignature"),
    )


def _make_server(folder: Path) -> None:
    _make_key(folder, "server.key")
    (folder / "server.ext").write_text(_SERVER_EXTENSIONS)
    openssl(folder, "req", "-new", "-key", "server.key", "-subj", "/CN=localhost", "-out", "server.csr")
    openssl(
        folder,
        *("x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial"),
        *("-days", "30", "-extfile", "server.ext", "-out", "server.tmp"),
    )
    (folder / "server.tmp").rename(folder / "server.crt")


def _make_key(folder: Path, name: str) -> None:
    # PKCS#8, the form that Java reads too.
    openssl(folder, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", name)
