"""Full dead letters stop their own Sensor, never a source (design, B7; spec: bad-input 5, last row).

A Sensor whose dead letters nobody looks at would fill the store. At its limit it decides nothing more: its place
stands, its events wait under the quota of a lagging Sensor, and it goes on by itself once there is room again
(replayed, or their retention over). Nothing of this is stored: what counts are the dead letters.
"""

from __future__ import annotations

from events.bus import BusBroken, BusClosed, BusReader, BusUnavailable, DeadLetterLoad
from events.clock import Clock
from events.log import Logger
from kikkake.store import StoreSettings
from sensors.decide import Decider

DEAD_LETTERS_FULL = "DeadLettersFull"
"""The reason, as `spec: bad-input` names it."""

_MIB = 1_048_576

log = Logger("dead-letters")


class DeadLetterQuota:
    """Stops and resumes Sensors. `check` once before anything is decided, then keep `run` running."""

    def __init__(
        self,
        decider: Decider,
        reader: BusReader,
        clock: Clock,
        limits: StoreSettings,
        *,
        interval_s: float = 2.0,
    ) -> None:
        """`interval_s` is how far a Sensor may overshoot; a look is one pass over an index, 1 ms for 10,000 rows."""
        self._decider = decider
        self._reader = reader
        self._clock = clock
        self._limits = limits
        self._interval_s = interval_s
        self.rows: dict[str, int] = {}
        """Dead letters of each Sensor, by uid, at the last look."""

    async def run(self) -> None:
        """Check until cancelled. Raises RunnerFenced, BusBroken, BusClosed: the process cannot go on."""
        while True:
            await self._clock.sleep(self._interval_s)
            await self.check()

    async def check(self) -> None:
        """Stop the Sensors that are full now, and let those go on that are not any more."""
        loads = await self._reader.dead_letter_load()
        self.rows = {uid: load.rows for uid, load in loads.items()}
        full = {uid: load for uid, load in loads.items() if self._is_full(load)}
        halted = self._decider.roster.halted
        for uid in [uid for uid, why in halted.items() if why == DEAD_LETTERS_FULL and uid not in full]:
            self._decider.resume_sensor(uid)
            log.info("sensor.resumed", sensor=uid, reason=DEAD_LETTERS_FULL)
        for uid in full.keys() & self._decider.roster.judged.keys() - halted.keys():
            try:
                await self._decider.stop_sensor(uid, DEAD_LETTERS_FULL)
            except (BusBroken, BusClosed):
                raise
            except BusUnavailable as error:
                # Whatever keeps this from being recorded keeps it from deciding, too. The next check tries again.
                log.warning("sensor.not-stopped", sensor=uid, detail=str(error))
                continue
            log.error(
                "sensor.stopped", sensor=uid, reason=DEAD_LETTERS_FULL, detail=self._sentence(full[uid])
            )

    def _is_full(self, load: DeadLetterLoad) -> bool:
        limits = self._limits
        return load.rows >= limits.dead_letter_rows or load.size_bytes >= limits.dead_letter_bytes

    def _sentence(self, load: DeadLetterLoad) -> str:
        limits = self._limits
        return (
            f"{load.rows} dead letters of {load.size_bytes / _MIB:.1f} MiB; {limits.dead_letter_rows} of "
            f"{limits.dead_letter_bytes / _MIB:g} MiB are kept for a Sensor. Mend it and replay them "
            "(kikkake replay --failed --sensor NS/NAME): it decides again when there is room"
        )
