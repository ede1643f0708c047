"""When an object that was made has come to its end, and how it ended (`policy.k8s.until`, ours).

The waiting is no attempt: between two looks the effect is a row of the bus with a time for the next one, so that an
object may take hours, and a restart goes on looking. The object is known by its name and uid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from events.clock import US_PER_S, Clock, format_time, parse_time
from events.errors import KikkakeError
from events.languages.gjson import Document, compile_path
from events.languages.go_durations import BadDuration, seconds
from events.ports import KindUnknown, KubeError, KubeInDoubt, KubeNotSent, Object
from sensors.kube_json import write_json
from sensors.kube_object import lifetime_s
from sensors.label_policy import Get
from sensors.spec import Until
from sensors.trigger import Begun, Done, Failed, OnFailure

_FIRST_LOOK_S = 2.0
_LONGEST_PAUSE_S = 60.0
"""Shorter than any lifetime after the end that lint lets pass (`TTLTooShort`, 120 s): no end is missed."""
_PAUSE_PER_AGE = 0.1
"""What has run for a minute may well run for another six seconds."""
_SHOWN = 256
"""Characters of the object's own words about its end."""

_KNOWN: dict[tuple[str, str], Until] = {
    ("argoproj.io", "Workflow"): Until(
        path="status.phase", succeeded=["Succeeded"], failed=["Failed", "Error"]
    ),
    ("batch", "Job"): Until(condition="Complete", failed_condition="Failed"),
    ("", "Pod"): Until(path="status.phase", succeeded=["Succeeded"], failed=["Failed"]),
    ("tekton.dev", "PipelineRun"): Until(condition="Succeeded", failed=["False"]),
    ("tekton.dev", "TaskRun"): Until(condition="Succeeded", failed=["False"]),
}
"""Kinds that run once; of any other the resource says what its end is."""


class UnusableUntil(KikkakeError):
    """The policy does not say what the end of this object is."""


@dataclass(frozen=True, slots=True)
class EndPolicy:
    """What is looked at, and for how long."""

    until: Until
    timeout_s: float

    @classmethod
    def of(
        cls, policy: Mapping[str, Any] | None, value: Object, *, is_asked: bool = False
    ) -> EndPolicy | None:
        """From a trigger's `policy` as JSON, for this object; None where nobody waits for its end.

        `is_asked`: somebody else asks for it (`argo submit --wait`). Raises UnusableUntil.
        """
        given = ((policy or {}).get("k8s") or {}).get("until")
        if given is None and not is_asked:
            return None
        until = Until.model_validate(given or {})
        return cls(_completed(until, str(value.get("apiVersion")), str(value.get("kind"))), _timeout_s(until))

    def begin(self, done: Done, clock: Clock) -> Begun:
        """It was made; its end comes later."""
        result = {**done.result, "madeAt": format_time(clock.now_us())}
        return Begun(
            answer=f"{done.answer}, and its end is waited for", result=result, look_in_s=_FIRST_LOOK_S
        )

    async def look(self, result: Mapping[str, Any], get: Get, clock: Clock) -> Done | Failed | Begun:
        """How it stands with what `result` names. Raises KubeError: a right is missing."""
        label = str(result.get("object", "the object"))
        age_s = max(0.0, (clock.now_us() - (parse_time(str(result.get("madeAt"))) or 0)) / US_PER_S)
        try:
            live = await get()
        except KindUnknown:
            live = None
        except (KubeNotSent, KubeInDoubt) as error:
            return self._later(result, label, age_s, f"it could not be looked at: {error}")
        except KubeError as error:
            if error.status not in {408, 429} and error.status < 500:
                raise
            return self._later(
                result, label, age_s, f"it could not be looked at: {error.status} {error.reason}"
            )
        if live is None or live["metadata"].get("uid") != result.get("uid"):
            return _gone(label)
        state, words = _judge(self.until, live)
        if state is None:
            return self._later(result, label, age_s, words)
        if state:
            return Done(answer=f"it has ended: {words}", result={**_without_state(result), "end": words})
        return Failed(
            reason="ObjectFailed",
            detail=f"{label} has failed: {words}{_life(live)}",
            answer=f"it has failed: {words}",
            then=OnFailure.GIVE_UP,
        )

    def _later(self, result: Mapping[str, Any], label: str, age_s: float, words: str) -> Begun | Failed:
        if age_s >= self.timeout_s:
            return Failed(
                reason="StillRunning",
                detail=f"{label} has not ended within {self.timeout_s:g} s ({words}); it is left as it is",
                answer="its end was not seen in time",
                then=OnFailure.GIVE_UP,
            )
        pause_s = min(max(age_s * _PAUSE_PER_AGE, _FIRST_LOOK_S), _LONGEST_PAUSE_S)
        return Begun(
            answer=words,
            result={**result, "state": words},
            look_in_s=min(pause_s, max(self.timeout_s - age_s, 0.0)),
        )


