"""The ledger: effects, their attempts and outcomes, and the dead letters that end some of them.

Order (design, section 4). An effect with an order key and a mode other than NONE runs when no older open one of
its key is left. A new SUPERSEDE effect ends every older SUPERSEDE effect of its key and trigger that waits for its
first attempt or for a retry. One whose attempt is under way (or in doubt) is not touched: the new one waits for it, and
if that attempt asks for a retry, it ends as superseded instead. A WAIT effect is never superseded: what a patch
or a delete does, a newer apply need not do. Dead ones block nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from events.bus import Effect, EffectState, EventRef, NewEffect, OrderMode, Outcome
from events.sqlite.rows import EFFECT_COLUMNS, effect, pack
from events.sqlite.transaction import Transaction

_INSERT = f"INSERT INTO effect VALUES ({', '.join('?' * 23)})"
_SUPERSEDED = "effect {number}, newer and on the same object, took its place"


_DONE = (
    "UPDATE effect SET state = 1, ended_us = ?, answered = attempt, reason = ?, result = ?, history = ? "
    "WHERE number = ? AND state = 0 AND attempt = ?"
)


class Ledger:
    """The writer's side; every method runs inside a transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._execute = transaction.execute

    def insert(self, new: NewEffect, version: int, now_us: int) -> int:
        """Give an effect its number and row; `version` is resolved."""
        self._transaction.counters.effect += 1
        number = self._transaction.counters.effect
        fired_by = _newest(new.events)
        if new.order_mode is OrderMode.SUPERSEDE:
            self._supersede_older((new.order_key, new.sensor, new.trigger, new.role), number, now_us)
        self._execute(
            _INSERT,
            (
                number,
                new.id,
                new.sensor,
                version,
                new.trigger,
                new.role,
                new.kind,
                pack(new.events),
                fired_by,
                int(EffectState.OPEN),
                now_us,
                new.due_us,
                0,
                new.attempt,
                0,
                new.order_key,
                int(new.order_mode),
                new.rendered,
                new.occasion,
                new.nonce,
                "",
                b"",
                pack(()),
            ),
        )
        for sequence in {ref.sequence for ref in new.events} - {fired_by}:
            self._execute("INSERT INTO effect_part VALUES (?, ?)", (sequence, number))
        if new.attempt:
            self._note_attempt(new.sensor, new.trigger, now_us)
        return number

    def plan(
        self, number: int, rendered: bytes, order_key: bytes | None, order_mode: OrderMode, now_us: int
    ) -> bool:
        """The first bytes stay: an attempt may have sent them. False: it is not the effect's turn in its order."""
        self._execute(
            "UPDATE effect SET rendered = ?, order_key = ?, order_mode = ? WHERE number = ? AND rendered IS NULL",
            (rendered, order_key, int(order_mode), number),
        )
        found = self.get(number)
        if found is None or found.order_key is None or found.order_mode is OrderMode.NONE:
            return True
        if found.order_mode is OrderMode.SUPERSEDE:
            self._supersede_older((found.order_key, found.sensor, found.trigger, found.role), number, now_us)
        newer = self._overtaker(found)
        if newer is None and not self._has_older(found):
            return True
        state = EffectState.OPEN if newer is None else EffectState.SUPERSEDED
        self._execute(
            "UPDATE effect SET state = ?, attempt = answered, ended_us = ?, reason = ? WHERE number = ?",
            (
                int(state),
                0 if newer is None else now_us,
                found.reason if newer is None else _SUPERSEDED.format(number=newer),
                number,
            ),
        )
        return False

    def begin(self, number: int, attempt: int, at_us: int) -> bool:
        """Record the intent; False when the effect is not open any more."""
        self._execute(
            "UPDATE effect SET attempt = ? WHERE number = ? AND state = ?",
            (attempt, number, int(EffectState.OPEN)),
        )
        if not self._transaction.connection.changes():
            return False
        for sensor, trigger in self._execute(
            "SELECT sensor, trigger FROM effect WHERE number = ?", (number,)
        ):
            self._note_attempt(sensor, trigger, at_us)
        return True

    def settle(self, outcome: Outcome) -> bool:
        """Record an outcome; False when its attempt is not the newest, or the effect has ended."""
        if outcome.state is EffectState.DONE and outcome.result and outcome.history:
            # Nearly every outcome: it says everything that the row will say, so the row need not be read.
            self._execute(
                _DONE,
                (
                    outcome.at_us,
                    outcome.reason,
                    outcome.result,
                    pack(outcome.history[-10:]),
                    outcome.number,
                    outcome.attempt,
                ),
            )
            return self._transaction.connection.changes() == 1
        found = self.get(outcome.number)
        if found is None or found.state is not EffectState.OPEN or found.attempt != outcome.attempt:
            return False
        state, reason = outcome.state, outcome.reason
        newer = self._overtaker(found) if state is EffectState.OPEN else None
        if newer is not None:
            state, reason = EffectState.SUPERSEDED, _SUPERSEDED.format(number=newer)
        attempt = found.attempt if outcome.counts_as_attempt else max(0, found.attempt - 1)
        self._execute(
            "UPDATE effect SET state = ?, due_us = ?, ended_us = ?, attempt = ?, answered = ?, reason = ?, result = ?, "
            "history = ? WHERE number = ?",
            (
                int(state),
                outcome.due_us or found.due_us,
                0 if state is EffectState.OPEN else outcome.at_us,
                attempt,
                attempt,
                reason,
                outcome.result or found.result,
                pack(outcome.history[-10:] or found.history),
                found.number,
            ),
        )
        if state is EffectState.DEAD:
            size = len(found.rendered or b"") + self._event_bytes(found.events)
            sequence = _newest(found.events)
            place = (found.sensor, found.trigger, found.number, sequence)
            self.bury(*place, at_us=outcome.at_us, reason=reason, detail=outcome.detail, size=size)
        return True

    def revive(self, number: int, due_us: int) -> Effect | None:
        """Open a dead effect; one that a newer of its order key has overtaken ends as superseded instead."""
        found = self.get(number)
        if found is None or found.state is not EffectState.DEAD:
            return None
        self._execute("DELETE FROM dead_letter WHERE effect = ?", (number,))
        newer = self._overtaker(found)
        state = EffectState.OPEN if newer is None else EffectState.SUPERSEDED
        reason = "" if newer is None else _SUPERSEDED.format(number=newer)
        self._execute(
            "UPDATE effect SET state = ?, due_us = ?, ended_us = ?, reason = ? WHERE number = ?",
            (int(state), due_us, 0 if newer is None else due_us, reason, number),
        )
        return self.get(number)

    def bring_forward(self, kinds: Sequence[str], reasons: Sequence[str], now_us: int) -> int:
        """Those that wait for a time to come, and for one of the reasons."""
        marks = [", ".join("?" * len(words)) for words in (kinds, reasons)]
        found = self._execute(
            "UPDATE effect SET due_us = ? WHERE state = 0 AND due_us > ? AND answered = attempt "
            f"AND kind IN ({marks[0]}) AND reason IN ({marks[1]}) RETURNING number",
            (now_us, now_us, *kinds, *reasons),
        )
        return sum(1 for _ in found)

    def get(self, number: int) -> Effect | None:
        rows = self._execute(f"SELECT {EFFECT_COLUMNS} FROM effect WHERE number = ?", (number,))
        return next((effect(row) for row in rows), None)

    def bury(  # noqa: PLR0913 - the columns of a dead letter
        self,
        sensor: str,
        trigger: str,
        effect_number: int,
        sequence: int,
        *,
        at_us: int,
        reason: str,
        detail: str,
        size: int,
    ) -> None:
        """Insert a dead letter."""
        self._transaction.counters.letter += 1
        self._execute(
            "INSERT INTO dead_letter VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self._transaction.counters.letter,
                sensor,
                trigger,
                effect_number,
                sequence,
                at_us,
                reason,
                detail,
                size,
            ),
        )

    def bury_event(
        self, sensor: str, trigger: str, sequence: int, *, at_us: int, reason: str, detail: str
    ) -> None:
        """A dead letter for an event that never became an effect."""
        size = self._event_bytes((EventRef("", sequence, b""),))
        self.bury(sensor, trigger, 0, sequence, at_us=at_us, reason=reason, detail=detail, size=size)

    def _event_bytes(self, refs: Iterable[EventRef]) -> int:
        sizes = (
            row[0]
            for sequence in {ref.sequence for ref in refs}
            for row in self._execute("SELECT size FROM event_head WHERE sequence = ?", (sequence,))
        )
        return sum(sizes)

    def _supersede_older(self, whose: tuple[bytes | None, str, str, str], number: int, now_us: int) -> None:
        """Of the same order key, sensor, trigger and role: another trigger may say something else of the object."""
        self._execute(
            "UPDATE effect SET state = ?, ended_us = ?, reason = ? WHERE order_key = ? AND sensor = ? AND trigger = ? "
            "AND role = ? AND state = 0 AND number < ? AND order_mode = ? AND attempt = answered",
            (
                int(EffectState.SUPERSEDED),
                now_us,
                _SUPERSEDED.format(number=number),
                *whose,
                number,
                int(OrderMode.SUPERSEDE),
            ),
        )

    def _overtaker(self, found: Effect) -> int | None:
        """The newer SUPERSEDE effect of its key and trigger that waits or has succeeded; None = there is none."""
        if found.order_key is None or found.order_mode is not OrderMode.SUPERSEDE:
            return None
        newer = self._execute(
            "SELECT number FROM effect WHERE order_key = ? AND sensor = ? AND trigger = ? AND role = ? "
            "AND state IN (0, 1) AND number > ? AND order_mode = ? LIMIT 1",
            (
                found.order_key,
                found.sensor,
                found.trigger,
                found.role,
                found.number,
                int(OrderMode.SUPERSEDE),
            ),
        )
        return next((int(row[0]) for row in newer), None)

    def _has_older(self, found: Effect) -> bool:
        older = self._execute(
            "SELECT 1 FROM effect WHERE order_key = ? AND state = 0 AND number < ? LIMIT 1",
            (found.order_key, found.number),
        )
        return next(iter(older), None) is not None

    def _note_attempt(self, sensor: str, trigger: str, at_us: int) -> None:
        self._execute("INSERT OR REPLACE INTO last_attempt VALUES (?, ?, ?)", (sensor, trigger, at_us))


def _newest(refs: Iterable[EventRef]) -> int:
    """The event that made it fire: the last one to arrive. 0 where no event did."""
    return max((ref.sequence for ref in refs), default=0)
