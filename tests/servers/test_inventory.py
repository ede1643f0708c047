import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.inventory import NEEDS, reason_missing, take_stock

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def bare_machine(monkeypatch, tmp_path):
    """No program on the path, nothing built before, nothing set."""
    for name in ("SERVERS", "KUBEBUILDER_ASSETS", "KIKKAKE_KUBE_ASSETS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    programs = tmp_path / "bin"
    programs.mkdir()
    # What building kube-apiserver needs even to say where its cache is.
    for program in ("bash", "sed", "cat", "sha256sum", "cut", "dirname"):
        found = subprocess.run(["which", program], capture_output=True, text=True, check=True)
        (programs / program).symlink_to(found.stdout.strip())
    monkeypatch.setenv("PATH", str(programs))
    return programs


def install(programs, name, output=""):
    (programs / name).write_text(f"#!{programs}/bash\necho '{output}'\n")
    (programs / name).chmod(0o755)


def test_a_bare_machine_is_told_each_program_that_is_missing(bare_machine):
    reasons = {stock.need.name: stock.reason for stock in take_stock()}

    assert reasons["kube"] == "missing: the program openssl"
    assert reasons["kafka"] == "missing: java 17 or newer, the program openssl"
    assert reasons["oracle"] == "missing: the program go"
    assert reasons["kubectl"] == "not built, and to build it is missing: go 1.26.0 or newer"


def test_an_old_go_cannot_build_and_is_told_the_version(bare_machine):
    install(bare_machine, "openssl")
    install(bare_machine, "flock")
    install(bare_machine, "go", "go version go1.19.8 linux/amd64")

    assert reason_missing("kube") == "not built, and to build it is missing: go 1.26.0 or newer"


def test_what_can_be_built_is_announced_with_its_minutes(bare_machine):
    install(bare_machine, "openssl")
    install(bare_machine, "flock")
    install(bare_machine, "go", "go version go1.26.1 linux/amd64")
    kube = next(stock for stock in take_stock() if stock.need.name == "kube")

    assert kube.can_build
    assert "17 min" in str(kube)
    assert "make servers" in reason_missing("kube")


def test_binaries_that_are_named_need_no_go(bare_machine, tmp_path, monkeypatch):
    install(bare_machine, "openssl")
    for name in ("kube-apiserver", "etcd"):
        (tmp_path / name).touch()
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))

    assert reason_missing("kube") == ""


@pytest.mark.parametrize(
    ("servers", "left_out"),
    [
        pytest.param(
            "none", {"kube", "controllers", "kafka", "helm", "dockerfile", "oracle", "kubectl"}, id="none"
        ),
        pytest.param("kube,kubectl", {"controllers", "kafka", "helm", "dockerfile", "oracle"}, id="some"),
    ],
)
def test_servers_says_what_is_left_out(monkeypatch, servers, left_out):
    monkeypatch.setenv("SERVERS", servers)

    assert {stock.need.name for stock in take_stock() if servers in stock.reason} == left_out
    assert left_out <= {need.name for need in NEEDS}


def test_continuous_integration_ends_at_once_and_names_what_is_missing(monkeypatch):
    monkeypatch.setenv("SERVERS", "none")
    monkeypatch.setenv("CI", "true")

    run = subprocess.run(
        [sys.executable, "-m", "tests.run", "test"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert run.returncode == 1
    assert "==" not in run.stdout  # no step was started
    assert "kafka" in run.stdout.split("left out:")[1]