def until_fault(until: Until) -> str:
    """What is wrong with the policy whatever the object is; empty = nothing."""
    if until.condition and until.path:
        return "`condition` and `path` exclude one another: keep one"
    if until.path and not until.succeeded:
        return "`path` needs `succeeded`: the values that are a success"
    if not (until.condition or until.path) and (until.succeeded or until.failed or until.failed_condition):
        return "says how it ends, and not where to look: give `condition` or `path`"
    try:
        is_short = _timeout_s(until) <= 0
    except UnusableUntil as error:
        return str(error)
    return "`timeout` has to be longer than nothing" if is_short else ""


def _timeout_s(until: Until) -> float:
    try:
        return seconds(until.timeout)
    except BadDuration as fault:
        raise UnusableUntil(f"`timeout`: {fault.brief}") from None


def _completed(until: Until, api_version: str, kind: str) -> Until:
    if until.condition or until.path:
        return until
    group = api_version.rpartition("/")[0]
    known = _KNOWN.get((group, kind))
    if known is None:
        what = f"what the end of a {kind} is, only you know"
        raise UnusableUntil(
            f"policy.k8s.until: {what}: give `condition`, or `path` with `succeeded` and `failed`"
        )
    return known


def _judge(until: Until, live: Object) -> tuple[bool | None, str]:
    """Whether it has ended well; None while it runs. And in words."""
    status = live.get("status")
    status = status if isinstance(status, Mapping) else {}
    seen = status.get("observedGeneration")
    if isinstance(seen, int) and seen < int(live["metadata"].get("generation") or 0):
        # What stands there is about an older version of the object.
        return None, "its controller has not seen it yet"
    return _judge_value(until, live, status) if until.path else _judge_conditions(until, status)


def _judge_value(until: Until, live: Object, status: Mapping[str, Any]) -> tuple[bool | None, str]:
    found = compile_path(until.path).get(Document(write_json(live)))
    if not found.exists:
        return None, f"{until.path} is not there yet"
    value = found.text()
    words = _cut(": ".join(filter(None, (value, str(status.get("message") or "")))))
    return _ending(value, until.succeeded, until.failed), words


def _judge_conditions(until: Until, status: Mapping[str, Any]) -> tuple[bool | None, str]:
    conditions = {
        each.get("type"): each for each in status.get("conditions") or () if isinstance(each, Mapping)
    }
    failing = conditions.get(until.failed_condition) if until.failed_condition else None
    if failing is not None and failing.get("status") == "True":
        return False, _condition_words(failing)
    condition = conditions.get(until.condition)
    if condition is None:
        return None, f"it has no condition {until.condition} yet"
    value = str(condition.get("status"))
    return _ending(value, until.succeeded or ["True"], until.failed), _condition_words(condition)


def _ending(value: str, succeeded: Sequence[str], failed: Sequence[str]) -> bool | None:
    return True if value in succeeded else False if value in failed else None


def _condition_words(condition: Mapping[str, Any]) -> str:
    parts = [str(condition.get(member) or "") for member in ("reason", "message")]
    words = f"{condition.get('type')} is {condition.get('status')}"
    return _cut(": ".join(filter(None, (words, *parts))))


def _cut(text: str) -> str:
    printable = "".join(char if char.isprintable() else " " for char in text)
    return printable if len(printable) <= _SHOWN else printable[: _SHOWN - 1] + "…"


def _gone(label: str) -> Failed:
    return Failed(
        reason="ObjectGone",
        detail=f"{label} was deleted before its end was seen, by somebody or by its TTL",
        answer="404 NotFound: it is gone",
        then=OnFailure.GIVE_UP,
    )


def _life(live: Object) -> str:
    lifetime = lifetime_s(live)
    return "" if lifetime is None else f" (it goes {lifetime:.0f} s after its end)"


def _without_state(result: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in result.items() if name != "state"}
