"""The runner of a shard: reads the log, commits steps, begins and settles attempts; fenced by its epoch (B5)."""

from __future__ import annotations

from collections.abc import Sequence

from events.bus import (
    Effect,
    OrderMode,
    Outcome,
    Runner,
    RunnerFenced,
    RunnerState,
    Step,
    StepReceipt,
    StoredEvent,
)
from events.clock import Clock
from events.sqlite import listing
from events.sqlite.effects import Ledger
from events.sqlite.log import Recent
from events.sqlite.reading import Reading
from events.sqlite.steps import Steps
from events.sqlite.transaction import Transaction
from events.sqlite.writer import Lane, Writer
from events.topic import Topic


class Shards:
    """Who owns which shard: the newest epoch of each, and how often its runner died without a clean end."""

    def __init__(self, transaction: Transaction) -> None:
        self._execute = transaction.execute
        self._starts: dict[str, int] = {}
        self._epochs: dict[str, int] = {}
        for shard, epoch, starts in list(self._execute("SELECT shard, epoch, starts FROM runner")):
            self._starts[shard] = starts
            self._epochs[shard] = epoch

    def count_start(self) -> None:
        """This process is a start that `count_end` or a new place will take back."""
        self._execute("UPDATE runner SET starts = starts + 1")

    def count_end(self) -> None:
        """The process ends cleanly."""
        self._execute("UPDATE runner SET starts = 0")

    def take_over(self, shard: str) -> int:
        """The next epoch; from now on the older ones are refused."""
        self._execute(
            "INSERT INTO runner VALUES (?, 1, 0, 1) ON CONFLICT DO UPDATE SET epoch = epoch + 1",
            (shard,),
        )
        epoch = int(next(iter(self._execute("SELECT epoch FROM runner WHERE shard = ?", (shard,))))[0])
        self._epochs[shard] = epoch
        return epoch

    def owns(self, shard: str, epoch: int) -> bool:
        return self._epochs.get(shard) == epoch

    def unclean_starts(self, shard: str) -> int:
        """As of the opening of the store."""
        return self._starts.get(shard, 0)


class SqliteRunner(Runner):
    """One owner of a shard; a newer one of the same shard fences it."""

    def __init__(  # noqa: PLR0913 - wired in one place, buses/sqlite.py
        self,
        *,
        shard: str,
        epoch: int,
        shards: Shards,
        writer: Writer,
        steps: Steps,
        ledger: Ledger,
        recent: Recent,
        reading: Reading,
        clock: Clock,
    ) -> None:
        self._shard = shard
        self._epoch = epoch
        self._shards = shards
        self._writer = writer
        self._steps = steps
        self._ledger = ledger
        self._recent = recent
        self._reading = reading
        self._clock = clock

    async def load(self) -> RunnerState:
        starts = self._shards.unclean_starts(self._shard)
        return await self._reading.beside(
            lambda connection, _names: listing.runner_state(connection, self._shard, starts)
        )

    async def read(
        self, after: int, *, limit: int, max_bytes: int = 8_388_608, topics: frozenset[Topic] | None = None
    ) -> list[StoredEvent]:
        if topics is None:
            recent = self._recent.after(after, limit=limit, max_bytes=max_bytes)
            if recent is not None:
                return recent
        return await self._reading.beside(
            lambda connection, names: listing.events_after(
                connection, names, after, limit=limit, max_bytes=max_bytes, topics=topics
            )
        )

    async def wait(self, after: int) -> None:
        await self._recent.wait(after)

    async def commit(self, step: Step) -> StepReceipt:
        def work() -> StepReceipt:
            self._refuse_if_fenced()
            return self._steps.carry_out(step, self._shard, self._clock.now_us())

        return await self._writer.submit(work, Lane.RUNNER)

    async def event(self, sequence: int) -> StoredEvent | None:
        return listing.one_event(self._reading.connection, self._reading.names, sequence)

    async def due_effects(self, now_us: int, *, limit: int, after: tuple[int, int] = (0, 0)) -> list[Effect]:
        return listing.due_effects(self._reading.connection, now_us, limit=limit, after=after)

    async def due_in_order(self, order_key: bytes, now_us: int) -> Effect | None:
        return listing.due_in_order(self._reading.connection, order_key, now_us)

    async def lagging_place(self, sensor: str) -> int | None:
        return listing.lagging_place(self._reading.connection, sensor)

    async def next_due_us(self, now_us: int) -> int | None:
        return listing.next_due_us(self._reading.connection, now_us)

    async def plan(
        self,
        number: int,
        rendered: bytes,
        order_key: bytes | None = None,
        order_mode: OrderMode = OrderMode.NONE,
    ) -> bool:
        def work() -> bool:
            self._refuse_if_fenced()
            return self._ledger.plan(number, rendered, order_key, order_mode, self._clock.now_us())

        return await self._writer.submit(work, Lane.RUNNER)

    async def begin(self, number: int, attempt: int, at_us: int) -> bool:
        def work() -> bool:
            self._refuse_if_fenced()
            return self._ledger.begin(number, attempt, at_us)

        return await self._writer.submit(work, Lane.RUNNER)

    async def settle(self, outcome: Outcome) -> bool:
        return await self._writer.submit(lambda: self._ledger.settle(outcome), Lane.RUNNER)

    async def revive(self, number: int, due_us: int) -> Effect | None:
        def work() -> Effect | None:
            self._refuse_if_fenced()
            return self._ledger.revive(number, due_us)

        return await self._writer.submit(work, Lane.RUNNER)

    async def bring_forward(self, kinds: Sequence[str], reasons: Sequence[str], now_us: int) -> int:
        def work() -> int:
            self._refuse_if_fenced()
            return self._ledger.bring_forward(kinds, reasons, now_us)

        return await self._writer.submit(work, Lane.RUNNER)

    async def last_attempt_us(self, sensor: str, trigger: str) -> int | None:
        return listing.last_attempt_us(self._reading.connection, sensor, trigger)

    def _refuse_if_fenced(self) -> None:
        if not self._shards.owns(self._shard, self._epoch):
            raise RunnerFenced(f"shard {self._shard}: another runner took over; this one must stop")
