"""Questions that runners and people ask of committed rows; each takes a connection that only reads."""

from __future__ import annotations

from collections.abc import Iterable

import apsw

from events.bus import (
    Effect,
    ResourceState,
    ResourceVersion,
    RunnerState,
    Standing,
    StoredEvent,
    StoredMemory,
    StoredTimer,
)
from events.sqlite.rows import (
    EFFECT_COLUMNS,
    EVENT_COLUMNS,
    EVENT_TABLES,
    VERSION_COLUMNS,
    effect,
    resource_version,
    unpack_topics,
)
from events.sqlite.rows import stored_event as event_of
from events.sqlite.topics import TopicNames
from events.topic import Topic

_OLDER_OF_ITS_KEY = (
    "SELECT older.number FROM effect AS older "
    "WHERE older.order_key = effect.order_key AND older.state = 0 AND older.number < effect.number"
)
_OLDER_PLANNED = (
    # What it is about is known when it is rendered. Of another trigger only until its first failure, and only the one
    # whose turn it is: a waiting retry, and what waits behind it, hold up nobody else.
    "SELECT older.number FROM effect AS older WHERE older.sensor = effect.sensor AND older.state = 0 "
    "AND older.rendered IS NULL AND older.order_mode <> 0 AND older.number < effect.number "
    "AND (older.reason = '' OR older.trigger = effect.trigger) "
    "AND NOT EXISTS (SELECT 1 FROM effect AS first WHERE first.order_key = older.order_key AND first.state = 0 "
    "AND first.number < older.number)"
)
_NOT_BEHIND_ANOTHER = (
    "(order_key IS NULL OR order_mode = 0 "
    f"OR (NOT EXISTS ({_OLDER_OF_ITS_KEY}) AND NOT EXISTS ({_OLDER_PLANNED})))"
)


def events_after(
    connection: apsw.Connection,
    names: TopicNames,
    after: int,
    *,
    limit: int,
    max_bytes: int,
    topics: frozenset[Topic] | None,
) -> list[StoredEvent]:
    """What `Runner.read` promises, from the log."""
    wanted = ""
    if topics is not None:
        numbers = [str(number) for number, topic in names.all().items() if topic in topics]
        wanted = f"AND h.topic IN ({','.join(numbers)})"
    rows = connection.execute(
        f"SELECT {EVENT_COLUMNS}, h.size FROM {EVENT_TABLES} WHERE h.sequence > ? AND h.standing <> ? {wanted} "
        "ORDER BY h.sequence LIMIT ?",
        (after, int(Standing.SUSPECTED_REPLAY), limit),
    )
    found: list[StoredEvent] = []
    size = 0
    for row in rows:
        size += row[-1]
        if found and size > max_bytes:
            break
        found.append(event_of(row[:-1], names.topic(row[1])))
    return found


def one_event(connection: apsw.Connection, names: TopicNames, sequence: int) -> StoredEvent | None:
    rows = connection.execute(f"SELECT {EVENT_COLUMNS} FROM {EVENT_TABLES} WHERE h.sequence = ?", (sequence,))
    return next((event_of(row, names.topic(row[1])) for row in rows), None)


def due_effects(
    connection: apsw.Connection, now_us: int, *, limit: int, after: tuple[int, int]
) -> list[Effect]:
    rows = connection.execute(
        f"SELECT {EFFECT_COLUMNS} FROM effect WHERE state = 0 AND due_us <= ? AND (due_us, number) > (?, ?) "
        f"AND {_NOT_BEHIND_ANOTHER} ORDER BY due_us, number LIMIT ?",
        (now_us, *after, limit),
    )
    return [effect(row) for row in rows]


def due_in_order(connection: apsw.Connection, order_key: bytes, now_us: int) -> Effect | None:
    # One step in the index of the order: a backlog behind the effect costs nothing.
    rows = connection.execute(
        f"SELECT {EFFECT_COLUMNS} FROM effect WHERE number = (SELECT number FROM effect WHERE order_key = ? "
        f"AND state = 0 ORDER BY number LIMIT 1) AND due_us <= ? AND {_NOT_BEHIND_ANOTHER}",
        (order_key, now_us),
    )
    return next(map(effect, rows), None)


