"""kube-apiserver and etcd on loopback: how they are found, built and started.

There is no kubelet, and no controller manager unless a test starts one: nothing collects garbage, no Job makes a
Pod, and a deleted namespace stays Terminating. So each test takes a namespace of its own and never deletes it.
"""

import base64
import http.client
import json
import os
import secrets
import shutil
import ssl
import subprocess
import tempfile
from pathlib import Path

from tests.servers.certificates import Certificates, openssl
from tests.servers.kube_reader import KubeReader
from tests.servers.process import ServerFailed, ServerProcess, free_ports

_BUILD = Path(__file__).parent / "kube" / "build.sh"
_BINARIES = ("kube-apiserver", "etcd")
"""What envtest's archives have too; the controller manager is in none of them."""
_CONTROLLER_MANAGER = "kube-controller-manager"

# The path of a unix socket holds at most 107 bytes.
_LONGEST_SOCKET_PATH = 100


def find_assets() -> Path | None:
    """The folder with both binaries: `KUBEBUILDER_ASSETS` (envtest's convention), else what was built before."""
    return next(
        (folder for folder in _folders() if all((folder / name).exists() for name in _BINARIES)), None
    )


def find_controller_manager() -> Path | None:
    """The binary of the controller manager, in the same folders."""
    binaries = (folder / _CONTROLLER_MANAGER for folder in _folders())
    return next((binary for binary in binaries if binary.exists()), None)


def build_assets() -> Path:
    """Build all of them from their Go modules where one is missing: about 17 minutes the first time.

    Raises:
        subprocess.CalledProcessError: the build failed; its output is on standard error.
    """
    return find_assets() or Path(_run_build())


def build_controller_manager() -> Path:
    """The same build. Raises as `build_assets`."""
    return find_controller_manager() or Path(_run_build()) / _CONTROLLER_MANAGER


def _folders() -> list[Path]:
    named = os.environ.get("KUBEBUILDER_ASSETS")
    return [*([Path(named)] if named else []), Path(_run_build("--where"))]


def _run_build(*arguments: str) -> str:
    run = subprocess.run(["bash", str(_BUILD), *arguments], check=True, stdout=subprocess.PIPE, text=True)
    return run.stdout.strip()


