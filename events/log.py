"""Logging: an event name and keys, as JSON or text, over the standard library's logging.

    log = log.bind(sensor="ci/build", trigger="job")
    log.info("trigger.fired", object="ci/Job/build-7f3a", attempt=2, took_ms=41)

Values are cut at 1 KiB and their control and bidirectional characters escaped, so that one record is one line
(spec: signatures 4, log injection). Values under names that sound like a secret, `Secret` and bytes never
appear. Nothing here formats a traceback with local variables or an exception's text of unknown origin.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import re
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable
from typing import IO, Any, Literal

ROOT = "kikkake"
"""Name of our logger in the standard library's tree."""
MAX_VALUE_BYTES = 1024

_SECRET_NAME = re.compile(
    r"secret|passw|token|authorization|cookie|signature|credential|private_?key|api_?key", re.IGNORECASE
)
_NAMES_A_SECRET = re.compile(r"_(ref|name|index|missing)$")
"""Keys such as `secret_ref` say which secret is meant, not what it is."""
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_MASK = "***"


class Secret:
    """A value that shows itself to nobody by accident: its repr and str are a mask."""

    __slots__ = ("value",)

    def __init__(self, value: bytes) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"Secret({_MASK})"

    def __str__(self) -> str:
        return _MASK


class Logger:
    """Writes records under `kikkake.<name>` with the keys that it is bound to."""

    __slots__ = ("_bound", "_limiter", "_sink")

    def __init__(
        self, name: str, bound: dict[str, Any] | None = None, limiter: _Limiter | None = None
    ) -> None:
        self._sink = logging.getLogger(f"{ROOT}.{name}" if name else ROOT)
        self._bound = bound or {}
        self._limiter = limiter or _Limiter()

    def bind(self, **keys: Any) -> Logger:
        """The same logger with more keys on every record; it shares its rate limits with this one."""
        return Logger(self._sink.name.removeprefix(ROOT).lstrip("."), {**self._bound, **keys}, self._limiter)

    @property
    def is_debug(self) -> bool:
        """Whether a debug record would be written: ask before building expensive values."""
        return self._sink.isEnabledFor(logging.DEBUG)

    def debug(self, event: str, **keys: Any) -> None:
        self._write(logging.DEBUG, event, keys)

    def info(self, event: str, **keys: Any) -> None:
        """A thing that users asked for happened."""
        self._write(logging.INFO, event, keys)

    def warning(self, event: str, **keys: Any) -> None:
        """It healed itself, or somebody outside did something wrong."""
        self._write(logging.WARNING, event, keys)

    def error(self, event: str, **keys: Any) -> None:
        """Someone must act."""
        self._write(logging.ERROR, event, keys)

    def limited_warning(self, event: str, limit_key: tuple[str, ...], **keys: Any) -> None:
        """A warning of which at most ten a second are written per `limit_key`; the next says how many were not."""
        self._write_limited(logging.WARNING, event, limit_key, keys)

    def limited_info(self, event: str, limit_key: tuple[str, ...], **keys: Any) -> None:
        """As `limited_warning` for a thing that anybody outside may ask for as often as they like."""
        self._write_limited(logging.INFO, event, limit_key, keys)

    def bug(self, event: str, error: BaseException, **keys: Any) -> None:
        """An error of ours: where it happened, without local variables and without the exception's text."""
        frames = traceback.extract_tb(error.__traceback__)
        where = " < ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in reversed(frames))
        self._write(logging.ERROR, event, {**keys, "error": type(error).__name__, "traceback": where})

    def _write_limited(
        self, level: int, event: str, limit_key: tuple[str, ...], keys: dict[str, Any]
    ) -> None:
        is_written, suppressed = self._limiter.admit((event, *limit_key))
        if is_written:
            self._write(level, event, {**keys, "suppressed": suppressed} if suppressed else keys)

    def _write(self, level: int, event: str, keys: dict[str, Any]) -> None:
        if self._sink.isEnabledFor(level):
            self._sink.log(level, event, extra={"keys": {**self._bound, **keys}})


