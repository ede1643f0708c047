"""Apache Kafka on loopback: one KRaft node with a plain, a SASL and a TLS listener."""

import hashlib
import socket
import subprocess
import tempfile
from pathlib import Path

from tests.servers.certificates import Certificates
from tests.servers.process import ServerFailed, ServerProcess, cache_folder, free_ports

_POM = Path(__file__).parent / "kafka" / "pom.xml"

_JAVA_FLAGS = (
    "-Xmx256m",
    "-Xms64m",
    "-Xss512k",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server=info",
)

SASL_USER = "alice"
SASL_PASSWORD = "alice-secret"
"""The one user of the SASL listener, for PLAIN and SCRAM-SHA-256 and -512 alike."""

_SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{plain},SASL_PLAINTEXT://127.0.0.1:{sasl},SSL://127.0.0.1:{tls},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{plain},SASL_PLAINTEXT://127.0.0.1:{sasl},SSL://127.0.0.1:{tls}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SSL:SSL,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.sasl_plaintext.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule \
    required user_{user}="{password}";
listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config=\
    org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config=\
    org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
log.dirs={data}
num.partitions=1
num.network.threads=2
num.io.threads=4
background.threads=2
auto.create.topics.enable=false
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# A group starts at once, also with one member.
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.cleaner.dedupe.buffer.size=16777216
log.segment.bytes=16777216
log.index.size.max.bytes=1048576
# A broker that was killed may come back without waiting 12 s for its old registration.
broker.heartbeat.interval.ms=300
broker.session.timeout.ms=1500
"""


def _jar_folder() -> Path:
    return cache_folder("kikkake-kafka") / hashlib.sha256(_POM.read_bytes()).hexdigest()[:12]


def find_jars() -> Path | None:
    """The folder of the broker's jars, where they were fetched before."""
    folder = _jar_folder()
    return folder if folder.exists() else None


def fetch_jars() -> Path:
    """Have Maven copy the broker's jars into the cache: 43 MB, under a minute.

    Raises:
        subprocess.CalledProcessError: Maven failed; its output is on standard output.
    """
    folder = _jar_folder()
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Complete or not there at all: an interrupted download leaves only a folder that nobody reads.
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="fetch-") as unfinished:
        jars = Path(unfinished) / "jars"
        command = ["mvn", "-q", "-B", "-Dstyle.color=never", "-f", str(_POM), "dependency:copy-dependencies"]
        subprocess.run([*command, "-DincludeScope=runtime", f"-DoutputDirectory={jars}"], check=True)
        if not folder.exists():
            jars.rename(folder)
    return folder


class KafkaServer:
    """One running broker. `bootstrap`, `sasl_bootstrap` and `tls_bootstrap` are `host:port` of its listeners.

    `stop` and `kill` keep its folder, and `restart` brings it back with the same ports and records.
    """

    def __init__(self, folder: Path, jars: Path) -> None:
        self.folder = folder
        self.certificates = Certificates.make(folder / "pki")
        self.ca_file = self.certificates.ca
        self._classpath = f"{jars}/*"
        self._ports = dict(zip(("plain", "sasl", "tls", "controller"), free_ports(4), strict=True))
        self._settings = folder / "server.properties"
        self._process: ServerProcess | None = None

    @classmethod
    def start(cls, folder: Path, *, jars: Path | None = None, timeout_s: float = 60) -> "KafkaServer":
        """Format and start a broker in `folder`, an empty or new one; returns when it accepts clients.

        Raises:
            ServerFailed: no jars, or it did not become ready within `timeout_s` seconds.
        """
        jars = jars or find_jars()
        if jars is None:
            raise ServerFailed("no Kafka: `make servers` fetches it")
        folder.mkdir(parents=True, exist_ok=True)
        server = cls(folder.resolve(), jars)
        server._write_settings()
        server._format()
        server.restart(timeout_s=timeout_s)
        return server

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self._ports['plain']}"

    @property
    def sasl_bootstrap(self) -> str:
        return f"127.0.0.1:{self._ports['sasl']}"

    @property
    def tls_bootstrap(self) -> str:
        return f"127.0.0.1:{self._ports['tls']}"

    def restart(self, *, timeout_s: float = 60) -> None:
        """Stop it if it runs, and start it again with what is in its folder."""
        self.stop()
        self._process = ServerProcess(
            self._java("kafka.Kafka", str(self._settings)), log=self.folder / "kafka.log", cwd=self.folder
        )
        self._process.wait_until(self._is_ready, timeout_s=timeout_s)

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop(grace_s=15)

    def kill(self) -> None:
        """SIGKILL, as a crash."""
        if self._process is not None:
            self._process.kill()

    def _is_ready(self) -> bool:
        # The plain listener opens when the broker has left recovery and may serve.
        try:
            with socket.create_connection(("127.0.0.1", self._ports["plain"]), timeout=1):
                return True
        except OSError:
            return False

    def _write_settings(self) -> None:
        keystore = self.folder / "keystore.pem"
        keystore.write_bytes(
            self.certificates.server_key.read_bytes() + self.certificates.server.read_bytes()
        )
        self._settings.write_text(
            _SETTINGS.format(
                **self._ports,
                user=SASL_USER,
                password=SASL_PASSWORD,
                keystore=keystore,
                data=self.folder / "data",
            )
        )

    def _format(self) -> None:
        scram = [
            part
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
            for part in ("--add-scram", f"{mechanism}=[name={SASL_USER},password={SASL_PASSWORD}]")
        ]
        tool = self._java("kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qg", *scram)
        run = subprocess.run(
            [*tool, "-c", str(self._settings)], capture_output=True, text=True, check=False, cwd=self.folder
        )
        if run.returncode:
            raise ServerFailed(f"formatting Kafka's folder failed:\n{run.stdout[-2000:]}{run.stderr[-2000:]}")

    def _java(self, *arguments: str) -> list[str]:
        return ["java", *_JAVA_FLAGS, f"-Dkafka.logs.dir={self.folder}", "-cp", self._classpath, *arguments]
