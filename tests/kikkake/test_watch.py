"""Noticing saved, added and removed files, on a clock that the test moves."""

import asyncio

import pytest

from events.clock import ManualClock
from events.errors import KikkakeError
from kikkake.watch import look, watch_files
from tests.kikkake.support import SENSOR, settings, write

START_US = 1_000_000_000


class Watched:
    """A running watch over a folder; `reloads` has the seconds at which it asked for a reload."""

    def __init__(self, folder):
        self.folder = folder
        self.clock = ManualClock(START_US)
        self.settings = settings(folder)
        self.reloads = []
        self.vanished = False
        self.error = None
        self.task = None

    async def start(self):
        seen = await look(self.settings)
        self.task = asyncio.create_task(
            watch_files(self.settings, self.reload, self.clock, seen), name="watch"
        )
        await self._sleeping()

    async def reload(self):
        self.reloads.append((self.clock.now_us() - START_US) / 1e6)
        if self.error:
            raise self.error
        return self.vanished

    async def until(self, seconds):
        """Let everything happen that falls due up to then."""
        end_us = START_US + round(seconds * 1e6)
        while (next_us := self.clock.next_wake_us()) is not None and next_us <= end_us:
            self.clock.move_to(next_us)
            await self._sleeping()
        self.clock.move_to(end_us)

    async def _sleeping(self):
        async with asyncio.timeout(10):
            while (next_us := self.clock.next_wake_us()) is None or next_us <= self.clock.now_us():
                assert not self.task.done(), self.task
                await asyncio.sleep(0.001)  # a look runs in a thread


@pytest.fixture
async def watched(tmp_path):
    write(tmp_path, a=SENSOR)
    found = Watched(tmp_path)
    await found.start()
    yield found
    found.task.cancel()
    await asyncio.gather(found.task, return_exceptions=True)


async def test_without_a_change_nothing_is_read(watched):
    await watched.until(60)
    assert watched.reloads == []


async def test_a_saved_an_added_and_a_removed_file_are_read_once_each(watched):
    write(watched.folder, a=SENSOR + "# more\n")
    await watched.until(1)
    write(watched.folder, b=SENSOR)
    await watched.until(2)
    write(watched.folder, b="")
    await watched.until(10)
    assert len(watched.reloads) == 3
    assert [int(at) for at in watched.reloads] == [0, 1, 2]


async def test_a_save_in_pieces_is_read_when_it_is_done(watched):
    write(watched.folder, a=SENSOR[:40])
    await watched.until(0.55)  # between the look that saw the change and the one that makes sure
    write(watched.folder, a=SENSOR + "# done\n")
    await watched.until(0.9)
    assert watched.reloads == []
    await watched.until(2)
    assert len(watched.reloads) == 1


async def test_what_vanished_is_looked_at_once_more_when_its_time_is_over(watched):
    watched.vanished = True
    write(watched.folder, a="")
    await watched.until(1)
    watched.vanished = False
    await watched.until(60)
    first, second = watched.reloads
    assert 5 <= second - first <= 5.5


async def test_a_reload_that_fails_is_tried_again_and_told_once(watched, caplog):
    watched.error = KikkakeError("the store is full")
    write(watched.folder, a=SENSOR + "# more\n")
    await watched.until(5)
    assert len(watched.reloads) > 3
    watched.error = None
    await watched.until(10)
    assert sum("files.reload_failed" in record.getMessage() for record in caplog.records) == 1
    reloads = len(watched.reloads)
    await watched.until(20)
    assert len(watched.reloads) == reloads


async def test_a_folder_that_is_away_for_a_moment_changes_nothing(watched, tmp_path):
    away = tmp_path.rename(tmp_path.with_name("away"))
    await watched.until(3)
    away.rename(tmp_path)
    await watched.until(6)
    assert watched.reloads == []


async def test_standard_input_is_not_watched(tmp_path):
    async with asyncio.timeout(5):
        await watch_files(settings(tmp_path, paths=("-",)), None, ManualClock(START_US), None)
