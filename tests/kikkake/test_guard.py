import subprocess
import sys
from pathlib import Path

import pytest

import kikkake
from kikkake.guard import foreign_claims, misplaced_packages

ROOT = Path(kikkake.__file__).parent.parent


def installed(folder, metadata, listing, text):
    site = folder / "site-packages"
    (site / metadata).mkdir(parents=True)
    (site / metadata / listing).write_text(text)
    return str(site)


def test_our_own_environment_has_nothing_to_complain_about():
    assert list(foreign_claims(sys.path)) == []
    assert list(misplaced_packages(ROOT)) == []


@pytest.mark.parametrize(
    ("metadata", "listing", "text"),
    [
        pytest.param("Events-0.5.dist-info", "RECORD", "events/__init__.py,sha256=x,1\n", id="a package"),
        pytest.param("sources-1.1.0.dist-info", "RECORD", "a.py,,\nsources.py,sha256=x,1\n", id="a module"),
        pytest.param("PySensors-0.0.4.egg-info", "top_level.txt", "sensors\n", id="an older install"),
    ],
)
def test_a_distribution_that_installs_one_of_our_names_is_named(tmp_path, metadata, listing, text):
    (claim,) = foreign_claims([installed(tmp_path, metadata, listing, text)])

    assert metadata.split("-", maxsplit=1)[0] in claim
    assert "environment of its own" in claim


@pytest.mark.parametrize(
    ("metadata", "text"),
    [
        pytest.param("kikkake-0.1.0.dist-info", "events/__init__.py,,\n", id="our own wheel"),
        pytest.param(
            "other-1.dist-info", "events_extra/__init__.py,,\nx/events/a.py,,\n", id="a similar name"
        ),
    ],
)
def test_others_are_left_in_peace(tmp_path, metadata, text):
    assert list(foreign_claims([installed(tmp_path, metadata, "RECORD", text)])) == []


def test_a_package_that_is_found_elsewhere_is_named_with_both_places(tmp_path):
    problems = list(misplaced_packages(tmp_path))

    assert len(problems) == 4
    assert str(ROOT / "events") in problems[0]
    assert str(tmp_path / "events") in problems[0]


def test_the_process_ends_with_the_sentence_when_a_folder_shadows_ours(tmp_path):
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "__init__.py").touch()
    program = (
        f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}];"
        "import kikkake.guard; kikkake.guard.check()"
    )

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert run.returncode == 3
    assert run.stderr.startswith("kikkake: the package 'events' is found at")
    assert "Traceback" not in run.stderr
