import asyncio
import json
import socket
import textwrap
from contextlib import asynccontextmanager, closing

import pytest
from click.testing import CliRunner

from events.bus import EventQuery
from events.clock import SystemClock
from events.log import Logger
from events.metrics import Metrics
from kikkake.cli.main import main
from kikkake.files import load_resources
from kikkake.secrets import FileSecrets
from sources.limits import ServerSettings
from sources.server import Front
from sources.spec import read_event_source
from tests.kikkake.api.process import running_process
from tests.servers.certificates import Certificates

SECRET = "a-secret-of-the-hook-4711"


def resource(port, tls=""):
    return textwrap.dedent(f"""\
        apiVersion: argoproj.io/v1alpha1
        kind: EventSource
        metadata: {{name: github, namespace: ci}}
        spec:
          github:
            push:
              owner: octo
              repository: shop
              webhook: {{port: "{port}", endpoint: /push, method: POST{tls}}}
              webhookSecret: {{name: github, key: secret}}
        """)


def more_resources(port):
    return textwrap.dedent(f"""\
        ---
        apiVersion: argoproj.io/v1alpha1
        kind: EventSource
        metadata: {{name: more, namespace: ci}}
        spec:
          webhook:
            any: {{port: "{port}", endpoint: "/any/{{team}}", method: POST, unauthenticated: true}}
            asked: {{port: "{port}", endpoint: /asked, method: GET, unauthenticated: true}}
            closed:
              {{port: "{port}", endpoint: /closed, method: POST, authSecret: {{name: missing, key: k}}}}
          distribution:
            registry:
              webhook: {{port: "{port}", endpoint: /registry}}
              authorizationSecret: {{name: github, key: secret}}
        ---
        apiVersion: argoproj.io/v1alpha1
        kind: EventSource
        metadata: {{name: log, namespace: ci}}
        spec: {{kafka: {{topic: {{url: "127.0.0.1:1", topic: t, consumerGroup: {{groupName: g}}}}}}}}
        """)


class Receiver:
    """A folder with an EventSource and its secret, and a front that serves it."""

    def __init__(self, process, folder):
        self.process = process
        self.folder = folder

    async def send(self, *arguments):
        return await asyncio.to_thread(CliRunner().invoke, main, ["send", *arguments])

    async def stored(self):
        return [stored.event for stored in await self.process.reader.events(EventQuery())][::-1]


@asynccontextmanager
async def receiving(folder, data):
    secrets = FileSecrets(folder / "secrets")
    async with running_process(data) as process:
        front = Front(
            ServerSettings(host="127.0.0.1"),
            process.bus.publish,
            secrets,
            SystemClock(),
            Metrics(),
            Logger("test"),
        )
        specs = [read_event_source(document) for document in load_resources([str(folder)]).documents]
        # One of the endpoints has no secret, on purpose.
        problems = [problem.event_name for problem in await front.apply(specs)]
        assert set(problems) <= {"closed"}
        try:
            yield Receiver(process, folder)
        finally:
            await front.close()


def free_port():
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return server.getsockname()[1]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    folder = tmp_path / "resources"
    (folder / "secrets" / "github").mkdir(parents=True)
    (folder / "secrets" / "github" / "secret").write_text(SECRET + "\n")
    port = free_port()
    (folder / "source.yaml").write_text(resource(port) + more_resources(port))
    (folder / "push.json").write_text('{"ref": "refs/heads/main"}')
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
async def receiver(folder, tmp_path):
    async with receiving(folder, tmp_path / "data") as receiver:
        yield receiver


async def test_a_delivery_is_signed_as_its_sender_signs_and_stored(receiver):
    answer = await receiver.send("github/push", "push.json", "--id", "d1")
    assert answer.exit_code == 0
    [event] = await receiver.stored()
    assert event.id == "d1"
    assert json.loads(event.data)["body"]["ref"] == "refs/heads/main"
    first, stored, following = answer.output.splitlines()
    assert first.startswith("POST http://127.0.0.1:")
    assert first.endswith("/push  26 bytes, signed by X-Hub-Signature-256")
    assert "200" in stored
    assert stored.endswith("stored as event d1")
    assert following == "Why did it fire or not?  kikkake explain d1"


