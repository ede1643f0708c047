import pytest

from sensors.artifact_source import ArtifactUnusable
from tests.sensors.artifact_sources.support import fetched


async def test_the_text_is_what_stands_there(place):
    assert await fetched("inline", "kind: Pod # ü\n", place.reach()) == "kind: Pod # ü\n".encode()


async def test_a_text_that_is_too_large_is_an_error(place):
    with pytest.raises(ArtifactUnusable, match="larger than 3 bytes"):
        await fetched("inline", "a: 1", place.reach(max_bytes=3))
