"""What rots silently otherwise: layers, import budgets, import ownership, what the wheel holds."""

import ast
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import events

ROOT = Path(__file__).parent.parent
PACKAGES = ("events", "sources", "sensors", "kikkake")
KIND_FOLDERS = ("events/buses", "sources/kinds", "sensors/filters", "sensors/triggers")
IMPORTED_BY_NAME = {"events/buses": {"sqlite": {"kikkake/store.py"}}}
"""The one kind that a module knows: what a process opens in `--data` is the embedded bus by definition."""
PURE = (
    "sensors/condition.py",
    "sensors/dependency.py",
    "sensors/effect.py",
    "sensors/memory.py",
    "sensors/parameters.py",
    "sensors/filters/*.py",
    "events/languages/**/*.py",
)


def modules(*patterns):
    """The files of our packages, or those that match one of `patterns`."""
    found = [
        file
        for pattern in patterns or [f"{name}/**/*.py" for name in PACKAGES]
        for file in ROOT.glob(pattern)
    ]
    assert found
    return sorted(found)


def imports(file):
    """Each imported module of a file, with the names taken from it: `from a import b` gives `a` and `a.b`."""
    for node in ast.walk(ast.parse(file.read_text(), filename=str(file))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def importers(name, files):
    """The files that import `name` or something inside it."""
    return {
        file.relative_to(ROOT).as_posix()
        for file in files
        if any(module == name or module.startswith(f"{name}.") for module in imports(file))
    }


def test_the_layers_hold():
    run = subprocess.run(
        [Path(sys.executable).parent / "lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout


def test_the_packages_are_ours_and_not_the_tests():
    assert Path(events.__file__) == ROOT / "events" / "__init__.py"


def test_every_folder_of_tests_is_a_package():
    folders = {file.parent for file in (ROOT / "tests").rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


def test_the_help_of_the_command_imports_no_heavy_client():
    program = (
        "import json, sys\n"
        "sys.argv = ['kikkake', '--help']\n"
        "from kikkake.cli.main import main\n"
        "try:\n    main()\n"
        "except SystemExit:\n    pass\n"
        "print(json.dumps(sorted(sys.modules)))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(run.stdout.splitlines()[-1]))

    assert "Usage" in run.stdout
    assert loaded & {"aiohttp", "aiokafka", "kubernetes_asyncio", "cloudevents", "uvloop"} == set()


def test_the_web_server_is_used_by_the_front_and_the_api_only():
    allowed = {file.relative_to(ROOT).as_posix() for file in modules("sources/server.py", "kikkake/api/*.py")}
    assert importers("aiohttp.web", modules()) - allowed == set()


@pytest.mark.parametrize("pattern", PURE)
def test_the_list_of_pure_modules_names_files_that_exist(pattern):
    """A module that was renamed would leave the list unseen."""
    assert modules(pattern)


@pytest.mark.parametrize("module", ["asyncio", "aiohttp", "time", "events.clock"])
def test_pure_modules_import_nothing_that_waits_or_tells_the_time(module):
    assert importers(module, modules(*PURE)) == set()


def test_pure_modules_never_ask_what_time_it_is():
    asked = {
        f"{file.name}:{node.lineno}"
        for file in modules(*PURE)
        for node in ast.walk(ast.parse(file.read_text(), filename=str(file)))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"now", "utcnow", "today"}
    }
    assert asked == set()


@pytest.mark.parametrize("folder", KIND_FOLDERS)
def test_kinds_are_found_and_never_imported_by_name(folder):
    """Only a kind of the same folder might, and import-linter forbids that where it matters."""
    others = [file for file in modules() if file.parent != ROOT / folder]
    kinds = {file.stem for file in (ROOT / folder).glob("*.py")} - {"__init__"}
    named = {kind: importers(f"{folder.replace('/', '.')}.{kind}", others) for kind in kinds}
    assert {kind: files for kind, files in named.items() if files} == IMPORTED_BY_NAME.get(folder, {})


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-build.txt", "requirements-dev.txt"])
def test_a_lock_names_hashes_and_no_index_and_nobody_who_owns_our_names(lock):
    text = (ROOT / lock).read_text()
    names = re.findall(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE)

    assert names
    assert {"events", "pysensors", "sources", "sensors"} & {name.lower() for name in names} == set()
    assert text.count("--hash=sha256:") >= len(names)
    assert "://" not in text
    assert "--index" not in text


def test_the_wheel_holds_the_four_packages_and_nothing_else(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()

    tops = {name.split("/")[0] for name in names}
    assert tops == {*PACKAGES, next(top for top in tops if top.endswith(".dist-info"))}
    assert any(name.endswith("licenses/LICENSE") for name in names)
