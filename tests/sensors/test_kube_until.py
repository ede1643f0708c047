"""When an object has come to its end, and what is said of it."""

import pytest

from events.clock import ManualClock
from events.ports import KindUnknown, KubeError, KubeNotSent
from sensors.kube_until import EndPolicy, UnusableUntil, until_fault
from sensors.spec import Until
from sensors.trigger import Begun, Done, Failed, OnFailure

NOW_US = 1_790_000_000_000_000
WORKFLOW = ("argoproj.io/v1alpha1", "Workflow")
JOB = ("batch/v1", "Job")
RUN = ("tekton.dev/v1", "PipelineRun")
DEPLOYMENT = ("apps/v1", "Deployment")


class Watched:
    """An object, a policy on it, and a clock."""

    def __init__(self, kind, **until):
        self.value = {"apiVersion": kind[0], "kind": kind[1], "metadata": {"name": "x", "uid": "u1"}}
        self.policy = EndPolicy.of({"k8s": {"until": until}}, self.value)
        self.clock = ManualClock(NOW_US)
        done = Done(answer="201 Created", result={"object": f"{kind[1]} ci/x", "uid": "u1"})
        self.result = self.policy.begin(done, self.clock).result

    async def look(self, *, after_s=0.0, live=None, error=None, **status):
        self.clock.advance(after_s)

        async def get():
            if error is not None:
                raise error
            return {**self.value, "status": status} if live is None else live or None

        return await self.policy.look(self.result, get, self.clock)


def conditions(*triples):
    return [{"type": name, "status": status, "message": message} for name, status, message in triples]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (WORKFLOW, {"phase": "Succeeded"}),
        (JOB, {"conditions": conditions(("Complete", "True", ""))}),
        (RUN, {"conditions": conditions(("Succeeded", "True", "done"))}),
        (("v1", "Pod"), {"phase": "Succeeded"}),
    ],
)
async def test_a_good_end_of_what_runs_once_is_known(kind, status):
    outcome = await Watched(kind).look(**status)
    assert isinstance(outcome, Done)


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [
        (WORKFLOW, {"phase": "Failed", "message": "step two"}, "Failed: step two"),
        (WORKFLOW, {"phase": "Error"}, "Error"),
        (JOB, {"conditions": conditions(("Failed", "True", "too often"))}, "Failed is True: too often"),
        (RUN, {"conditions": conditions(("Succeeded", "False", "no"))}, "Succeeded is False: no"),
    ],
)
async def test_a_bad_end_is_final_and_says_why(kind, status, words):
    outcome = await Watched(kind).look(**status)
    assert isinstance(outcome, Failed)
    # The name comes from the effect: another attempt would only meet the same object.
    assert (outcome.reason, outcome.then) == ("ObjectFailed", OnFailure.GIVE_UP)
    assert words in outcome.detail


@pytest.mark.parametrize(
    ("kind", "status", "state"),
    [
        (WORKFLOW, {}, "status.phase is not there yet"),
        (WORKFLOW, {"phase": "Running"}, "Running"),
        (JOB, {"conditions": conditions(("Suspended", "True", ""))}, "it has no condition Complete yet"),
        (RUN, {"conditions": conditions(("Succeeded", "Unknown", "3 of 5"))}, "Succeeded is Unknown: 3 of 5"),
    ],
)
async def test_what_runs_is_looked_at_again(kind, status, state):
    outcome = await Watched(kind).look(**status)
    assert isinstance(outcome, Begun)
    assert outcome.result["state"] == state
    assert outcome.result["uid"] == "u1"


async def test_looks_become_rarer_and_never_rarer_than_a_minute():
    watched = Watched(WORKFLOW)
    pauses = [(await watched.look(after_s=after_s)).look_in_s for after_s in (0, 60, 3600, 36000)]
    assert pauses == [2.0, 6.0, 60.0, 60.0]


async def test_after_its_time_out_it_is_given_up_and_left_alone():
    watched = Watched(WORKFLOW, timeout="10m")
    assert (await watched.look(after_s=595, phase="Running")).look_in_s == 5.0, "the last look is at the end"
    outcome = await watched.look(after_s=5, phase="Running")
    assert (outcome.reason, outcome.then) == ("StillRunning", OnFailure.GIVE_UP)
    assert "has not ended within 600 s (Running)" in outcome.detail


@pytest.mark.parametrize(
    "live", [{}, {"metadata": {"name": "x", "uid": "another"}}], ids=["gone", "another of the name"]
)
async def test_a_deleted_object_is_waited_for_no_longer(live):
    outcome = await Watched(WORKFLOW).look(live=live)
    assert (outcome.reason, outcome.then) == ("ObjectGone", OnFailure.GIVE_UP)


async def test_an_object_of_a_kind_that_is_removed_is_waited_for_no_longer():
    outcome = await Watched(WORKFLOW).look(error=KindUnknown("no such kind"))

    assert outcome.reason == "ObjectGone"


@pytest.mark.parametrize("error", [KubeNotSent("refused"), KubeError(503, "", ""), KubeError(429, "", "")])
async def test_a_look_that_fails_says_nothing_of_the_object(error):
    outcome = await Watched(WORKFLOW).look(error=error)
    assert isinstance(outcome, Begun)
    assert "could not be looked at" in outcome.result["state"]


async def test_a_missing_right_is_said_at_once():
    with pytest.raises(KubeError):
        await Watched(WORKFLOW).look(error=KubeError(403, "Forbidden", "no"))


async def test_a_condition_about_an_older_version_of_the_object_does_not_count():
    watched = Watched(DEPLOYMENT, condition="Available")
    watched.value["metadata"]["generation"] = 3
    available = conditions(("Available", "True", ""))
    assert isinstance(await watched.look(observedGeneration=2, conditions=available), Begun)
    assert isinstance(await watched.look(observedGeneration=3, conditions=available), Done)


async def test_any_value_may_be_the_end():
    policy = {"path": "status.health", "succeeded": ["Healthy"], "failed": ["Degraded"]}
    watched = Watched(DEPLOYMENT, **policy)
    assert isinstance(await watched.look(health="Progressing"), Begun)
    assert isinstance(await watched.look(health="Healthy"), Done)
    assert isinstance(await watched.look(health="Degraded"), Failed)


def test_of_other_kinds_the_resource_says_what_the_end_is():
    with pytest.raises(UnusableUntil, match="what the end of a Deployment is"):
        Watched(DEPLOYMENT)


@pytest.mark.parametrize(
    ("until", "what"),
    [
        ({}, ""),
        ({"condition": "Ready", "failed": ["False"]}, ""),
        ({"condition": "Ready", "path": "a"}, "exclude one another"),
        ({"path": "a"}, "`path` needs `succeeded`"),
        ({"succeeded": ["x"]}, "not where to look"),
        ({"timeout": "soon"}, "`timeout`"),
        ({"timeout": "0s"}, "longer than nothing"),
    ],
)
def test_a_policy_that_cannot_be_used_is_said_to_be_so(until, what):
    fault = until_fault(Until.model_validate(until))
    assert what in fault
    assert bool(fault) is bool(what)
