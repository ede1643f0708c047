"""What keeps a process from starting, or a part of it from serving, is said in words that help."""

from __future__ import annotations

import shutil
import socket

import pytest

from tests.servers.process import ServerFailed
from tests.stories import deliveries, resources
from tests.stories.process import Kikkake, wait_until


def test_a_second_process_is_told_which_folder_is_in_use_and_the_first_goes_on(kikkake, tmp_path):
    kikkake.write("github.yaml", resources.github())
    kikkake.start()
    other = Kikkake(new_folder(tmp_path, "other"))
    other.data_arguments = ["--data", str(kikkake.data)]

    with pytest.raises(ServerFailed) as refused:
        other.start()

    assert str(kikkake.data) in str(refused.value)
    assert "is used by another process" in str(refused.value)
    assert kikkake.deliver(deliveries.push("d1")).status == 200


@pytest.mark.parametrize(
    ("port", "flag"), [("admin_port", "--admin-port"), ("metrics_port", "--metrics-port")]
)
def test_a_taken_port_is_an_error_that_names_the_flag(kikkake, port, flag):
    kikkake.write("github.yaml", resources.github())
    with socket.create_server(("127.0.0.1", getattr(kikkake, port))):
        kikkake.launch()
        assert kikkake.wait_ended() == 3

    assert f"cannot listen on 127.0.0.1:{getattr(kikkake, port)}" in kikkake.said()
    assert flag in kikkake.said()
    kikkake.start()  # what it had opened before was closed again


def test_a_taken_port_of_a_source_stops_only_that_source_and_heals(kikkake):
    kikkake.write("github.yaml", resources.github(), resources.harbor().replace("12000", "12001"))
    other = kikkake.port
    kikkake.port = socket_port()
    kikkake.arguments += ["--port", f"12001={other}"]
    with socket.create_server(("127.0.0.1", kikkake.port)):
        kikkake.start()

        report = kikkake.resource("EventSource", "github")
        assert [each["code"] for each in report["findings"] if each["severity"] == "error"] == [
            "PortUnavailable"
        ]
        assert f"port {kikkake.port} cannot be opened" in kikkake.said()
        assert "--port DECLARED=ACTUAL moves it" in kikkake.said()
        assert "EventSource default/github is not whole" in kikkake.command("events").err
        assert kikkake.request(other, "POST", "/harbor", *deliveries.image("v1")[1:]).status == 202

    kikkake.write("other.yaml", resources.sensor(resources.config_map()))
    wait_until(lambda: "PortUnavailable" not in str(kikkake.resource("EventSource", "github")["findings"]))
    assert kikkake.deliver(deliveries.push("d1")).status == 200


def test_a_secret_that_cannot_be_read_is_503_until_it_is_there(kikkake):
    secret = kikkake.folder / "secrets" / "hook" / "secret"
    value = secret.read_text()
    secret.unlink()
    kikkake.write("github.yaml", resources.github())
    kikkake.start()

    refused = kikkake.deliver(deliveries.push("d1"))
    assert (refused.status, refused.headers["retry-after"]) == (503, "30")
    assert refused.body["title"] == "Endpoint not ready"
    assert "hook" not in str(refused.body), "an outsider learns no name"
    assert "hook" in kikkake.said()

    kikkake.write_secret("hook", "secret", value)
    assert kikkake.deliver(deliveries.push("d1")).status == 200


def test_a_wrong_secret_is_401_and_the_right_one_is_taken_at_once(kikkake):
    """A rotation needs no restart."""
    kikkake.write("github.yaml", resources.github())
    kikkake.start()
    kikkake.write_secret("hook", "secret", "the-new-secret-of-github")

    assert kikkake.deliver(deliveries.push("d1")).status == 401
    assert kikkake.deliver(deliveries.push("d1", secret="the-new-secret-of-github")).status == 200


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        pytest.param(["--data"], 2, "requires an argument", id="a flag without its value"),
        pytest.param(["--prot", "1=2"], 2, "--port", id="a flag that is misspelt"),
        pytest.param(["--port", "12000"], 2, "DECLARED=ACTUAL", id="a port that says not which"),
        pytest.param(["--port", "12000=99999"], 2, "65535", id="a port that cannot be"),
        pytest.param(["--admin-port", "99999"], 2, "65535", id="an admin port that cannot be"),
        pytest.param(["--context", "nowhere"], 1, "kubeconfig", id="a context that is not in the kubeconfig"),
        pytest.param(["--kubeconfig", "no-file"], 1, "no-file", id="a kubeconfig that is not there"),
        pytest.param(["--in-cluster"], 1, "cluster", id="in-cluster outside of one"),
        pytest.param(["--in-cluster", "--context", "x"], 2, "cannot be combined", id="two targets"),
        pytest.param(["no-such-folder"], 1, "no-such-folder", id="a path that is not there"),
        pytest.param(["--secrets", "no-secrets"], 2, "no-secrets", id="secrets that are not there"),
        pytest.param(["--host", "192.0.2.1"], 0, "", id="an address of another machine"),
    ],
)
def test_wrong_arguments_are_one_clear_text(kikkake, arguments, code, words):
    """Exit codes of design, section 6; a host that fits no source only stops the sources."""
    kikkake.write("github.yaml", resources.github())
    kikkake.arguments += arguments
    kikkake.launch()
    if code == 0:
        wait_until(kikkake.is_ready)
        assert "192.0.2.1" in kikkake.said()
        return

    assert kikkake.wait_ended() == code, kikkake.said()
    assert words in kikkake.said()
    assert "Traceback" not in kikkake.said()


def test_an_empty_folder_says_what_is_missing_and_waits_for_it(kikkake):
    kikkake.start()
    assert "no EventSource or Sensor found" in kikkake.said()

    kikkake.write("github.yaml", resources.github())

    wait_until(lambda: bool(kikkake.resource("EventSource", "github")))
    assert kikkake.deliver(deliveries.push("d1")).status == 200


def test_a_folder_that_is_no_store_is_left_alone(kikkake):
    kikkake.data.write_text("a file of somebody")
    kikkake.launch()

    assert kikkake.wait_ended() in (1, 3)
    assert str(kikkake.data) in kikkake.said()
    assert kikkake.data.read_text() == "a file of somebody"


def test_commands_without_a_process_read_the_store_that_was_left(kikkake):
    kikkake.write("github.yaml", resources.github())
    kikkake.write("build.yaml", resources.sensor(resources.config_map()))
    kikkake.start()
    kikkake.deliver(deliveries.push("d1"))
    kikkake.wait_idle()
    kikkake.kill()

    for arguments in (["events"], ["explain", "d1"], ["dead-letters"]):
        told = kikkake.command(*arguments, "--data", "data")
        assert told.code == 0, told
    nobody = kikkake.command("events")
    assert nobody.code == 3
    assert "no Kikkake answers" in nobody.err
    shutil.rmtree(kikkake.data)
    missing = kikkake.command("events", "--data", "data")
    assert missing.code in (1, 3)
    assert "data" in missing.err


def new_folder(parent, name):
    folder = parent / name
    folder.mkdir()
    return folder


def socket_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]