class _Limiter:
    """Ten records a second and key; keys are bounded, the longest unused one is forgotten."""

    _PER_SECOND = 10
    _MAX_KEYS = 1024

    def __init__(self) -> None:
        self._counts: OrderedDict[tuple[str, ...], list[float]] = OrderedDict()

    def admit(self, key: tuple[str, ...]) -> tuple[bool, int]:
        """Whether to write one now, and how many were left out since the last one that was written."""
        now_s = time.monotonic()
        entry = self._counts.setdefault(key, [now_s, 0, 0])
        self._counts.move_to_end(key)
        if len(self._counts) > self._MAX_KEYS:
            self._counts.popitem(last=False)
        if now_s - entry[0] >= 1:
            entry[0], entry[1] = now_s, 0
        if entry[1] >= self._PER_SECOND:
            entry[2] += 1
            return False, 0
        entry[1] += 1
        suppressed, entry[2] = int(entry[2]), 0
        return True, suppressed


def configure(
    *, level: str = "INFO", form: Literal["json", "text"] = "json", stream: IO[str] | None = None
) -> None:
    """Send our records (and nobody else's) to `stream`, standard error by default. Called once, by the command."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    root = logging.getLogger(ROOT)
    root.handlers[:] = [handler]
    root.setLevel(level)
    root.propagate = False


def name_sensors(name_of: Callable[[str], str]) -> None:
    """Have lines say what a Sensor is called where code knows its uid: the key `sensor` of every record."""
    for handler in logging.getLogger(ROOT).handlers:
        if isinstance(handler.formatter, _KeysFormatter):
            handler.formatter.name_of = name_of


class _KeysFormatter(logging.Formatter):
    """What both forms share."""

    name_of: Callable[[str], str] = staticmethod(str)

    def shown(self, record: logging.LogRecord) -> dict[str, Any]:
        """The keys of a record as they may be written."""
        keys: dict[str, Any] = getattr(record, "keys", {})
        shown = {_clean(name): redacted(name, value) for name, value in keys.items()}
        if isinstance(sensor := shown.get("sensor"), str):
            shown["sensor"] = _clean(self.name_of(sensor))
        return shown


class JsonFormatter(_KeysFormatter):
    """One JSON object a line: `time`, `level`, `logger`, `event`, then the keys in order."""

    def format(self, record: logging.LogRecord) -> str:
        shown = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": _clean(record.getMessage()),
        }
        shown |= {name: value for name, value in self.shown(record).items() if name not in shown}
        return json.dumps(shown, ensure_ascii=True)


class TextFormatter(_KeysFormatter):
    """For people: time, level, event, then `key=value`."""

    def format(self, record: logging.LogRecord) -> str:
        keys = "".join(f"  {name}={value}" for name, value in self.shown(record).items())
        return f"{_time(record)} {record.levelname:7} {_clean(record.getMessage())}{keys}"


def _time(record: logging.LogRecord) -> str:
    moment = dt.datetime.fromtimestamp(record.created, dt.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def names_a_secret(name: str) -> bool:
    """Whether what stands under this name is most likely a secret."""
    return bool(_SECRET_NAME.search(name)) and not _NAMES_A_SECRET.search(name)


def redacted(name: str, value: Any) -> Any:
    """A value as it may stand in a log line under that name."""
    if isinstance(value, Secret) or names_a_secret(name):
        return _MASK
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [redacted(name, item) for item in value[:32]]
    if isinstance(value, dict):
        return {_clean(str(key)): redacted(str(key), item) for key, item in list(value.items())[:32]}
    return _clean(str(value))


def _clean(text: str) -> str:
    shown = text if len(text) <= MAX_VALUE_BYTES else text[:MAX_VALUE_BYTES] + "…"
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", shown)
