import pytest

from sensors.artifact_source import ArtifactUnusable
from tests.sensors.artifact_sources.support import fetched


async def test_an_object_is_json_with_its_numbers(place):
    member = {"kind": "Pod", "spec": {"n": 2**70, "text": "ü"}}
    wanted = '{"kind":"Pod","spec":{"n":1180591620717411303424,"text":"ü"}}'.encode()
    assert await fetched("resource", member, place.reach()) == wanted


async def test_what_json_cannot_say_is_an_error(place):
    with pytest.raises(ArtifactUnusable, match="Out of range float"):
        await fetched("resource", {"n": float("nan")}, place.reach())
