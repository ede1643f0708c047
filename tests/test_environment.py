"""How `.ci/environment` finds a Python; run on a copy without packages, so that nothing of ours is touched."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / ".ci" / "environment"
PROGRAMS = ("bash", "sh", "cat", "cut", "dirname", "grep", "rm", "sha256sum", "shasum", "sort", "touch", "wc")
RUNS_BUT_MAKES_NO_ENVIRONMENT = (
    '#!/bin/sh\ncase "$*" in *ensurepip*) exit 1;; *version_info*) echo 3.13;; *) exit 1;; esac\n'
)


@pytest.fixture
def project(tmp_path):
    (tmp_path / ".ci").mkdir()
    shutil.copy(SCRIPT, tmp_path / ".ci" / "environment")
    for name in ("pyproject.toml", "requirements.txt", "requirements-build.txt", "requirements-dev.txt"):
        (tmp_path / name).touch()
    # Nothing else is on the path: no uv or virtualenv that could stand in for a Python that cannot.
    (tmp_path / "bin").mkdir()
    for name in PROGRAMS:
        if found := shutil.which(name):
            (tmp_path / "bin" / name).symlink_to(found)
    return tmp_path


def program(project, name, text):
    file = project / "bin" / name
    file.write_text(text)
    file.chmod(0o755)
    return file


def environment(project, python):
    return subprocess.run(
        [project / ".ci" / "environment", "run"],
        env={"PATH": str(project / "bin"), "PYTHON": str(python), "HOME": str(project)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_interpreter_that_is_not_there_is_named_with_the_cure(project):
    run = environment(project, "python3.99")

    assert run.returncode == 1
    assert "no Python 3.11 to 3.14 found at PYTHON=python3.99" in run.stderr
    assert "install the package" in run.stderr


def test_a_python_without_ensurepip_names_the_package_that_has_it(project):
    run = environment(project, program(project, "bare-python", RUNS_BUT_MAKES_NO_ENVIRONMENT))

    assert run.returncode == 1
    assert "install the package python3.13-venv" in run.stderr


def test_a_shim_that_does_not_run_and_a_python_that_cannot_are_passed_over(project):
    program(project, "python3.14", "#!/bin/sh\nexit 127\n")
    program(project, "python3.13", RUNS_BUT_MAKES_NO_ENVIRONMENT)
    program(project, "python3.12", f'#!/bin/sh\nexec {sys.executable} "$@"\n')

    run = environment(project, "")

    assert "making .venv with python3.12" in run.stdout


def test_what_was_interrupted_is_not_complete(project):
    """Without packages the editable install fails: the last line, the stamp, is never reached."""
    run = environment(project, sys.executable)

    assert run.returncode != 0
    assert list(project.glob(".venv/complete-*")) == []
