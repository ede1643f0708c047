"""The judgement: what the senders, the API server and the receiver saw, against what the model expects. Pure.

`spec: security, 8.1`: I1 every acknowledged event is judged once, I2 at most one object for each set of events, I3
nothing that nobody sent, and every effect that there ought to be is there.
"""

from __future__ import annotations

import bisect
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.crash.gateway import Start
from tests.crash.journal import Made
from tests.crash.ledger import Ledger
from tests.crash.model import Events, Fired, Logged, expected
from tests.crash.resources import HTTP_SENSOR, JOIN_SENSOR, SCRIPTED_SENSOR, Rule
from tests.crash.store import Log
from tests.crash.ways import LATE, WAYS
from tests.servers.http_sink import Received


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken promise: a word for its kind, and where."""

    kind: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything that was seen."""

    ledger: Ledger
    log: Log
    made: Sequence[Made]
    received: Sequence[Received]
    starts: Sequence[Start]
    rules: Sequence[Mapping[str, Rule]]


@dataclass(slots=True)
class Judgement:
    """The four numbers that every run prints, and what was wrong."""

    sent: int
    acknowledged: int
    objects: int
    duplicates: int
    requests: int
    joins: int
    waited: Counter[str]
    """What has fired of the Sensors that correlate, collect, reset and run scripts, by name."""
    violations: list[Violation] = field(default_factory=list)


def judge(evidence: Evidence) -> Judgement:
    """Compare the accounts."""
    objects = Counter((made.sensor, made.events) for made in evidence.made)
    fired = expected(evidence.log.events, evidence.log.edits, evidence.rules, objects.keys())
    return Judgement(
        sent=len(evidence.ledger.entries),
        acknowledged=evidence.ledger.acked,
        objects=len(evidence.made),
        duplicates=sum(count - 1 for count in objects.values()),
        requests=len(evidence.received),
        joins=sum(each.sensor == JOIN_SENSOR for each in fired),
        waited=Counter(each.sensor for each in fired if each.sensor in {*WAYS, LATE, SCRIPTED_SENSOR}),
        violations=[
            *_stored(evidence.ledger, evidence.log.events),
            *_versions(evidence),
            *_objects([each for each in fired if each.sensor != HTTP_SENSOR], evidence.made),
            *_requests([each for each in fired if each.sensor == HTTP_SENSOR], evidence.received),
            *_ends(evidence),
        ],
    )


def _stored(ledger: Ledger, log: Sequence[Logged]) -> Iterable[Violation]:
    """Every acknowledged event is stored, each one once, and nothing else."""
    stored = Counter(event.key for event in log)
    for key, entry in ledger.entries.items():
        if entry.acked_at is None:
            yield Violation("unacknowledged", f"event {key} never got a 2xx")
        elif key not in stored:
            yield Violation("lost", f"event {key} of {entry.source} was acknowledged and is not stored")
    for key, count in stored.items():
        if count > 1:
            yield Violation("stored-twice", f"event {key} is stored {count} times")
        if key not in ledger.entries:
            yield Violation("invented", f"event {key} is stored and nobody sent it")
    for event in log:
        sent = ledger.entries.get(event.key)
        if sent is not None and (sent.source, sent.group) != (event.source, event.group):
            yield Violation("changed", f"event {event.key} is stored as {event.source}/{event.group}")


def _versions(evidence: Evidence) -> Iterable[Violation]:
    """Each event has one judge in each Sensor: none older than the one before, none older than on disk at the start."""
    yield from (Violation("judged", oddity) for oddity in evidence.log.oddities)
    ready = [start.ready_at for start in evidence.starts]
    newest: dict[str, int] = {}
    for event in evidence.log.events:
        entry = evidence.ledger.entries.get(event.key)
        before = bisect.bisect_left(ready, entry.sent_at) if entry is not None else 0
        floor = evidence.starts[before - 1].edit if before else 0
        for sensor, edit in event.judged_by.items():
            if edit < newest.get(sensor, 0):
                what = f"{sensor} judged event {event.key} by edit {edit} after it had used {newest[sensor]}"
                yield Violation("older-edit", what)
            newest[sensor] = max(edit, newest.get(sensor, 0))
            # Sensors that no edit has touched stay at 0.
            if evidence.rules[floor][sensor] != evidence.rules[edit][sensor] and edit < floor:
                what = f"{sensor} judged event {event.key} by edit {edit}; {floor} was there when it was sent"
                yield Violation("stale-edit", what)


def _objects(fired: Sequence[Fired], made: Sequence[Made]) -> Iterable[Violation]:
    wanted = {(each.sensor, each.events): each for each in fired}
    found: dict[tuple[str, Events], list[Made]] = {}
    for one in made:
        found.setdefault((one.sensor, one.events), []).append(one)
    for (sensor, events), objects in found.items():
        if len(objects) > 1:
            names = ", ".join(one.name for one in objects)
            yield Violation("twice", f"{sensor} for {_text(events)}: {len(objects)} objects: {names}")
        if (sensor, events) not in wanted:
            yield Violation(_kind("unexpected", sensor), f"{sensor} for {_text(events)}: {objects[0].name}")
        elif objects[0].mark != wanted[sensor, events].mark:
            what = (
                f"{objects[0].name} was made by trigger {objects[0].mark}, not {wanted[sensor, events].mark}"
            )
            yield Violation("wrong-trigger", what)
    for sensor, events in wanted.keys() - found.keys():
        yield Violation(_kind("missing", sensor), f"{sensor} for {_text(events)}")


def _requests(fired: Sequence[Fired], received: Sequence[Received]) -> Iterable[Violation]:
    """Every effect arrived at least once, and always under one Idempotency-Key of its own."""
    wanted = {each.events for each in fired}
    keys: dict[Events, set[str | None]] = {}
    for request in received:
        events = tuple(sorted(json.loads(request.body).items()))
        keys.setdefault(events, set()).add(request.header("idempotency-key"))
    for events, found in keys.items():
        if len(found) > 1 or None in found:
            yield Violation("http-keys", f"{_text(events)} came under {len(found)} Idempotency-Keys")
        if events not in wanted:
            yield Violation("http-unexpected", _text(events))
    used = Counter(key for found in keys.values() for key in found)
    yield from (
        Violation("http-keys", f"{key} names {count} effects") for key, count in used.items() if count > 1
    )
    for events in wanted - keys.keys():
        yield Violation("http-missing", _text(events))


def _ends(evidence: Evidence) -> Iterable[Violation]:
    log = evidence.log
    yield from (Violation("refused", answer) for answer in evidence.ledger.refused)
    if log.dead_letters:
        yield Violation("dead-letters", f"{log.dead_letters} dead letters")
    if log.open_effects:
        yield Violation("open", f"{log.open_effects} effects have no outcome")


def _kind(word: str, sensor: str) -> str:
    return f"join-{word}" if sensor == JOIN_SENSOR else word


def _text(events: Events) -> str:
    return " ".join(f"{name}={key}" for name, key in events)
