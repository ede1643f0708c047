import pytest

from sensors.artifact_source import ArtifactUnavailable, ArtifactUnusable
from sensors.artifact_spec import ConfigMapLocation
from tests.sensors.artifact_sources.support import fetched


async def test_the_value_of_the_key_is_the_text(place):
    place.keep("templates", job="kind: Job\n")
    assert (
        await fetched("configmap", ConfigMapLocation(name="templates", key="job"), place.reach())
        == b"kind: Job"
    )


async def test_a_configmap_that_is_not_there_may_come(place):
    with pytest.raises(ArtifactUnavailable, match="configmap ci/templates key `job`"):
        await fetched("configmap", ConfigMapLocation(name="templates", key="job"), place.reach())


@pytest.mark.parametrize(("given", "missing"), [({"key": "job"}, "name"), ({"name": "templates"}, "key")])
async def test_name_and_key_are_needed(place, given, missing):
    with pytest.raises(ArtifactUnusable, match=f"{missing} is missing"):
        await fetched("configmap", ConfigMapLocation(**given), place.reach())


async def test_a_value_that_is_too_large_is_an_error(place):
    place.keep("templates", job="x" * 100)
    with pytest.raises(ArtifactUnusable, match="larger than 99 bytes"):
        await fetched("configmap", ConfigMapLocation(name="templates", key="job"), place.reach(max_bytes=99))
