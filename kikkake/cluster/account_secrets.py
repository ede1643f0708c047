"""Secrets and ConfigMaps of a cluster, read as the ServiceAccount of the resource that refers to them.

The gateway's own identity reads none: a resource that names no account reads with `default` of its namespace. What was
read is watched by name, so that a rotation arrives at once; where the account may not watch, or too many are watched
already, it is read again every half minute.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from events.clock import US_PER_S, Clock
from events.log import Logger
from events.ports import (
    KindUnknown,
    Kube,
    KubeError,
    KubeInDoubt,
    KubeNotSent,
    Object,
    SecretForbidden,
    SecretRef,
    SecretUnavailable,
)
from kikkake.grants import Account, grant_hint
from kikkake.kube_tokens import ACCOUNT_REASONS
from kikkake.secrets import values_of
from sensors.access import Needs, reading

_KEEP_S = 30.0
"""How long what is not watched is used again: how long a rotation may take to arrive."""
_KEEP_FAILURE_S = 2.0
_UNUSED_S = 600.0
"""A watch that nobody has read for this long ends."""
_MAX_WATCHES = 512
_MAX_FAILED = 4096
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0

log = Logger("secrets")


class _Place(NamedTuple):
    account: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind.lower()} {self.namespace}/{self.name}"


@dataclass(slots=True)
class _Kept:
    values: dict[str, bytes] = field(repr=False)
    read_us: int
    used_us: int
    watch: asyncio.Task[None] | None = None


class AccountSecrets:
    """One for all resources of the process. Close it after the last read."""

    def __init__(self, kube: Kube, clock: Clock, *, chance: Callable[[], float] = random.random) -> None:
        self.known_needs: Callable[[Account], Needs] = lambda _account: Needs()
        """All that an account needs: a refusal names the Role for all of it, and not for one Secret at a time."""
        self.changed: Callable[[str, str], None] = lambda _namespace, _name: None
        """Hears the namespace and name of what has other values than before."""
        self._kube = kube
        self._clock = clock
        self._chance = chance
        self._kept: dict[_Place, _Kept] = {}
        self._failed: dict[_Place, tuple[int, SecretUnavailable]] = {}
        """Until when a failure is believed; without its traceback, which would hold what it met."""
        self._reading: dict[_Place, asyncio.Task[dict[str, bytes]]] = {}

    async def read(self, ref: SecretRef) -> bytes:
        """Raises SecretForbidden, SecretUnavailable: not there, no such key, or no answer now and none before."""
        account = Account.of(ref.account, ref.namespace)
        place = _Place(str(account), ref.kind, ref.namespace, ref.name)
        now_us = self._clock.now_us()
        kept = self._kept.get(place)
        if kept is None or (kept.watch is None and now_us - kept.read_us > _KEEP_S * US_PER_S):
            values = await self._read_again(place, kept, now_us)
        else:
            kept.used_us = now_us
            values = kept.values
        if ref.key not in values:
            raise SecretUnavailable(
                f"{ref}: there is no such key; keys: {', '.join(sorted(values)) or 'none'}"
            )
        return values[ref.key]

    async def close(self) -> None:
        """End the watches."""
        tasks = [kept.watch for kept in self._kept.values() if kept.watch is not None]
        tasks += list(self._reading.values())  # type: ignore[arg-type]  # of both kinds only the end counts
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._kept.clear()

    async def _read_again(self, place: _Place, kept: _Kept | None, now_us: int) -> dict[str, bytes]:
        until_us, failure = self._failed.get(place, (0, None))
        if failure is not None and now_us < until_us:
            raise type(failure)(str(failure))
        reading = self._reading.get(place)
        if reading is None:
            reading = asyncio.create_task(self._fetch(place), name=f"secret:{place}")
            self._reading[place] = reading
            reading.add_done_callback(lambda task: self._has_read(place, task))
        try:
            # Many deliveries ask for one Secret: one question serves all, whoever of them gives up.
            return await asyncio.shield(reading)
        except SecretUnavailable as error:
            is_refused = isinstance(error, SecretForbidden | _Absent)
            if kept is not None and not is_refused:
                # An outage of the API server closes no endpoint: what was known last serves.
                return kept.values
            if len(self._failed) >= _MAX_FAILED:
                self._failed.clear()
            remembered = type(error)(str(error))
            self._failed[place] = (now_us + round(_KEEP_FAILURE_S * US_PER_S), remembered)
            raise

    def _has_read(self, place: _Place, task: asyncio.Task[dict[str, bytes]]) -> None:
        self._reading.pop(place, None)
        if not task.cancelled():
            # Whoever waited has it; where all of them have given up nobody would, and asyncio would say so in the log.
            task.exception()

    async def _fetch(self, place: _Place) -> dict[str, bytes]:
        try:
            found = await self._kube.get("v1", place.kind, place.namespace, place.name, account=place.account)
        except KubeError as error:
            raise self._refusal(error, place) from error
        except (KubeNotSent, KubeInDoubt, KindUnknown) as error:
            raise SecretUnavailable(f"{place}: {error}") from error
        self._failed.pop(place, None)
        return self._keep(place, found)

    def _refusal(self, error: KubeError, place: _Place) -> SecretUnavailable:
        if error.status == 404:
            return _Absent(f"{place}: it does not exist")
        if error.status != 403:
            return SecretUnavailable(f"{place}: {error}")
        if error.reason in ACCOUNT_REASONS:
            # Not the account's own rights: nothing that it is granted would help.
            return SecretForbidden(f"{place}: {error.message}")
        account = Account(*place.account.split("/", 1))
        this = reading([SecretRef(place.namespace, place.name, "", place.kind)])
        hint = grant_hint(account, self.known_needs(account) + this, place.kind)
        return SecretForbidden(f"{place}: {account.user} cannot read it. {hint}")

    def _keep(self, place: _Place, found: Object) -> dict[str, bytes]:
        values = _values(found, place)
        now_us = self._clock.now_us()
        kept = self._kept.get(place)
        if kept is None:
            kept = self._kept[place] = _Kept(values, now_us, now_us)
        kept.values, kept.read_us = values, now_us
        self._end_unused(now_us)
        if kept.watch is None and sum(each.watch is not None for each in self._kept.values()) < _MAX_WATCHES:
            version = str((found.get("metadata") or {}).get("resourceVersion") or "")
            watch = asyncio.create_task(self._watch(place, version), name=f"watch:{place}")
            watch.add_done_callback(lambda _task: self._unwatched(place, _task))
            kept.watch = watch
        return values

    def _end_unused(self, now_us: int) -> None:
        for place, kept in list(self._kept.items()):
            if now_us - kept.used_us > _UNUSED_S * US_PER_S:
                del self._kept[place]
                if kept.watch is not None:
                    kept.watch.cancel()

    def _unwatched(self, place: _Place, task: asyncio.Task[None]) -> None:
        kept = self._kept.get(place)
        if kept is not None and kept.watch is task:
            kept.watch = None
        if not task.cancelled() and (error := task.exception()) is not None:
            log.bug("secrets.watch_failed", error, secret=str(place))

    async def _watch(self, place: _Place, version: str) -> None:
        """Follow one object until it is gone, forbidden, or nobody asks for it any more."""
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                async for word, found in self._kube.watch(
                    "v1",
                    place.kind,
                    place.namespace,
                    resource_version=version,
                    fields=f"metadata.name={place.name}",
                    account=place.account,
                ):
                    version = str((found.get("metadata") or {}).get("resourceVersion") or version)
                    pause_s = _FIRST_PAUSE_S
                    if word == "DELETED":
                        self._kept.pop(place, None)
                        return
                    if word != "BOOKMARK":
                        self._changed(place, found)
            except KubeError as error:
                if error.status in {403, 404}:
                    return
                if error.status == 410:
                    version = await self._newest(place, version)
                    if not version:
                        return
            except (KubeNotSent, KubeInDoubt, KindUnknown):
                pass
            await self._clock.sleep(pause_s * self._chance())
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    async def _newest(self, place: _Place, version: str) -> str:
        """Its version now that `version` was compacted; the same where nobody answers, empty where it is gone."""
        try:
            found = await self._kube.get("v1", place.kind, place.namespace, place.name, account=place.account)
        except KubeError as error:
            if error.status not in {403, 404}:
                return version
            # What vanished while nobody watched must not serve any longer.
            self._kept.pop(place, None)
            return ""
        except (KubeNotSent, KubeInDoubt, KindUnknown):
            return version
        self._changed(place, found)
        return str((found.get("metadata") or {}).get("resourceVersion") or "0")

    def _changed(self, place: _Place, found: Object) -> None:
        kept = self._kept.get(place)
        if kept is None:
            return
        try:
            values = _values(found, place)
        except SecretUnavailable as error:
            log.warning("secrets.unreadable", secret=str(place), detail=str(error))
            return
        is_other = values != kept.values
        kept.values, kept.read_us = values, self._clock.now_us()
        if is_other:
            self.changed(place.namespace, place.name)


class _Absent(SecretUnavailable):
    """It does not exist: an older value must not serve any longer."""


def _values(found: Object, place: _Place) -> dict[str, bytes]:
    try:
        return values_of(found, is_secret=place.kind == "Secret")
    except ValueError:
        raise SecretUnavailable(f"{place}: its data is not base64") from None
