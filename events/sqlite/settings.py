"""What can be set about the embedded bus; every default with its reason."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1_048_576
DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class SqliteSettings:
    """Limits of the embedded bus. Seconds, milliseconds and bytes as the names say."""

    max_event_bytes: int = 4 * MIB
    """Largest event taken, data and attributes. The sources' own limit (1 MiB) x 4/3 + 16 KiB fits with room."""

    dedup_window_s: int = 7 * DAY_S
    """How long an event key is known (design B2): senders repeat for hours, people redeliver within days."""

    ledger_retention_s: int = 14 * DAY_S
    """How long an ended effect is kept (spec: effects, section 7): longer than any sender's redelivery."""

    event_retention_s: int = 7 * DAY_S
    """How long a processed event is kept for `explain` and replay."""

    event_retention_bytes: int = 4096 * MIB
    """Processed events beyond this go, oldest first: half a million of 8 KB."""

    decision_rows: int = 1_000_000
    """Ring of decisions: one row an event, so about as many as events are kept."""

    decision_bytes: int = 512 * MIB
    """The same ring in bytes: with hundreds of interested Sensors a row is not small."""

    quota_s: int = 7 * DAY_S
    """How far a lagging Sensor may fall behind before its oldest events become dead letters (design B7)."""

    quota_bytes: int = 1024 * MIB
    """The same in bytes."""

    dead_letter_rows: int = 10_000
    """Dead letters of one Sensor: more than a person reads. When full, nothing more is dropped for it."""

    dead_letter_bytes: int = 256 * MIB
    """The same in bytes: a quarter of the quota of a lagging Sensor."""

    dead_letter_retention_s: int = 30 * DAY_S
    """How long a dead letter waits for somebody who replays it: a holiday and a week."""

    deleted_retention_s: int = DAY_S
    """State of a deleted resource outlives it by a day (design, section 4), so that a mistake can be undone."""

    reserve_bytes: int = 64 * MIB
    """Free space that publishing leaves for steps and outcomes (spec: effects, 11); at most 10 % of the disk."""

    group_insert_ms: float = 2.0
    """The loop inserts rows for at most this long before a commit: what a request may wait for another's row."""

    waiting_publications: int = 4096
    """Publish calls that wait for the writer; beyond it the source answers 503. About a second's worth."""

    waiting_bytes: int = 64 * MIB
    """The same in bytes, so that large events do not fill the memory."""

    recent_events: int = 1024
    """Events kept in memory between their commit and the runner's read; a slower runner reads the log."""

    recent_bytes: int = 8 * MIB
    """The same in bytes: part of the 120 MiB that a gateway with 100 Sensors may use."""

    generation_ids: int = 32_768
    """Ids that the dedup keeps in memory before it sorts them into the table (about 150 bytes each). Every page of
    the table is rewritten once a generation: 2.7 KB of log an id with five million in it, more with a smaller one."""

    checkpoint_bytes: int = 4 * MIB
    """Size of the write-ahead log at which a checkpoint runs beside the writer."""

    checkpoint_pause_bytes: int = 16 * MIB
    """Size at which the writer waits for the rest of a checkpoint, so that the log starts anew. The pause is one
    fsync of what was copied since the last: 2 ms for 16 MiB, 65 ms for 128 MiB where this was measured."""

    maintenance_s: float = 10.0
    """Seconds between rounds of retention."""
