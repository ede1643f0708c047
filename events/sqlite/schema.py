"""The tables, and how a connection to them is opened.

Rows that are written for every event go to the end of their table: a random insert costs a page of the log.
The two exceptions are `seen` (filled in sorted slices, see dedup.py) and the indexes of open effects, which are small.
"""

from __future__ import annotations

import secrets
from pathlib import Path

import apsw

from events.bus import NewerStore
from events.errors import KikkakeError

VERSION = 1
"""Of the tables; a store with a higher one was written by a newer Kikkake and is left alone."""

_OLDEST_SQLITE = 3_051_003  # 3.51.3: earlier ones can corrupt a write-ahead log (spec: effects, section 11)
_PAGE_BYTES = 16_384
"""Measured with events of 8 KB: 12.1 us of CPU each to insert and commit, 13.6 with pages of 4 KiB."""

_WRITER_CACHE_KIB = 4096
"""Holds the inner pages of every table (400 KiB for five million ids) and a group's leaves. There is no memory map:
it saves the copy of a page, but stalled commits for up to 1.5 s while a checkpoint wrote to the mapped pages."""

_BUSY_MS = 200
"""Nobody else writes, thanks to the lock of the folder; a person with a SQLite shell may, and the loop waits for it."""

_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE counters (id INTEGER PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE topic (
    id INTEGER PRIMARY KEY, namespace TEXT NOT NULL, event_bus TEXT NOT NULL,
    event_source TEXT NOT NULL, event_name TEXT NOT NULL,
    UNIQUE (namespace, event_bus, event_source, event_name)
);
CREATE TABLE event_head (
    sequence INTEGER PRIMARY KEY, topic INTEGER NOT NULL, stored_us INTEGER NOT NULL, standing INTEGER NOT NULL,
    size INTEGER NOT NULL, ce_id TEXT NOT NULL, key BLOB NOT NULL, replay BLOB, head BLOB NOT NULL
);
CREATE TABLE event_body (sequence INTEGER PRIMARY KEY, data BLOB);
CREATE TABLE seen (id BLOB PRIMARY KEY, sequence INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE tick (sequence INTEGER PRIMARY KEY, us INTEGER NOT NULL);
CREATE TABLE decision (sequence INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE effect (
    number INTEGER PRIMARY KEY, id BLOB NOT NULL, sensor TEXT NOT NULL, version INTEGER NOT NULL,
    trigger TEXT NOT NULL, role TEXT NOT NULL, kind TEXT NOT NULL, events BLOB NOT NULL, fired_by INTEGER NOT NULL,
    state INTEGER NOT NULL, created_us INTEGER NOT NULL, due_us INTEGER NOT NULL, ended_us INTEGER NOT NULL,
    attempt INTEGER NOT NULL, answered INTEGER NOT NULL, order_key BLOB, order_mode INTEGER NOT NULL,
    rendered BLOB, occasion TEXT NOT NULL, nonce TEXT NOT NULL, reason TEXT NOT NULL, result BLOB NOT NULL,
    history BLOB NOT NULL
);
CREATE INDEX effect_due ON effect (due_us, number) WHERE state = 0;
CREATE INDEX effect_order ON effect (order_key, state, number) WHERE order_key IS NOT NULL;
CREATE INDEX effect_fired ON effect (fired_by, number);
CREATE TABLE effect_part (sequence INTEGER, number INTEGER, PRIMARY KEY (sequence, number)) WITHOUT ROWID;
CREATE TABLE last_attempt (
    sensor TEXT, trigger TEXT, at_us INTEGER NOT NULL, PRIMARY KEY (sensor, trigger)
) WITHOUT ROWID;
CREATE TABLE memory (
    sensor TEXT, key TEXT, state BLOB NOT NULL, holds BLOB NOT NULL, PRIMARY KEY (sensor, key)
) WITHOUT ROWID;
CREATE TABLE hold (sequence INTEGER, sensor TEXT, key TEXT, PRIMARY KEY (sequence, sensor, key)) WITHOUT ROWID;
CREATE TABLE timer (
    sensor TEXT, key TEXT, due_us INTEGER NOT NULL, payload BLOB NOT NULL, PRIMARY KEY (sensor, key)
) WITHOUT ROWID;
CREATE TABLE runner (
    shard TEXT PRIMARY KEY, epoch INTEGER NOT NULL, place INTEGER NOT NULL, starts INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE lagging (sensor TEXT PRIMARY KEY, place INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE resource_version (
    id INTEGER PRIMARY KEY, uid TEXT NOT NULL, kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    state INTEGER NOT NULL, spec_hash BLOB NOT NULL, text BLOB NOT NULL, topics BLOB NOT NULL, starts BLOB NOT NULL,
    changed_us INTEGER NOT NULL, left_us INTEGER NOT NULL
);
CREATE INDEX resource_version_text ON resource_version (uid, spec_hash);
CREATE TABLE resource (uid TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE dead_letter (
    number INTEGER PRIMARY KEY, sensor TEXT NOT NULL, trigger TEXT NOT NULL, effect INTEGER NOT NULL,
    sequence INTEGER NOT NULL, at_us INTEGER NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL, size INTEGER NOT NULL
);
CREATE INDEX dead_letter_effect ON dead_letter (effect);
CREATE INDEX dead_letter_sequence ON dead_letter (sequence);
CREATE INDEX dead_letter_sensor ON dead_letter (sensor, number, size);
"""

_LATER_INDEXES = """
CREATE INDEX IF NOT EXISTS effect_planned ON effect (sensor, number)
    WHERE state = 0 AND rendered IS NULL AND order_mode <> 0;
"""
"""Made in older stores too; an older build does not mind them."""


class SqliteTooOld(KikkakeError):
    """The SQLite at hand has the bug in its write-ahead log."""


class StoreDamaged(KikkakeError):
    """The check after a storage error found the store damaged; it is not opened."""


def open_writer(database: Path, *, vfs: str | None = None) -> apsw.Connection:
    """The one connection that writes; makes the tables of a new store. Raises NewerStore, SqliteTooOld."""
    if apsw.SQLITE_VERSION_NUMBER < _OLDEST_SQLITE:
        raise SqliteTooOld(
            f"SQLite {apsw.sqlite_lib_version()}: 3.51.3 or later is needed; update the package apsw"
        )
    connection = _connect(database, apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE, vfs)
    connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA cache_size = -{_WRITER_CACHE_KIB}")
    _make_tables(connection, database)
    return connection


def open_checkpointer(database: Path, *, vfs: str | None = None) -> apsw.Connection:
    """The connection that copies the write-ahead log into the database, on a thread of its own."""
    connection = _connect(database, apsw.SQLITE_OPEN_READWRITE, vfs)
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def open_reading(database: Path, *, vfs: str | None = None) -> apsw.Connection:
    """A connection that cannot write; sees what is committed. Raises NewerStore."""
    connection = _connect(database, apsw.SQLITE_OPEN_READONLY, vfs)
    connection.execute("PRAGMA query_only = ON")
    _refuse_newer(connection, database)
    return connection


def check(connection: apsw.Connection, database: Path) -> None:
    """Look whether the store is sound, after a storage error. Raises StoreDamaged."""
    try:
        findings = [str(row[0]) for row in connection.execute("PRAGMA quick_check(3)")]
    except apsw.Error as err:
        findings = [str(err)]
    if findings != ["ok"]:
        raise StoreDamaged(
            f"store {database}: damaged after a storage error ({findings[0]}); "
            "restore a backup of the folder, or start with an empty one"
        )


def _connect(database: Path, flags: int, vfs: str | None) -> apsw.Connection:
    connection = apsw.Connection(str(database), flags=flags, vfs=vfs)
    # A checkpoint at close would write after a failed fsync; a clean close runs its own.
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    connection.set_busy_timeout(_BUSY_MS)
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    return connection


def _refuse_newer(connection: apsw.Connection, database: Path) -> int:
    found = int(next(iter(connection.execute("PRAGMA user_version")))[0])
    if found > VERSION:
        raise NewerStore(
            f"store {database}: format {found}, this version knows {VERSION}; use the newer Kikkake"
        )
    return found


def _make_tables(connection: apsw.Connection, database: Path) -> None:
    is_new = _refuse_newer(connection, database) != VERSION
    with connection:
        if is_new:
            connection.execute(_TABLES)
            connection.execute("INSERT INTO meta VALUES ('store_key', ?)", (secrets.token_bytes(32),))
            connection.execute("INSERT INTO runner VALUES ('default', 0, 0, 0)")
            connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute(_LATER_INDEXES)
