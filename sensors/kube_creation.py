"""One attempt at creating an object, or finding out that it is there and whose it is (spec: effects 3.1).

The name comes from the effect, so the create itself is the test whether it was done before: a repeated one is
answered "already exists", and the object's annotations say whose it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from events.clock import US_PER_S, Clock
from events.ports import KindUnknown, Kube, KubeError
from sensors.kube_answers import answer_text, failed
from sensors.kube_look import look
from sensors.kube_object import lifetime_s
from sensors.kube_target import Target
from sensors.trigger import AttemptContext, Done, Failed, OnFailure

_SAFE_DOUBT_S = 60.0
"""The create is repeated without a look only this long after the first intent: a late request lives no longer."""


@dataclass(frozen=True, slots=True)
class Creation:
    """What one attempt has at hand."""

    kube: Kube
    target: Target
    rendered: bytes
    attempt: AttemptContext
    clock: Clock

    async def run(self) -> Done | Failed:
        """Raises what the port `Kube` raises."""
        possible_duplicate = False
        if self.attempt.was_in_doubt:
            found = await self._look_before_repeating()
            if not isinstance(found, bool):
                return found
            possible_duplicate = found
        return await self._create(possible_duplicate=possible_duplicate)

    async def dry_run(self) -> Done | Failed:
        """The same request, judged by the API server and not carried out."""
        return await self._create(is_dry=True)

    async def _create(self, *, possible_duplicate: bool = False, is_dry: bool = False) -> Done | Failed:
        target = self.target
        try:
            created = await self.kube.create(
                target.api_version,
                target.kind,
                target.namespace,
                self.rendered,
                dry_run=is_dry,
                account=self.attempt.account,
            )
        except KubeError as error:
            # "object is being deleted" has the same reason: only its text differs.
            if error.status == 409 and error.reason == "AlreadyExists" and target.name:
                return await self._judge_existing(error)
            raise
        answer = "201 Created (dry run)" if is_dry else "201 Created"
        return target.done(answer, created, possible_duplicate=possible_duplicate)

    async def _judge_existing(self, error: KubeError) -> Done | Failed:
        live = await look(self.kube, self.target, self.attempt.account)
        if live is None:
            detail = f"{self.target.label} existed and is gone again"
            return failed("Conflict", detail, answer_text(error), OnFailure.RETRY)
        return self.target.judge(live)

    async def _look_before_repeating(self) -> Done | Failed | bool:
        """What an old doubt asks for first: an outcome, or whether repeating the create may make a second object.

        The name protects only while the object exists: one that was created, has ended and was removed by its
        TTL meanwhile would be created again.
        """
        target = self.target
        doubt_s = (self.clock.now_us() - self.attempt.first_intent_us) / US_PER_S
        if doubt_s <= _SAFE_DOUBT_S or not target.name:
            return False
        lifetime = await self._lifetime_s()
        if lifetime is None or lifetime >= doubt_s:
            return False
        live = await look(self.kube, target, self.attempt.account)
        if live is not None:
            return target.judge(live)
        if self.attempt.at_least_once:
            return True
        return Failed(
            reason="InDoubt",
            detail=f"{target.label} may have been created {doubt_s:.0f} s ago and removed by its TTL of "
            f"{lifetime:.0f} s; `atLeastOnce: true` creates it again in such a case",
            answer="not sent: it may have been created before",
            then=OnFailure.GIVE_UP,
            in_doubt=True,
        )

    async def _lifetime_s(self) -> float | None:
        own = lifetime_s(self.target.value)
        reference = self.target.template_reference()
        if own is not None or reference is None:
            return own
        kind, namespace, name = reference
        account = self.attempt.account
        try:
            template = await self.kube.get(self.target.api_version, kind, namespace, name, account=account)
        except (KubeError, KindUnknown):
            # Nobody can tell how long the object lives: the shortest time is the safe one.
            return 0.0
        return lifetime_s(template)
