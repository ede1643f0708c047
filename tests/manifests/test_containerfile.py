"""The Containerfile: read and checked by BuildKit, and its steps carried out in folders of the test.

There is no container engine here. What an engine would add is tried as far as it goes without one: every COPY has its
source, every RUN does what it says with the same arguments, and what comes out of it starts.
"""

import fnmatch
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import require
from tests.servers.dockerfile_check import NotParsed, check

ROOT = Path(__file__).parents[2]
FILE = ROOT / "Containerfile"
UID = "10001"
# A run that has the wheels in pip's cache takes 20 s.
_STEP_TIMEOUT_S = 300


@pytest.fixture(scope="session")
def parsed():
    require("dockerfile")
    return check(FILE)


@pytest.fixture(scope="session")
def instructions(parsed):
    return parsed["instructions"]


def named(instructions, name):
    return [each for each in instructions if each["name"] == name]


def last_stage(instructions):
    start = max(number for number, each in enumerate(instructions) if each["name"] == "FROM")
    return instructions[start:]


@pytest.mark.dockerfile
def test_buildkits_own_check_finds_nothing(parsed):
    assert parsed["warnings"] == []


@pytest.mark.dockerfile
def test_the_check_finds_what_is_wrong(tmp_path):
    """The linter is really asked."""
    require("dockerfile")
    bad = tmp_path / "Containerfile"
    bad.write_text("FROM x AS a\nENV SECRET_KEY=1\nCMD kikkake serve\n")
    assert {each["rule"] for each in check(bad)["warnings"]} == {
        "SecretsUsedInArgOrEnv",
        "JSONArgsRecommended",
    }

    bad.write_text("FROM x\nCOPY --from=nowhere\n")
    with pytest.raises(NotParsed):
        check(bad)


@pytest.mark.dockerfile
def test_it_ends_as_a_user_without_rights_and_without_a_shell(instructions):
    stage = last_stage(instructions)
    [user] = named(stage, "USER")
    [entry] = named(stage, "ENTRYPOINT")
    [command] = named(stage, "CMD")

    assert user["words"] == [f"{UID}:{UID}"]
    assert stage.index(user) > max(stage.index(each) for each in named(stage, "RUN"))
    assert (entry["words"], entry["json"]) == (["kikkake"], True)
    assert (command["words"], command["json"]) == (["serve"], True)


@pytest.mark.dockerfile
def test_the_environment_is_the_one_of_the_manifests(instructions):
    words = [word for each in named(last_stage(instructions), "ENV") for word in each["words"]]
    environment = dict(zip(words[::3], words[1::3], strict=True))

    assert environment["PYTHONSAFEPATH"] == "1"
    assert environment["KIKKAKE_DATA"] == "/var/lib/kikkake"
    assert not {"PYTHONHASHSEED", "PYTHONOPTIMIZE", "PYTHONPATH"} & set(environment)


@pytest.mark.dockerfile
def test_every_install_has_hashes_or_no_index_and_no_host_is_named(instructions):
    steps = [
        command for each in named(instructions, "RUN") for command in " ".join(each["words"]).split("&&")
    ]
    installs = [step for step in steps if re.search(r"\bpip\b.*\b(install|wheel)\b", step)]

    assert len(installs) == 4
    for step in installs:
        assert ("--require-hashes" in step and "--only-binary :all:" in step) or "--no-index" in step, step
    assert "://" not in FILE.read_text()
    assert not named(instructions, "ADD")


@pytest.mark.dockerfile
def test_both_stages_have_the_same_base_with_a_version_and_an_argument_to_pin_it(instructions):
    [python] = [each for each in named(instructions, "ARG") if each["words"][0].startswith("PYTHON=")]
    assert re.fullmatch(r"PYTHON=python:3\.11-slim-[a-z]+", python["words"][0])
    assert [each["words"][0] for each in named(instructions, "FROM")] == ["${PYTHON}", "${PYTHON}"]


@pytest.mark.dockerfile
def test_every_source_of_a_copy_is_there_and_not_ignored(instructions):
    for each in named(instructions, "COPY"):
        if any(flag.startswith("--from=") for flag in each["flags"]):
            continue
        for source in each["words"][:-1]:
            assert (ROOT / source).exists(), source
            assert not ignored(source.rstrip("/")), source


def test_nothing_else_is_sent_to_the_builder():
    for path in (
        ".git",
        ".venv",
        "tests",
        "requirements-dev.txt",
        "kikkake/__pycache__",
        "docs",
        ".demo/secrets",
    ):
        assert ignored(path), path