async def test_every_delivery_has_an_id_of_its_own(receiver):
    await receiver.send("ci/github/push", "push.json")
    (receiver.folder / "push.json").write_text("{}")
    await receiver.send("ci/github/push", "push.json")
    assert len({event.id for event in await receiver.stored()}) == 2


async def test_a_redelivery_is_shown_as_recognised(receiver):
    answer = await receiver.send("github/push", "push.json", "--id", "d1", "--times", "2")
    assert answer.exit_code == 0
    first, second = answer.output.splitlines()[1:3]
    assert first.endswith("stored as event d1")
    assert second.endswith("recognised, not stored again: event d1")
    assert len(await receiver.stored()) == 1


async def test_an_unsigned_delivery_is_refused_and_that_is_exit_1(receiver):
    answer = await receiver.send("github/push", "push.json", "--unsigned")
    assert answer.exit_code == 1
    assert "not signed" in answer.output
    assert "401" in answer.output
    assert "Signature or credentials missing or invalid" in answer.output
    assert await receiver.stored() == []


async def test_headers_come_from_the_option_then_from_the_recording(receiver):
    recorded = "X-GitHub-Event: release\nX-Other: 1\nX-Hub-Signature-256: sha256=00\nHost: github.example\n"
    (receiver.folder / "push.headers").write_text(recorded)
    await receiver.send("github/push", "push.json", "-H", "x-other: 2")
    [event] = await receiver.stored()
    headers = json.loads(event.data)["headers"]
    assert headers["X-Github-Event"] == ["release"]
    assert headers["X-Other"] == ["2"]


async def test_json_shows_the_answer(receiver):
    answer = await receiver.send("github/push", "push.json", "--id", "d1", "-o", "json")
    [sent] = [json.loads(line) for line in answer.output.splitlines()]
    assert (sent["status"], sent["id"]) == (200, "d1")


async def test_standard_input_is_sent(receiver):
    answer = await asyncio.to_thread(
        CliRunner().invoke, main, ["send", "github/push", "-", "--id", "d1"], input='{"ref": "x"}'
    )
    assert answer.exit_code == 0
    assert len(await receiver.stored()) == 1


async def test_the_secret_stands_in_no_output(receiver):
    outputs = []
    for arguments in (["-o", "json"], ["--unsigned"], ["--times", "2"], ["-H", "Authorization: x"]):
        answer = await receiver.send("github/push", "push.json", *arguments)
        outputs.append(answer.output + answer.stderr)
    assert SECRET not in "".join(outputs)


async def test_a_certificate_of_the_resource_is_trusted(folder, tmp_path):
    certificates = Certificates.make(tmp_path / "pki")
    (folder / "secrets" / "tls").mkdir()
    (folder / "secrets" / "tls" / "crt").write_bytes(certificates.server.read_bytes())
    (folder / "secrets" / "tls" / "key").write_bytes(certificates.server_key.read_bytes())
    tls = ", serverCertSecret: {name: tls, key: crt}, serverKeySecret: {name: tls, key: key}"
    (folder / "source.yaml").write_text(resource(free_port(), tls))
    async with receiving(folder, tmp_path / "data") as receiver:
        answer = await receiver.send("github/push", "push.json")
        assert answer.exit_code == 0, answer.output
        assert answer.output.startswith("POST https://127.0.0.1:")


def test_nobody_listening_is_exit_3_with_what_to_do(folder):
    answer = CliRunner().invoke(main, ["send", "github/push", "push.json"])
    assert answer.exit_code == 3
    assert "(Connection refused): is `kikkake run` running with this EventSource?" in answer.stderr


@pytest.mark.parametrize(
    ("target", "text"),
    [
        (
            "gitlab/push",
            "no EventSource for `gitlab/push` in the current folder; there are: github, log, more",
        ),
        ("other/github/push", "no EventSource for `other/github/push`"),
        ("github/psuh", "EventSource ci/github takes no deliveries for `psuh`; did you mean `push`?"),
    ],
)
def test_an_unknown_target_names_what_is_there(folder, target, text):
    answer = CliRunner().invoke(main, ["send", target, "push.json"])
    assert answer.exit_code == 1
    assert text in answer.stderr


