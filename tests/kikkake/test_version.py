import tomllib
from pathlib import Path

from kikkake.version import version


def test_the_version_is_that_of_the_project_whether_installed_or_not():
    project = Path(__file__).parent.parent.parent / "pyproject.toml"
    assert version() == tomllib.loads(project.read_text())["project"]["version"]
