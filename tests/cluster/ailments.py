"""What an API server does to its clients on a bad day, each as an ailment of the proxy between the two."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass

from tests.servers.proxy import Ailment, Answer, CutBefore, Delay, Fault, LoseAnswer, changes_something

_EXPIRED = {
    "apiVersion": "v1",
    "kind": "Status",
    "status": "Failure",
    "reason": "Expired",
    "message": "too old resource version: 1 (2)",
    "code": 410,
}
_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BadDay:
    """One ailment, for `lasts_s` seconds."""

    ailment: Callable[[random.Random], Ailment]
    lasts_s: float
    cuts_watches: bool = False
    """The watches that are under way end when it begins, so that it meets the next ones."""


def is_watch(_method: str, target: str) -> bool:
    return "watch=1" in target or "watch=true" in target.lower()


def status_body(code: int, reason: str) -> bytes:
    body = {"apiVersion": "v1", "kind": "Status", "status": "Failure", "reason": reason, "code": code}
    return json.dumps(body).encode()


def always(fault: Fault) -> Callable[[random.Random], Ailment]:
    return lambda _chance: lambda _method, _target: fault


def watches(*faults: Fault) -> Callable[[random.Random], Ailment]:
    """Watches meet one of these, in turn."""

    def make(_chance: random.Random) -> Ailment:
        met = 0

        def ailment(method: str, target: str) -> Fault | None:
            nonlocal met
            if not is_watch(method, target):
                return None
            met += 1
            return faults[(met - 1) % len(faults)]

        return ailment

    return make


def at_times(fault: Fault, *, share: float, only_changes: bool = False) -> Callable[[random.Random], Ailment]:
    """A share of the requests meets it."""

    def make(chance: random.Random) -> Ailment:
        def ailment(method: str, target: str) -> Fault | None:
            if only_changes and not changes_something(method, target):
                return None
            return fault if chance.random() < share else None

        return ailment

    return make


def bad_days(long_s: float, answer_s: float) -> dict[str, BadDay]:
    """By name. `long_s` of a gap without watches; `answer_s`: what is slower has missed the client's time."""
    busy = Answer(429, {"Retry-After": "1", **_JSON}, status_body(429, "TooManyRequests"))
    broken = Answer(500, _JSON, status_body(500, "InternalError"))
    refused = Answer(401, _JSON, status_body(401, "Unauthorized"))
    gone = json.dumps(_EXPIRED).encode()
    told_gone = json.dumps({"type": "ERROR", "object": _EXPIRED}).encode() + b"\n"
    return {
        "429 with Retry-After": BadDay(ailment=always(busy), lasts_s=2),
        "500": BadDay(ailment=always(broken), lasts_s=2),
        "reset before": BadDay(ailment=at_times(CutBefore(), share=0.6), lasts_s=3),
        "reset after success": BadDay(
            ailment=at_times(LoseAnswer(), share=0.6, only_changes=True), lasts_s=3
        ),
        "410 on watch": BadDay(
            ailment=watches(Answer(410, _JSON, gone), Answer(200, _JSON, told_gone)),
            lasts_s=2,
            cuts_watches=True,
        ),
        "gap of watches": BadDay(ailment=watches(CutBefore()), lasts_s=long_s, cuts_watches=True),
        "expired token": BadDay(ailment=always(refused), lasts_s=2),
        "slow answers": BadDay(ailment=always(Delay(answer_s + 1)), lasts_s=answer_s + 2),
    }