class KubeServer:
    """A running Kubernetes API server with an empty etcd, RBAC, and these static tokens.

    `admin_token` may do everything; `stranger_token` belongs to a user without any right.
    A folder that was stopped keeps its data, port and certificates for the next start.
    """

    def __init__(self, folder: Path, certificates: Certificates) -> None:
        self.folder = folder
        self.certificates = certificates
        self.ca_file = certificates.ca
        self.port = 0
        self.admin_token, self.stranger_token, self._manager_token = _tokens(folder)
        self._socket = _socket_path(folder)
        self._etcd: ServerProcess | None = None
        self._apiserver: ServerProcess | None = None
        self._controller_manager: ServerProcess | None = None

    @classmethod
    def start(cls, folder: Path, *, assets: Path | None = None, timeout_s: float = 60) -> "KubeServer":
        """Start both in `folder` and return when the API answers and the namespace `default` is there.

        Raises:
            ServerFailed: no binaries, or they did not become ready within `timeout_s` seconds.
        """
        assets = assets or find_assets()
        if assets is None:
            raise ServerFailed("no kube-apiserver and etcd: `make servers` builds them")
        folder.mkdir(parents=True, exist_ok=True)
        server = cls(folder.resolve(), Certificates.make(folder.resolve() / "pki"))
        server._launch(assets.resolve(), timeout_s)
        return server

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig file of the admin."""
        return self.folder / "kubeconfig"

    def reader(self) -> KubeReader:
        """A client as the admin that shares no code with the gateway's."""
        return KubeReader(self.port, self.ca_file, self.admin_token)

    def write_kubeconfig(self, file: Path, *, url: str | None = None, token: str | None = None) -> Path:
        """Write a kubeconfig for `token` (default: the admin) at `url` (default: this server; a proxy's may do)."""
        ca = base64.b64encode(self.ca_file.read_bytes()).decode()
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": "test", "cluster": {"server": url or self.url, "certificate-authority-data": ca}}
            ],
            "users": [{"name": "test", "user": {"token": token or self.admin_token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "current-context": "test",
        }
        file.write_text(json.dumps(config, indent=1))
        return file

    def start_controller_manager(self, *, timeout_s: float = 60) -> None:
        """From now on Jobs make Pods, namespaces get the account `default` and go away when they are deleted.

        Returns when the namespace `default` has its account. Raises ServerFailed.
        """
        binary = find_controller_manager()
        if binary is None:
            raise ServerFailed("no kube-controller-manager: `make servers` builds it")
        kubeconfig = self.write_kubeconfig(
            self.folder / "controller-manager.kubeconfig", token=self._manager_token
        )
        self._controller_manager = ServerProcess(
            [
                binary.resolve(),
                f"--kubeconfig={kubeconfig}",
                "--use-service-account-credentials=true",
                f"--service-account-private-key-file={self.folder / 'pki' / 'sa.key'}",
                f"--root-ca-file={self.ca_file}",
                "--leader-elect=false",
                "--bind-address=127.0.0.1",
                "--secure-port=0",
            ],
            log=self.folder / "kube-controller-manager.log",
            cwd=self.folder,
        )
        self._controller_manager.wait_until(self._has_default_account, timeout_s=timeout_s)

    def pause(self) -> None:
        """The API server stops answering; connections stay open."""
        self._running_apiserver.pause()

    def resume(self) -> None:
        self._running_apiserver.resume()

    def stop(self) -> None:
        """End all of them; the data stays in the folder."""
        if self._controller_manager is not None:
            self._controller_manager.stop(grace_s=1)
        if self._apiserver is not None:
            # An open watch delays its shutdown, and it holds no state.
            self._apiserver.stop(grace_s=1)
        if self._etcd is not None:
            self._etcd.stop(grace_s=10)
        if self._socket.parent != self.folder:
            shutil.rmtree(self._socket.parent, ignore_errors=True)

    @property
    def _running_apiserver(self) -> ServerProcess:
        if self._apiserver is None:
            raise ServerFailed("kube-apiserver was not started")
        return self._apiserver

    def _launch(self, assets: Path, timeout_s: float) -> None:
        port_file = self.folder / "port"
        known = int(port_file.read_text()) if port_file.exists() else 0
        # A free port may be taken before the server binds it: only that is worth another try.
        for port in ([known] if known else []) + free_ports(3):
            self.port = port
            try:
                self._launch_on_port(assets, timeout_s)
            except ServerFailed as failure:
                self.stop()
                if "address already in use" not in str(failure):
                    raise
            else:
                port_file.write_text(str(port))
                self.write_kubeconfig(self.kubeconfig)
                return
        raise ServerFailed("all ports that were tried were taken before kube-apiserver could bind them")

    def _launch_on_port(self, assets: Path, timeout_s: float) -> None:
        self._socket.parent.mkdir(exist_ok=True)
        self._socket.unlink(missing_ok=True)
        self._etcd = ServerProcess(
            [
                assets / "etcd",
                f"--data-dir={self.folder / 'etcd'}",
                # A socket as in upstream's own integration tests: no port to collide on.
                f"--listen-client-urls=unix://{self._socket}",
                "--advertise-client-urls=http://127.0.0.1:0",
                "--listen-peer-urls=http://127.0.0.1:0",
                "--unsafe-no-fsync",
                "--log-level=warn",
            ],
            log=self.folder / "etcd.log",
            cwd=self.folder,
        )
        self._apiserver = ServerProcess(
            [assets / "kube-apiserver", *self._apiserver_flags()],
            log=self.folder / "kube-apiserver.log",
            cwd=self.folder,
        )
        self._apiserver.wait_until(self._is_ready, timeout_s=timeout_s)

    def _apiserver_flags(self) -> list[str]:
        key, public_key = self.folder / "pki" / "sa.key", self.folder / "pki" / "sa.pub"
        if not public_key.exists():
            # RSA: RS256 is the one signature that every reader of tokens has.
            openssl(key.parent, "genrsa", "-out", key.name, "2048")
            openssl(key.parent, "rsa", "-in", key.name, "-pubout", "-out", public_key.name)
        return [
            f"--etcd-servers=unix://{self._socket}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self.port}",
            "--endpoint-reconciler-type=none",
            f"--tls-cert-file={self.certificates.server}",
            f"--tls-private-key-file={self.certificates.server_key}",
            f"--token-auth-file={self.folder / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-signing-key-file={key}",
            f"--service-account-key-file={public_key}",
            "--service-cluster-ip-range=10.0.0.0/24",
            # It refuses a Pod until its namespace has the account `default`, which only a controller manager makes.
            "--disable-admission-plugins=ServiceAccount",
            "--profiling=false",
        ]

    def _is_ready(self) -> bool:
        # The namespace `default` comes a little after /readyz says ok.
        try:
            with self.reader() as reader:
                return reader.is_ready() and reader.get("/api/v1/namespaces/default") is not None
        except (OSError, ssl.SSLError, http.client.HTTPException):
            return False

    def _has_default_account(self) -> bool:
        with self.reader() as reader:
            return reader.get("/api/v1/namespaces/default/serviceaccounts/default") is not None


def _tokens(folder: Path) -> list[str]:
    """Of the admin, a stranger and the controller manager."""
    file = folder / "tokens.csv"
    if not file.exists():
        admin, stranger, manager = (secrets.token_hex(24) for _ in range(3))
        file.touch(mode=0o600)
        file.write_text(
            f"{admin},admin,admin,system:masters\n{stranger},stranger,stranger\n"
            f"{manager},system:kube-controller-manager,manager\n"
        )
    return [line.split(",")[0] for line in file.read_text().splitlines()]


def _socket_path(folder: Path) -> Path:
    socket = folder / "etcd.sock"
    if len(os.fsencode(socket)) < _LONGEST_SOCKET_PATH:
        return socket
    return Path(tempfile.mkdtemp(prefix="kikkake-etcd-")) / "etcd.sock"