def behind(connection: apsw.Connection, number: int) -> int:
    """The effect that an open one waits for; 0 = none."""
    rows = connection.execute(
        f"SELECT coalesce(({_OLDER_OF_ITS_KEY} LIMIT 1), ({_OLDER_PLANNED} LIMIT 1), 0) FROM effect "
        "WHERE number = ? AND state = 0 AND order_key IS NOT NULL AND order_mode <> 0",
        (number,),
    )
    return next((int(row[0]) for row in rows), 0)


def next_due_us(connection: apsw.Connection, now_us: int) -> int | None:
    rows = connection.execute(
        "SELECT due_us FROM effect WHERE state = 0 AND due_us > ? ORDER BY due_us LIMIT 1", (now_us,)
    )
    return next((int(row[0]) for row in rows), None)


def last_attempt_us(connection: apsw.Connection, sensor: str, trigger: str) -> int | None:
    rows = connection.execute(
        "SELECT at_us FROM last_attempt WHERE sensor = ? AND trigger = ?", (sensor, trigger)
    )
    return next((int(row[0]) for row in rows), None)


def newest_versions(connection: apsw.Connection) -> tuple[ResourceVersion, ...]:
    rows = connection.execute(
        f"SELECT {VERSION_COLUMNS} FROM resource_version WHERE id IN (SELECT version FROM resource) ORDER BY id"
    )
    return tuple(resource_version(row) for row in rows)


def unprocessed_floors(connection: apsw.Connection, names: TopicNames) -> dict[int, int]:
    """Per topic number: up to where every interested Sensor has passed it.

    Places only grow, so that an answer that is a moment old keeps too much, never too little.
    """
    shared = min(
        (int(row[0]) for row in connection.execute("SELECT place FROM runner WHERE epoch > 0")), default=0
    )
    behind = lagging(connection)
    numbers = {topic: number for number, topic in names.all().items()}
    floors: dict[int, int] = {}
    interested = connection.execute(
        "SELECT resource.uid, topics FROM resource JOIN resource_version ON id = version WHERE state <> ?",
        (int(ResourceState.DELETED),),
    )
    for uid, packed in interested:
        place_of_it = behind.get(uid, shared)
        for topic in unpack_topics(packed):
            number = numbers.get(topic)
            if number is not None:
                floors[number] = min(place_of_it, floors.get(number, place_of_it))
    return floors


def memories(connection: apsw.Connection, sensor: str | None) -> tuple[StoredMemory, ...]:
    """Of one Sensor, or of all."""
    where, values = ("", ()) if sensor is None else ("WHERE sensor = ?", (sensor,))
    return tuple(
        StoredMemory(*row)
        for row in connection.execute(f"SELECT sensor, key, state FROM memory {where}", values)
    )


def lagging(connection: apsw.Connection) -> dict[str, int]:
    return dict(_pairs(connection.execute("SELECT sensor, place FROM lagging")))


def lagging_place(connection: apsw.Connection, sensor: str) -> int | None:
    rows = connection.execute("SELECT place FROM lagging WHERE sensor = ?", (sensor,))
    return next((int(row[0]) for row in rows), None)


def place(connection: apsw.Connection, shard: str) -> int:
    rows = connection.execute("SELECT place FROM runner WHERE shard = ?", (shard,))
    return next((int(row[0]) for row in rows), 0)


def runner_state(connection: apsw.Connection, shard: str, unclean_starts: int) -> RunnerState:
    """Everything committed that a runner begins with, as of one moment."""
    connection.execute("BEGIN")
    try:
        timers = connection.execute(
            "SELECT sensor, key, due_us, payload FROM timer ORDER BY due_us, sensor, key"
        )
        return RunnerState(
            place=place(connection, shard),
            lagging=lagging(connection),
            memories=memories(connection, None),
            timers=tuple(StoredTimer(*row) for row in timers),
            resources=newest_versions(connection),
            unclean_starts=unclean_starts,
        )
    finally:
        connection.execute("COMMIT")


def _pairs(rows: Iterable[tuple[object, ...]]) -> Iterable[tuple[str, int]]:
    return ((str(row[0]), int(str(row[1]))) for row in rows)
