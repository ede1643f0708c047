"""The sandbox as the one who prepares: what ends a program is the event's, what ends us is nobody's."""

import pytest

from sensors.filter import Code, unpack_verdict
from sensors.preparing import SandboxPreparer
from sensors.sandbox import Sandbox, SandboxUnavailable, ScriptFailed
from sensors.trigger import RenderFailed, RenderUnavailable
from tests.sensors.support import BUILD, event, sensor

SCRIPTED = BUILD.replace("        eventName: push\n", "        eventName: push\n        transform: {jq: .}\n")


class Crashing(Sandbox):
    """One with a bug of ours."""

    async def run(self, *_: object, **__: object) -> bytes:
        raise ZeroDivisionError


class Empty(Sandbox):
    """One without processes."""

    async def run(self, *_: object, **__: object) -> bytes:
        raise SandboxUnavailable("no worker process could be started")


async def test_a_bug_of_ours_is_a_failed_verdict_of_the_one_dependency():
    compiled = sensor(SCRIPTED)
    (dependency,) = compiled.dependencies
    preparer = SandboxPreparer(Crashing())
    prepared = (await preparer.prepare(compiled, event({}), dependency.topic))[0]
    assert prepared.verdict is not None
    assert unpack_verdict(prepared.verdict).code is Code.FAILED
    assert prepared.reason == "a fault of kikkake when its programs were run: see its log"
    with pytest.raises(RenderFailed, match="a fault of kikkake"):
        await preparer.transform(compiled, dependency, event({}))


async def test_what_was_not_run_says_nothing_of_the_event():
    compiled = sensor(SCRIPTED)
    (dependency,) = compiled.dependencies
    preparer = SandboxPreparer(Empty())
    with pytest.raises(SandboxUnavailable):
        await preparer.prepare(compiled, event({}), dependency.topic)
    with pytest.raises(RenderUnavailable, match="transform of push: no worker"):
        await preparer.transform(compiled, dependency, event({}))


class Failing(Sandbox):
    """One whose programs fail, and say with what."""

    async def run(self, *_: object, **__: object) -> bytes:
        raise ScriptFailed("error: from-the-payload")


async def test_what_a_program_says_of_its_data_is_not_in_what_the_act_loop_logs():
    compiled = sensor(SCRIPTED)
    (dependency,) = compiled.dependencies
    with pytest.raises(RenderUnavailable) as caught:
        await SandboxPreparer(Failing()).transform(compiled, dependency, event({}))
    assert str(caught.value) == "transform of push: its program failed, other than before"
