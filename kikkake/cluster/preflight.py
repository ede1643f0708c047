"""Asking, before the first event, whether a Sensor's account may do what its triggers do (SelfSubjectAccessReview).

The API server answers as the account itself; nothing here decides anything. What was refused is asked again soon, since
RBAC often comes a little later than the Sensor, and what was allowed now and then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

import orjson

from events.clock import US_PER_S, Clock, wait_until
from events.errors import Finding, Scope
from events.log import Logger
from events.ports import KindUnknown, KubeError, KubeInDoubt, KubeNotSent, SecretForbidden
from events.shell import command
from kikkake.catalog import Entry, Key
from kikkake.kube_client import KubeClient
from sensors.access import Access
from sensors.compile import CompiledSensor
from sensors.granting import grant_commands
from sensors.needs import needs_of_trigger

NOT_ALLOWED = "TargetNamespaceNotAllowed"
NO_KIND = "TargetKindUnknown"

_API_VERSION = "authorization.k8s.io/v1"
_KIND = "SelfSubjectAccessReview"
_AT_ONCE = 8
_REFUSED_S = 15.0
"""How long a refusal is believed: RBAC that is granted shows in the status soon."""
_ALLOWED_S = 600.0
_MAX_KEPT = 20_000

log = Logger("preflight")


class _Question(NamedTuple):
    account: str
    access: Access


class _Answer(NamedTuple):
    until_us: int
    code: str = ""
    """Empty = allowed, or nobody knows."""
    verb: str = ""
    resource: str = ""
    """`workflows.argoproj.io`."""
    what: str = ""
    """In place of both: why nothing could be asked."""


class Preflight:
    """Answers for all Sensors; one question is asked once for all that share it."""

    def __init__(
        self,
        kube: KubeClient,
        clock: Clock,
        *,
        default_account: str,
        find: Callable[[Key], Entry | None],
        told: Callable[[Iterable[Key]], None],
    ) -> None:
        """`find` gives what is in force, `told` hears of which Sensors the answers have changed."""
        self._kube = kube
        self._clock = clock
        self._default_account = default_account
        self._find = find
        self._told = told
        self._answers: dict[_Question, _Answer] = {}
        self._findings: dict[Key, tuple[Finding, ...]] = {}
        self._due: dict[Key, int] = {}
        self._changed = asyncio.Event()

    def look(self, keys: Iterable[Key]) -> None:
        """These may need something else now."""
        for key in keys:
            self._due[key] = 0
            self._changed.set()

    def findings(self, key: Key) -> tuple[Finding, ...]:
        """What a Sensor may not do, as of the last look."""
        return self._findings.get(key, ())

    def is_known(self, key: Key) -> bool:
        """Whether it was looked at since the last `look`: its status can wait for that a moment."""
        return self._due.get(key) != 0

    async def run(self) -> None:
        """For ever."""
        while True:
            self._changed.clear()
            now_us = self._clock.now_us()
            due = [key for key, at_us in self._due.items() if at_us <= now_us]
            for start in range(0, len(due), _AT_ONCE):
                await asyncio.gather(*(self._look_alone(key) for key in due[start : start + _AT_ONCE]))
            await self._sleep()

    async def _sleep(self) -> None:
        soon_us = self._clock.now_us() + round(_REFUSED_S * US_PER_S)
        await wait_until(self._changed, self._clock, min(self._due.values(), default=soon_us))

    async def _look_alone(self, key: Key) -> None:
        try:
            await self._look(key)
        except Exception as error:  # noqa: BLE001 - a bug that one Sensor meets must not end the gateway
            log.bug("preflight.crashed", error, resource=str(key))
            self._due[key] = self._clock.now_us() + round(_ALLOWED_S * US_PER_S)

    async def _look(self, key: Key) -> None:
        entry = self._find(key)
        if entry is None or not isinstance(entry.spec, CompiledSensor):
            self._due.pop(key, None)
            self._findings.pop(key, None)
            return
        found = await self._judge(entry.spec, entry)
        if found is None:
            # Nobody could be asked: what was found before stands, and it is asked again soon.
            self._due[key] = self._clock.now_us() + round(_REFUSED_S * US_PER_S)
            return
        self._due[key] = self._clock.now_us() + round((_REFUSED_S if found else _ALLOWED_S) * US_PER_S)
        if found != self._findings.get(key, ()):
            self._findings[key] = found
            self._told([key])

    async def _judge(self, sensor: CompiledSensor, entry: Entry) -> tuple[Finding, ...] | None:
        """The refusals; None where a question was not answered."""
        document = entry.document
        if document is None:
            return ()
        account = sensor.account or f"{sensor.namespace}/{self._default_account}"
        findings: list[Finding] = []
        for trigger in sensor.triggers:
            refused: dict[tuple[str, Access], list[_Answer]] = {}
            for needed in needs_of_trigger(trigger, sensor.namespace).accesses:
                access = await self._scoped(needed)
                answer = await self._ask(_Question(account, access))
                if answer is None:
                    return None
                if answer.code:
                    # Verbs on the same object are one sentence and one command.
                    refused.setdefault((answer.code, replace(access, verb="")), []).append(answer)
            for (code, access), answers in refused.items():
                what, fix = _told(account, access, answers)
                findings.append(
                    document.finding(
                        ("spec", "triggers", trigger.index),
                        what,
                        fix,
                        code=code,
                        scope=Scope.PART,
                        part=f"trigger:{trigger.name}",
                    )
                )
        return tuple(dict.fromkeys(findings))

    async def _ask(self, question: _Question) -> _Answer | None:
        """None where nobody answered."""
        kept = self._answers.get(question)
        now_us = self._clock.now_us()
        if kept is not None and now_us < kept.until_us:
            return kept
        if len(self._answers) >= _MAX_KEPT:
            self._answers.clear()
        try:
            answer = await self._review(question)
        except KubeError as error:
            # The account itself: it does not exist, or the gateway may not act as it.
            if error.reason not in {"NoServiceAccount", "AccountForbidden"}:
                log.debug("preflight.unanswered", detail=str(error)[:300])
                return None
            answer = _Answer(0, error.reason, what=error.message)
        except KindUnknown as error:
            answer = _Answer(0, NO_KIND, what=f"{error}; install it, or mend apiVersion and kind")
        except (KubeNotSent, KubeInDoubt) as error:
            log.debug("preflight.unanswered", detail=str(error)[:300])
            return None
        # Just short of the next look, which is to ask anew.
        seconds = (_REFUSED_S if answer.code else _ALLOWED_S) - 1
        answer = self._answers[question] = answer._replace(until_us=now_us + round(seconds * US_PER_S))
        return answer

    async def _scoped(self, access: Access) -> Access:
        """Without the namespace where the kind has none: a Role there would seem to allow what it cannot."""
        if access.namespace is None:
            return access
        try:
            is_namespaced = await self._kube.is_namespaced(access.api_version, access.kind)
        except (KubeError, KindUnknown, KubeNotSent, KubeInDoubt):
            # The question itself meets the same, and says so.
            return access
        return access if is_namespaced else replace(access, namespace=None)

    async def _review(self, question: _Question) -> _Answer:
        access = question.access
        resource = await self._kube.resource_of(access.api_version, access.kind)
        group, _, _version = access.api_version.rpartition("/")
        attributes = {
            "verb": access.verb,
            "group": group,
            "resource": resource.plural,
            "namespace": access.namespace or "",
            "name": access.name,
            "subresource": access.subresource,
        }
        body = {
            "apiVersion": _API_VERSION,
            "kind": _KIND,
            "spec": {"resourceAttributes": {name: text for name, text in attributes.items() if text}},
        }
        review = await self._kube.create(
            _API_VERSION, _KIND, None, orjson.dumps(body), account=question.account
        )
        if (review.get("status") or {}).get("allowed"):
            return _Answer(0)
        # What is read is watched by name; what a trigger makes is not.
        is_read = access.kind == "Secret" or (access.kind == "ConfigMap" and access.verb == "watch")
        full = f"{resource.plural}.{group}" if group else resource.plural
        if access.subresource:
            full += f"/{access.subresource}"
        return _Answer(0, SecretForbidden.code if is_read else NOT_ALLOWED, access.verb, full)


def _told(account: str, access: Access, answers: Sequence[_Answer]) -> tuple[str, str]:
    """What is not allowed, and the commands that allow it."""
    first = answers[0]
    if first.what:
        what, _, fix = first.what.partition("; ")
        return what, fix
    verbs = ",".join(answer.verb for answer in answers)
    named = f" `{access.name}`" if access.name else ""
    place = f"in namespace {access.namespace}" if access.namespace else "in the cluster"
    what = f"service account {account} may not {verbs} {first.resource}{named} {place} (SelfSubjectAccessReview: no)"
    namespace, name = account.split("/", 1)
    user = f"system:serviceaccount:{namespace}:{name}"
    allow = grant_commands(
        user,
        [answer.verb for answer in answers],
        first.resource,
        namespace=access.namespace,
        name=access.name,
    )
    whole = command("kikkake", "migrate", "--namespace", namespace)
    return what, f"to allow: {allow}; {whole} prints the Role for everything there"
