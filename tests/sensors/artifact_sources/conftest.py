import pytest

from tests.sensors.artifact_sources.support import Place


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path / "secrets")
