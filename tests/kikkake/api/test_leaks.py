"""No secret leaves by the admin API, /metrics, the commands or the output of a dry run (spec: security, T-LEAK)."""

import asyncio
import base64
import textwrap
import urllib.parse
from contextlib import asynccontextmanager

import pytest
from click.testing import CliRunner

from kikkake.cli.main import main
from kikkake.compose import Gateway
from kikkake.settings import ListenSettings, RunSettings
from tests.kikkake.api.process import call

HOOK = "canary-hook-secret-8f3a1c"
TOKEN = "canary-api-token-77b2e9d0"

RESOURCES = textwrap.dedent("""\
    apiVersion: argoproj.io/v1alpha1
    kind: EventSource
    metadata: {name: github}
    spec:
      github:
        push:
          owner: octo
          repository: shop
          webhook: {port: "12000", endpoint: /push, method: POST}
          webhookSecret: {name: hook, key: secret}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Sensor
    metadata: {name: call}
    spec:
      dependencies:
      - {name: push, eventSourceName: github, eventName: push}
      triggers:
      - template:
          name: api
          http:
            url: http://127.0.0.1:9/x
            method: POST
            payload:
            - {src: {dependencyName: push, dataKey: body.ref}, dest: ref}
            secureHeaders:
            - {name: Authorization, valueFrom: {secretKeyRef: {name: api, key: token}}}
    """)


@asynccontextmanager
async def running(folder, printed):
    for name, key, value in (("hook", "secret", HOOK), ("api", "token", TOKEN)):
        (folder / "secrets" / name).mkdir(parents=True)
        (folder / "secrets" / name / key).write_text(value)
    (folder / "resources.yaml").write_text(RESOURCES)
    settings = RunSettings(
        paths=(str(folder / "resources.yaml"),),
        data=folder / "data",
        cluster=None,
        secrets=(folder / "secrets",),
        listen=ListenSettings(ports={12000: 0}, metrics_port=0, admin_port=0),
        watch=False,
    )
    gateway = Gateway(settings, printed.append)
    await gateway.start()
    try:
        yield gateway
    finally:
        await gateway.stop()


def every_form(secret):
    """As it is, its beginning, in base64 and URL-encoded."""
    raw = secret.encode()
    return (
        secret,
        secret[:12],
        base64.b64encode(raw).decode()[:12],
        urllib.parse.quote(secret, safe="")[:12],
    )


@pytest.fixture
async def outputs(tmp_path, caplog):
    """Everything that a gateway with secrets says after a good, a forged and a redelivered delivery."""
    caplog.set_level("DEBUG")
    said: list[str] = []
    async with running(tmp_path, said) as gateway:
        admin, metrics = gateway.listening()["admin"], gateway.listening()["metrics"]
        [report] = [report for report in gateway.services.resources() if report.urls]
        (tmp_path / "push.json").write_text('{"ref": "refs/heads/main"}')
        deliver = [
            "send",
            "github/push",
            str(tmp_path / "push.json"),
            "--path",
            str(tmp_path),
            "--url",
            report.urls[0],
        ]

        async def kikkake(*arguments):
            answer = await asyncio.to_thread(CliRunner(env={"KIKKAKE_SERVER": admin}).invoke, main, arguments)
            said.append(answer.output + answer.stderr)
            return answer

        assert (await kikkake(*deliver, "--id", "d1")).exit_code == 0
        assert (await kikkake(*deliver, "--id", "d1")).exit_code == 0
        forged = await kikkake(*deliver, "--unsigned", "-H", f"Authorization: Bearer {TOKEN}")
        assert forged.exit_code == 1
        async with asyncio.timeout(20):
            while "dry run" not in (await kikkake("explain", "d1")).output:  # noqa: ASYNC110 - asks as a person would
                await asyncio.sleep(0.05)
        for arguments in (
            ["events", "-o", "json"],
            ["explain", "d1", "-o", "json"],
            ["replay", "d1", "--as-new", "--dry-run"],
            ["replay", "d1", "--as-new", "-o", "json"],
            ["dead-letters"],
        ):
            assert (await kikkake(*arguments)).exit_code == 0, arguments
        port = int(admin.rpartition(":")[2])
        for path in ("events", "events/d1?data=1", "events/d1/explanation", "resources", "status", "kinds"):
            status, _, answer = await asyncio.to_thread(call, port, "GET", f"/api/v1/{path}")
            assert status == 200, path
            said.append(str(answer))
        port = int(metrics.rpartition(":")[2])
        said.append((await asyncio.to_thread(call, port, "GET", "/metrics"))[2])
    said += [str(vars(record)) for record in caplog.records]
    return said


@pytest.mark.parametrize("secret", [HOOK, TOKEN])
async def test_no_output_holds_a_secret_in_any_form(outputs, secret):
    everything = "\n".join(outputs)
    assert "refs/heads/main" in everything
    for form in every_form(secret):
        at = everything.find(form)
        assert at < 0, everything[max(0, at - 200) : at + 20]


async def test_the_store_on_disk_holds_no_secret(tmp_path, outputs):
    del outputs
    for path in (tmp_path / "data").iterdir():
        content = path.read_bytes()
        for secret in (HOOK, TOKEN):
            assert secret.encode() not in content, path


def test_the_canaries_are_found_where_they_are():
    """The search itself works: a test of absence must be able to fail."""
    assert any(form in f"x {base64.b64encode(HOOK.encode()).decode()}" for form in every_form(HOOK))