@pytest.mark.parametrize("target", ["github", "a/b/c/d", "/push", "github/"])
def test_a_target_of_another_form_is_a_usage_error(folder, target):
    answer = CliRunner().invoke(main, ["send", target, "push.json"])
    assert answer.exit_code == 2
    assert "write SOURCE/EVENT or NAMESPACE/SOURCE/EVENT" in answer.stderr


def test_a_missing_secret_names_it_and_where_it_was_looked_for(folder):
    (folder / "secrets" / "github" / "secret").unlink()
    answer = CliRunner().invoke(main, ["send", "github/push", "push.json"])
    assert answer.exit_code == 1
    assert "cannot sign: secret ci/github key `secret`" in answer.stderr
    assert "looked in: secrets" in answer.stderr
    assert "--secrets DIR" in answer.stderr


def test_a_missing_file_is_an_error(folder):
    answer = CliRunner().invoke(main, ["send", "github/push", "nope.json"])
    assert (answer.exit_code, answer.stderr) == (1, "error: nope.json: No such file or directory\n")


@pytest.mark.parametrize("header", ["no colon", ": x", "a: b\nc: d"])
def test_a_header_of_another_form_is_a_usage_error(folder, header):
    answer = CliRunner().invoke(main, ["send", "github/push", "push.json", "-H", header])
    assert answer.exit_code == 2
    assert "Name: value" in answer.stderr


async def test_an_id_that_is_asked_for_wins_over_a_recorded_one(receiver):
    (receiver.folder / "push.headers").write_text("X-GitHub-Delivery: recorded\n")
    assert "stored as event recorded" in (await receiver.send("github/push", "push.json")).output
    (receiver.folder / "push.json").write_text("{}")
    assert (
        "stored as event chosen" in (await receiver.send("github/push", "push.json", "--id", "chosen")).output
    )


async def test_a_body_that_comes_again_under_another_id_is_told_as_a_suspected_replay(receiver):
    await receiver.send("github/push", "push.json", "--id", "a")
    answer = await receiver.send("github/push", "push.json", "--id", "b")
    assert answer.exit_code == 0
    assert "202" in answer.output
    assert "judged by no Sensor (suspected replay): event b" in answer.output


async def test_the_id_of_a_plain_webhook_is_sent_as_its_idempotency_key(receiver):
    answer = await receiver.send("more/any", "push.json", "--id", "w1", "--times", "2")
    assert "stored as event w1" in answer.output
    assert "recognised, not stored again: event w1" in answer.output
    await receiver.send("more/any", "push.json", "--times", "2")
    assert len(await receiver.stored()) == 2


async def test_an_id_without_effect_is_told(receiver):
    answer = await receiver.send("more/registry", "push.json", "--id", "x")
    assert "--id has no effect: the body names a delivery of kind distribution" in answer.stderr


async def test_a_delivery_that_is_set_aside_is_not_told_as_stored(receiver):
    answer = await receiver.send("more/registry", "push.json")
    assert answer.exit_code == 0
    assert "set aside since no event can be made of it (unusable-body)" in answer.output


async def test_an_endpoint_for_get_gets_the_file_as_its_query(receiver):
    (receiver.folder / "query").write_text("ref=main&n=1&n=2\n")
    answer = await receiver.send("more/asked", "query")
    assert answer.output.startswith("GET http://127.0.0.1:")
    [event] = await receiver.stored()
    assert json.loads(event.data)["body"] == {"ref": ["main"], "n": ["1", "2"]}
    assert (await receiver.send("more/asked", "push.json")).exit_code == 1


async def test_an_unsigned_delivery_needs_no_secret(receiver):
    answer = await receiver.send("more/closed", "push.json", "--unsigned")
    assert answer.exit_code == 3
    assert "503" in answer.output
    assert "a secret that it cannot read needs --secrets DIR" in answer.output


def test_a_kind_that_fetches_is_refused_with_what_to_do(folder):
    answer = CliRunner().invoke(main, ["send", "log/topic", "push.json"])
    assert answer.exit_code == 1
    assert "is of kind kafka: it fetches its events itself" in answer.stderr
