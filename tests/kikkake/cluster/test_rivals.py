"""What Argo Events may still serve, while the API server does not say."""

from events.clock import SystemClock
from events.ports import KubeError, KubeNotSent
from kikkake.catalog import SENSOR
from kikkake.cluster.resources import read_object
from kikkake.cluster.rivals import Rivals
from kikkake.testing.cluster import Cluster
from kikkake.testing.scripted_kube import ScriptedKube


def sensor(**metadata):
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Sensor",
        "metadata": {"name": "build", "namespace": "ci", "uid": "u1", **metadata},
        "spec": {},
    }


class Away(ScriptedKube):
    """An API server that answers only while `failure` is None."""

    failure = None

    async def list(self, *place, **options):
        if self.failure is not None:
            raise self.failure
        return await super().list(*place, **options)


def api(*objects):
    return Away(Cluster(objects, SystemClock()), iter(()))


async def test_what_may_be_the_others_is_not_served_until_somebody_answers():
    kube, found = api(), read_object(SENSOR, sensor(finalizers=["sensor-controller"]))
    rivals = Rivals(kube)
    for kube.failure in (KubeNotSent("refused"), KubeError(503, "ServiceUnavailable", "")):
        await rivals.look([found])
        assert "could not be asked yet" in str(rivals.finding(found))
        assert rivals.doubtful == {found.key}

    kube.failure = None
    assert await rivals.look([found]) == {found.key}
    assert rivals.finding(found) is None
    assert rivals.doubtful == set()


async def test_what_the_other_has_never_marked_is_served_and_asked_for_again():
    kube, found = api(), read_object(SENSOR, sensor())
    rivals = Rivals(kube)
    kube.failure = KubeNotSent("refused")
    await rivals.look([found])
    assert rivals.finding(found) is None
    assert rivals.doubtful == {found.key}

    kube.failure = None
    await rivals.look([found])
    assert rivals.doubtful == set()


async def test_an_outage_later_changes_nothing_for_what_is_served():
    kube, found = api(), read_object(SENSOR, sensor())
    rivals = Rivals(kube)
    await rivals.look([found])
    kube.failure = KubeNotSent("refused")
    assert await rivals.look([found]) == set()
    assert rivals.finding(found) is None

    anew = read_object(SENSOR, sensor(uid="u2", finalizers=["sensor-controller"]))
    assert await rivals.look([anew]) == {anew.key}, "one that was made again was never looked at"
