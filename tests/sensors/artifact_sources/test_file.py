import os

import pytest

from sensors.artifact_source import ArtifactUnavailable, ArtifactUnusable
from sensors.artifact_spec import FileLocation
from tests.sensors.artifact_sources.support import fetched


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "files"
    (folder / "jobs").mkdir(parents=True)
    (folder / "jobs" / "build.yaml").write_text("kind: Job\n")
    (tmp_path / "secret.yaml").write_text("kind: Secret\n")
    return folder


async def test_a_file_below_the_folder_is_read_by_either_path(place, files):
    for path in ("jobs/build.yaml", str(files / "jobs" / "build.yaml"), "jobs/../jobs//build.yaml"):
        assert await fetched("file", FileLocation(path=path), place.reach(files=files)) == b"kind: Job\n"


async def test_without_a_folder_nothing_is_read(place, files):
    with pytest.raises(ArtifactUnusable, match="its operator names no folder"):
        await fetched("file", FileLocation(path=str(files / "jobs" / "build.yaml")), place.reach())


@pytest.mark.parametrize(
    "path", ["../secret.yaml", "/etc/passwd", "jobs/../../secret.yaml", "link", "linked/secret.yaml"]
)
async def test_nothing_outside_the_folder_is_read(place, files, path):
    (files / "link").symlink_to("../secret.yaml")
    (files / "linked").symlink_to("..")
    with pytest.raises(ArtifactUnusable, match="leads out of the folder"):
        await fetched("file", FileLocation(path=path), place.reach(files=files))


async def test_links_within_the_folder_are_followed_as_kubernetes_makes_them(place, files):
    (files / "..data").symlink_to("jobs")
    (files / "build.yaml").symlink_to("..data/build.yaml")
    assert await fetched("file", FileLocation(path="build.yaml"), place.reach(files=files)) == b"kind: Job\n"


async def test_a_pipe_or_a_folder_is_no_file(place, files):
    os.mkfifo(files / "pipe")
    for path in ("pipe", "jobs"):
        with pytest.raises(ArtifactUnusable, match="no regular file"):
            await fetched("file", FileLocation(path=path), place.reach(files=files))


async def test_a_file_that_is_not_there_may_come(place, files):
    with pytest.raises(ArtifactUnavailable, match="No such file"):
        await fetched("file", FileLocation(path="none.yaml"), place.reach(files=files))


async def test_a_file_that_is_too_large_is_an_error(place, files):
    with pytest.raises(ArtifactUnusable, match="larger than 9 bytes"):
        await fetched("file", FileLocation(path="jobs/build.yaml"), place.reach(files=files, max_bytes=9))
    assert await fetched("file", FileLocation(path="jobs/build.yaml"), place.reach(files=files, max_bytes=10))


@pytest.mark.parametrize("path", ["", "a\0b"])
async def test_a_path_has_to_be_one(place, files, path):
    with pytest.raises(ArtifactUnusable, match=r"^path is "):
        await fetched("file", FileLocation(path=path), place.reach(files=files))
