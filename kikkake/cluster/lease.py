"""The Lease of the one gateway that acts (spec: effects, section 5).

client-go says that a lease does not fence, and it does not: what fences the ledger is the lock of the data folder and
the epoch of its runner. The Lease keeps a second gateway, with a store of its own, from serving beside this one; and
one that was stopped and wakes up (SIGSTOP, migration) from attempting anything before it has looked at it again.

While the API server is away nobody can take it over: deliveries are stored and judged as ever, and attempts wait.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from events.bus import RunnerFenced
from events.clock import US_PER_S, Clock, format_time
from events.log import Logger
from events.ports import KindUnknown, Kube, KubeError, KubeInDoubt, KubeNotSent, Object

_API_VERSION = "coordination.k8s.io/v1"
_KIND = "Lease"

log = Logger("lease")


class LeaseLost(RunnerFenced):
    """Another gateway acts now: this process has to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseSettings:
    """Seconds."""

    duration_s: float = 60.0
    """After this time without a renewal another gateway may take it."""
    renew_s: float = 10.0
    longest_attempt_s: float = 31.0
    """No attempt begins later than this before the end: the API client waits 30 s for an answer."""
    unreachable_s: float = 10.0
    """How long the start waits for an API server that does not answer: then it goes on, without attempts."""

    @classmethod
    def lasting(cls, duration_s: float, *, answer_s: float) -> LeaseSettings:
        """Renewed six times in its duration; an answer of the API server may take `answer_s`."""
        return cls(duration_s=duration_s, renew_s=duration_s / 6, longest_attempt_s=answer_s + 1.0)


class Claim(NamedTuple):
    """Which Lease, and who claims it."""

    namespace: str
    name: str
    holder: str
    """Names this gateway and its store: one that starts again on the same store goes on at once."""