def ignored(path):
    """As the builder reads .dockerignore: the last line that matches decides."""
    decided = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!").rstrip("/")
        if not pattern or line.startswith("#"):
            continue
        names = [path, *(str(parent) for parent in Path(path).parents)]
        if any(fnmatch.fnmatch(name, pattern) or fnmatch.fnmatch(f"x/{name}", pattern) for name in names):
            decided = not line.startswith("!")
    return decided


# What the steps do


@pytest.fixture(scope="session")
def built(instructions, tmp_path_factory):
    """A folder in which the first stage has been carried out: `build` is /build, `opt` is /opt."""
    place = tmp_path_factory.mktemp("image")
    carry_out(instructions, place)
    return place


def carry_out(instructions, place):
    (place / "build").mkdir()
    stage = instructions[: instructions.index(last_stage(instructions)[0])]
    for each in stage:
        if each["name"] == "COPY":
            *sources, target = each["words"]
            for source in sources:
                copy(ROOT / source, place / "build" / (target if source.endswith("/") else source))
        elif each["name"] == "RUN":
            command = " ".join(each["words"]).replace("/opt/", f"{place}/opt/").replace("--no-cache-dir", "")
            run = subprocess.run(
                ["sh", "-c", command],
                cwd=place / "build",
                env={**os.environ, "PATH": f"{place}/bin:{os.environ['PATH']}", "SOURCE_DATE_EPOCH": "0"},
                capture_output=True,
                text=True,
                timeout=_STEP_TIMEOUT_S,
                check=False,
            )
            assert run.returncode == 0, f"{command}\n{run.stdout}{run.stderr}"
        elif each["name"] == "FROM":
            (place / "bin").mkdir()
            (place / "bin" / "python").symlink_to(Path(sys.executable).resolve())


def copy(source, target):
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    else:
        shutil.copy(source, target)


def kikkake(built, *arguments, **environment):
    return subprocess.run(
        [built / "opt/kikkake/bin/kikkake", *arguments],
        cwd="/",
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": "/nowhere",
            "PYTHONSAFEPATH": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.dockerfile
@pytest.mark.timeout(900)
def test_the_steps_make_an_environment_in_which_every_kind_can_be_loaded(built):
    said = kikkake(built, "kinds", "-o", "json")

    assert said.returncode == 0, said.stderr
    assert {"github", "http", "sqlite"} <= {json.loads(line)["kind"] for line in said.stdout.splitlines()}


@pytest.mark.dockerfile
@pytest.mark.timeout(900)
def test_the_environment_judges_the_examples(built):
    said = kikkake(built, "test", str(ROOT / "examples" / "github"))

    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.dockerfile
@pytest.mark.timeout(900)
def test_it_holds_what_is_locked_and_no_installer(built):
    [site] = (built / "opt/kikkake/lib").glob("python3*/site-packages")
    found = {each.name.split("-")[0].lower().replace("_", "-") for each in site.glob("*.dist-info")}
    locked = set(
        re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements-image.txt").read_text(), re.MULTILINE)
    )

    assert {"kikkake", "aiohttp", "minio"} <= found
    assert found - {"kikkake"} <= {name.replace(".", "-").replace("_", "-") for name in locked}
    assert not {"pip", "setuptools", "wheel", "hatchling", "pytest"} & found


@pytest.mark.dockerfile
@pytest.mark.timeout(900)
def test_everything_is_compiled_without_a_time_in_it(built):
    """A read-only file system keeps no compiled module; bit 0 of the flags says that it is checked by hash."""
    [site] = (built / "opt/kikkake/lib").glob("python3*/site-packages")
    modules = list((site / "kikkake").rglob("*.py"))

    assert len(modules) > 50
    for module in modules:
        compiled = Path(importlib.util.cache_from_source(str(module)))
        assert int.from_bytes(compiled.read_bytes()[4:8], "little") == 1, module


@pytest.mark.dockerfile
@pytest.mark.timeout(900)
def test_the_wheel_is_the_same_every_time(built, instructions, tmp_path):
    [first] = (built / "build/dist").glob("*.whl")
    again = tmp_path / "again"
    shutil.copytree(built / "build", again, ignore=shutil.ignore_patterns("dist", "build", "*.egg-info"))
    wheel = [built / "opt/builder/bin/pip", "wheel", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run(
        [*wheel, "--quiet", "--wheel-dir", again / "dist", again],
        env={**os.environ, "SOURCE_DATE_EPOCH": "0"},
        check=True,
        timeout=_STEP_TIMEOUT_S,
    )
    [second] = (again / "dist").glob("*.whl")

    assert hashlib.sha256(first.read_bytes()).digest() == hashlib.sha256(second.read_bytes()).digest()
