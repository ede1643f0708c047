"""The record of one event in all interested Sensors: small integers, one packed record an event.

Values that were looked at are not kept: `explain` computes them again from the stored event and the stored text of
the Sensor, of which the record holds the version.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any

import msgspec

_FORMAT = 1


class MarkCode(enum.IntEnum):
    """What an event did in one trigger."""

    FIRED = 1
    HELD = 2
    """It waits for others."""
    RENDER_FAILED = 3
    """It fired, and the trigger could not be rendered: a dead letter."""
    SUPERSEDED = 4
    """It was held, and an edit of the Sensor released it."""
    CRASHED = 5
    """Judging it killed the process three times: a dead letter, never judged again."""
    NO_KEY = 6
    """It passed, and has no value to be correlated by."""
    TIMED_OUT = 7
    """It was held until its correlation key was given up."""
    RESET = 8
    """It was held, and a reset let go of it."""


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """One thing that an event did in one trigger; a trigger may have two (`x || y`)."""

    trigger: int
    """Index of the trigger in the Sensor; -1 = the Sensor as a whole."""
    code: int
    held: tuple[int, ...] = ()
    """For HELD: indexes of the dependencies whose events were then held, its own included."""


class SensorDecision(msgspec.Struct, frozen=True, array_like=True):
    """What one Sensor said of the event."""

    version: int
    """`ResourceVersion.id` of the text that judged."""
    verdicts: tuple[int, ...]
    """Pairs: index of the dependency, packed verdict (`filter.unpack_verdict`)."""
    marks: tuple[Mark, ...] = ()


class _Record(msgspec.Struct, frozen=True, array_like=True):
    format: int
    sensors: tuple[SensorDecision, ...]


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Record)


def encode_decisions(sensors: Sequence[SensorDecision | tuple[Any, ...]]) -> bytes:
    """The packed record. Plain tuples in the shape of `SensorDecision` are taken too: the hot path builds those."""
    return _ENCODER.encode((_FORMAT, sensors))


def decode_decisions(record: bytes) -> tuple[SensorDecision, ...]:
    """What `encode_decisions` wrote. Raises msgspec.ValidationError for anything else."""
    return _DECODER.decode(record).sensors


def merge_decisions(earlier: bytes | None, sensors: Sequence[SensorDecision | tuple[Any, ...]]) -> bytes:
    """`earlier` with these added; one of the same version takes the place of the one before."""
    merged: dict[int, SensorDecision | tuple[Any, ...]] = {}
    if earlier is not None:
        merged = {decision.version: decision for decision in decode_decisions(earlier)}
    for decision in sensors:
        merged[decision.version if isinstance(decision, SensorDecision) else decision[0]] = decision
    return encode_decisions(list(merged.values()))


def renew_decisions(
    earlier: bytes | None, sensors: Sequence[tuple[int, Sequence[int], Sequence[tuple[Any, ...]]]]
) -> bytes:
    """`earlier` with Sensors (version, verdicts, marks) that were judged anew.

    What the same version said of other triggers stays, except that it had crashed.
    """
    before = {one.version: one for one in decode_decisions(earlier)} if earlier is not None else {}
    renewed: list[tuple[Any, ...]] = []
    for version, verdicts, marks in sensors:
        told = {mark[0] for mark in marks}
        old = before[version].marks if version in before else ()
        kept = [mark for mark in old if mark.trigger not in told and mark.code != MarkCode.CRASHED]
        renewed.append((version, verdicts, (*kept, *marks)))
    return merge_decisions(earlier, renewed)


def with_mark(earlier: bytes | None, version: int, mark: Mark) -> bytes:
    """`earlier` with one more mark of the Sensor version."""
    decisions = decode_decisions(earlier) if earlier is not None else ()
    before = next((each for each in decisions if each.version == version), SensorDecision(version, ()))
    return merge_decisions(earlier, [msgspec.structs.replace(before, marks=(*before.marks, mark))])
