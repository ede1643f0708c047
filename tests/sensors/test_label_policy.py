"""Success by the labels of the created object (spec-sensors 7.2)."""

from collections.abc import Sequence

import pytest

from events.ports import KindUnknown, KubeError, Object
from sensors.label_policy import LabelWait
from sensors.trigger import Done, Failed, OnFailure

DONE = Done(answer="201 Created", result={"object": "Workflow ci/w"})


class JumpingClock:
    """Time passes as fast as somebody waits for it."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now_us(self) -> int:
        return round(sum(self.slept) * 1e6)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def labelled(**labels: str) -> Object:
    return {"metadata": {"labels": labels}}


async def judged(
    policy: dict[str, object], *looks: Object | Exception | None
) -> tuple[Done | Failed, Sequence[float]]:
    """The verdict, and how long was waited between the looks."""
    clock = JumpingClock()
    answers = iter(looks)

    async def get() -> Object | None:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    wait = LabelWait.of({"k8s": policy})
    assert wait is not None
    verdict = await wait.judge(DONE, get, clock, lambda: 0.0)
    assert next(answers, "none left") == "none left"
    return verdict, clock.slept


WANTED = {"labels": {"phase": "Succeeded", "ok": "yes"}}


async def test_it_is_done_once_all_labels_are_there():
    verdict, slept = await judged(
        WANTED, labelled(), labelled(phase="Succeeded"), labelled(phase="Succeeded", ok="yes", more="x")
    )
    assert isinstance(verdict, Done)
    assert verdict.answer == "201 Created, and it has the labels of the policy"
    assert verdict.result == DONE.result
    assert slept == [1.0, 1.0]


async def test_the_backoff_says_how_often_and_how_long():
    policy = {
        **WANTED,
        "backoff": {"duration": "2s", "factor": 3.0, "steps": 4},
        "errorOnBackoffTimeout": True,
    }
    verdict, slept = await judged(policy, *[labelled(phase="Failed", ok="yes")] * 4)
    assert slept == [2.0, 6.0, 18.0]
    assert isinstance(verdict, Failed)
    assert verdict.reason == "PolicyFailed"
    assert verdict.detail == "has not got the labels of the policy (phase)"
    assert verdict.then is OnFailure.RETRY_IF_ASKED


async def test_without_error_on_timeout_it_counts_as_done():
    verdict, _ = await judged(WANTED, *[labelled()] * 5)
    assert isinstance(verdict, Done)
    assert verdict.answer == "201 Created; without the labels of the policy after 5 looks"


async def test_an_object_that_is_gone_has_failed():
    verdict, _ = await judged(WANTED, labelled(), None)
    assert isinstance(verdict, Failed)
    assert verdict.detail == "Workflow ci/w is gone"


async def test_an_object_of_a_kind_that_is_removed_is_gone():
    verdict, _ = await judged(WANTED, labelled(), KindUnknown("no such kind"))
    assert isinstance(verdict, Failed)
    assert verdict.detail == "Workflow ci/w is gone"


async def test_a_look_that_fails_says_nothing_of_the_object():
    verdict, _ = await judged(
        WANTED, KubeError(503, "ServiceUnavailable", "later"), labelled(phase="Succeeded", ok="yes")
    )
    assert isinstance(verdict, Done)


@pytest.mark.parametrize("policy", [None, {}, {"status": {"allow": [200]}}])
def test_without_labels_nobody_waits(policy: dict[str, object] | None):
    assert LabelWait.of(policy) is None