class Lease:
    """One Lease object. `acquire` before anything is served, keep `run` running, `release` at the end."""

    def __init__(
        self,
        kube: Kube,
        clock: Clock,
        claim: Claim,
        *,
        settings: LeaseSettings | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.epoch = 0
        """`leaseTransitions` while it is ours."""
        self._kube = kube
        self._clock = clock
        self._namespace, self._name, self._holder = claim
        self._settings = settings or LeaseSettings()
        self._monotonic = monotonic
        self._chance = chance
        self._end_s = float("-inf")
        """On the monotonic clock: until when it is ours, counted from before the request that renewed it."""
        self._seen: tuple[str, str] = ("", "")
        """Holder and renewal that were seen last, and since when: clocks of two machines are not compared."""
        self._seen_s = 0.0
        self._renewed = asyncio.Event()
        self._lost = ""

    async def acquire(self) -> None:
        """Return when it is ours, or when the API server cannot be asked; wait as long as another one holds it."""
        settings = self._settings
        silent_s = self._monotonic()
        told = ""
        while True:
            try:
                other = await self._try()
            except (KubeError, KubeNotSent, KubeInDoubt, KindUnknown) as error:
                if self._monotonic() - silent_s > settings.unreachable_s:
                    log.warning("lease.unknown", detail=f"attempts wait until it can be read: {error}"[:300])
                    return
                await self._pause(1.0)
                continue
            if not other:
                return
            silent_s = self._monotonic()
            if other != told:
                log.info("lease.waiting", holder=other)
                told = other
            await self._pause(settings.renew_s / 5)

    async def run(self) -> None:
        """Renew it for ever. Raises LeaseLost."""
        while True:
            try:
                if other := await self._try():
                    place = f"{self._namespace}/{self._name}"
                    self._lost = f"the Lease {place} is held by {other}: another gateway acts now"
                    self._renewed.set()
                    raise LeaseLost(self._lost)
            except (KubeError, KubeNotSent, KubeInDoubt, KindUnknown) as error:
                log.limited_warning("lease.not-renewed", (), detail=str(error)[:300])
                await self._pause(self._settings.renew_s / 5)
                continue
            await self._pause(self._settings.renew_s)

    async def turn(self) -> None:
        """Return when an attempt may begin. Raises LeaseLost."""
        while not self._may_begin():
            self._renewed.clear()
            await self._renewed.wait()
            if self._lost:
                raise LeaseLost(self._lost)

    async def release(self) -> None:
        """Let the next one have it at once; harmless where that fails: it runs out."""
        if self._end_s == float("-inf"):
            return
        self._end_s = float("-inf")
        try:
            live = await self._read()
            if live is not None and _spec(live).get("holderIdentity") == self._holder:
                live["spec"] |= {"holderIdentity": "", "leaseDurationSeconds": 1}
                await self._write(live)
        except (KubeError, KubeNotSent, KubeInDoubt, KindUnknown) as error:
            log.warning("lease.not-released", detail=str(error)[:300])

    def _may_begin(self) -> bool:
        return self._monotonic() < self._end_s - self._settings.longest_attempt_s

    async def _try(self) -> str:
        """Renew or take it; "" when it is ours, else who holds it."""
        asked_s = self._monotonic()
        live = await self._read()
        try:
            if live is None:
                await self._kube.create(_API_VERSION, _KIND, self._namespace, orjson.dumps(self._new()))
                return self._is_ours(asked_s, 0)
            spec = _spec(live)
            holder = str(spec.get("holderIdentity") or "")
            if holder not in {"", self._holder} and not self._has_run_out(spec, holder):
                return holder
            transitions = int(spec.get("leaseTransitions") or 0) + (holder != self._holder)
            live["spec"] = self._spec(
                transitions, since=spec.get("acquireTime") if holder == self._holder else None
            )
            await self._write(live)
        except KubeError as error:
            if error.status == 409:
                # Somebody has written it since it was read, which need not be another gateway: look again.
                raise KubeNotSent("the Lease was changed while it was read") from error
            raise
        return self._is_ours(asked_s, transitions)

    def _is_ours(self, asked_s: float, transitions: int) -> str:
        if self.epoch != transitions or self._end_s == float("-inf"):
            log.info("lease.held", holder=self._holder, epoch=transitions)
        self.epoch = transitions
        self._end_s = asked_s + self._settings.duration_s
        self._renewed.set()
        return ""

    def _has_run_out(self, spec: dict[str, Any], holder: str) -> bool:
        """By our own clock, from when its last renewal was seen first."""
        seen = (holder, str(spec.get("renewTime")))
        if seen != self._seen:
            self._seen, self._seen_s = seen, self._monotonic()
        return self._monotonic() - self._seen_s > float(spec.get("leaseDurationSeconds") or 0)

    def _new(self) -> Object:
        return {
            "apiVersion": _API_VERSION,
            "kind": _KIND,
            "metadata": {"name": self._name, "namespace": self._namespace},
            "spec": self._spec(0, since=None),
        }

    def _spec(self, transitions: int, *, since: Any) -> dict[str, Any]:
        now = _micro_time(self._clock.now_us())
        return {
            "holderIdentity": self._holder,
            "leaseDurationSeconds": round(self._settings.duration_s),
            "acquireTime": since or now,
            "renewTime": now,
            "leaseTransitions": transitions,
        }

    async def _read(self) -> Object | None:
        try:
            return await self._kube.get(_API_VERSION, _KIND, self._namespace, self._name)
        except KubeError as error:
            if error.status == 404:
                return None
            raise

    async def _write(self, live: Object) -> None:
        """With the resourceVersion that was read: of two who take it one is refused."""
        await self._kube.update(_API_VERSION, _KIND, self._namespace, self._name, orjson.dumps(live))

    async def _pause(self, seconds: float) -> None:
        await self._clock.sleep(seconds * (0.8 + 0.4 * self._chance()))


def _spec(live: Object) -> dict[str, Any]:
    spec = live.setdefault("spec", {})
    return spec if isinstance(spec, dict) else {}


def _micro_time(now_us: int) -> str:
    """RFC 3339 with six digits, as MicroTime has it."""
    seconds, rest = divmod(now_us, US_PER_S)
    return f"{format_time(seconds * US_PER_S)[:-1]}.{rest:06d}Z"
