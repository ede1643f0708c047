"""What `policy.k8s` makes of an object that was made or changed: its labels first, then its end."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from events.ports import KindUnknown, Kube, KubeError, KubeInDoubt, KubeNotSent, Object
from sensors.kube_answers import failure_of
from sensors.kube_look import look
from sensors.kube_target import Target
from sensors.kube_until import EndPolicy, UnusableUntil
from sensors.label_policy import LabelWait
from sensors.trigger import AttemptContext, Begun, Done, Failed, RenderFailed, TriggerServices


def refuse_unusable(policy: Mapping[str, Any], value: Object, *, is_asked: bool = False) -> None:
    """Raise RenderFailed where the policy cannot tell when this object has ended: before anything is made."""
    try:
        EndPolicy.of(policy, value, is_asked=is_asked)
    except UnusableUntil as error:
        raise RenderFailed(str(error)) from error


async def outcome_by_policy(
    done: Done,
    kube: Kube,
    target: Target,
    attempt: AttemptContext,
    services: TriggerServices,
    *,
    is_asked: bool = False,
) -> Done | Failed | Begun:
    """What an attempt that took effect comes to. Raises what the port `Kube` raises."""
    wait = LabelWait.of(attempt.policy)
    if wait is not None:
        get = functools.partial(look, kube, target, attempt.account)
        judged = await wait.judge(done, get, services.clock, services.chance)
        if isinstance(judged, Failed):
            return judged
        done = judged
    end = EndPolicy.of(attempt.policy, target.value, is_asked=is_asked)
    return done if end is None else end.begin(done, services.clock)


async def look_at_end(
    kube: Kube,
    target: Target,
    attempt: AttemptContext,
    result: Mapping[str, Any],
    services: TriggerServices,
    *,
    is_asked: bool = False,
) -> Done | Failed | Begun:
    """How it stands with an object that was begun."""
    end = EndPolicy.of(attempt.policy, target.value, is_asked=is_asked)
    if end is None:
        return Done(answer="nobody waits for its end any more", result=dict(result))
    try:
        get = functools.partial(look, kube, target, attempt.account)
        return await end.look(result, get, services.clock)
    except (KubeError, KubeNotSent, KubeInDoubt, KindUnknown) as error:
        return failure_of(error, 0, ("get",))
