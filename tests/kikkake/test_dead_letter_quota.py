"""Full dead letters stop their own Sensor, never the others, and it goes on when there is room again."""

from pathlib import Path

import pytest

from events.bus import DeadLetterQuery, ResourceState
from events.buses.sqlite import SqliteSettings, open_bus
from events.clock import ManualClock
from kikkake.compose import Gateway
from kikkake.dead_letter_quota import DEAD_LETTERS_FULL, DeadLetterQuota
from kikkake.settings import ListenSettings, RunSettings
from kikkake.store import StoreSettings
from tests.sensors.support import BUILD, START_US, House, house

BAD = {"body": {"ref": "refs/heads/main"}}
GOOD = {"body": {"ref": "refs/heads/main", "sha": "c0ffee"}}
UID = "file:ci/build"
SECOND = BUILD.replace("name: build", "name: second").replace("dataKey: body.sha", "dataKey: body.ref")
MENDED = BUILD.replace("dataKey: body.sha", "dataKey: body.ref")


def quota(one: House, *, rows: int = 3, size: int = 1_000_000) -> DeadLetterQuota:
    limits = StoreSettings(dead_letter_rows=rows, dead_letter_bytes=size)
    return DeadLetterQuota(one.decider, one.reader, one.clock, limits)


async def letters(one: House) -> list[int]:
    return sorted(letter.sequence for letter in await one.reader.dead_letters(DeadLetterQuery()))


async def test_a_full_sensor_decides_nothing_and_the_others_go_on(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(BUILD, SECOND)
        for number in range(3):
            await one.publish("github/push", BAD, id=f"bad{number}")
        await one.decide()
        one.taker.effects.clear()
        await quota(one).check()
        assert one.decider.roster.halted == {UID: DEAD_LETTERS_FULL}

        await one.publish("github/push", GOOD, id="later")
        await one.decide()

        assert [effect.sensor for effect in one.taker.effects] == ["file:ci/second"]
        assert (await one.reader.facts()).lagging == {UID: 3}


async def test_one_letter_below_the_limit_nothing_happens(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(BUILD)
        for number in range(2):
            await one.publish("github/push", BAD, id=f"bad{number}")
        await one.decide()
        await quota(one).check()
        assert one.decider.roster.halted == {}


async def test_bytes_count_too(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(BUILD)
        await one.publish("github/push", {**BAD, "large": "x" * 5_000}, id="bad")
        await one.decide()
        await quota(one, size=5_000).check()
        assert one.decider.roster.halted == {UID: DEAD_LETTERS_FULL}


async def test_it_is_mended_and_replayed_while_it_stands_and_then_catches_up(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(BUILD)
        for number in range(3):
            await one.publish("github/push", BAD, id=f"bad{number}")
        await one.decide()
        limit = quota(one)
        await limit.check()
        waiting = await one.publish("github/push", GOOD, id="waiting")

        await one.apply(MENDED)
        await one.decide()
        assert one.taker.fired == []  # the edit alone does not set it going: its letters are still there
        # What it has not come to yet is not made by a replay: it would be made twice.
        plan = await one.decider.replay(waiting)
        assert [item.note for item in plan.items] == ["it is not judged yet: its turn comes"]
        for sequence in await letters(one):
            await one.decider.replay(sequence)
        assert len(one.taker.fired) == 3

        await limit.check()
        assert one.decider.roster.halted == {}
        await one.decide()
        assert one.taker.fired[3:] == [("job", {"push": "waiting"})]
        assert (await one.reader.facts()).lagging == {}


async def test_it_stands_after_a_restart_before_anything_is_decided(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(BUILD)
        for number in range(3):
            await one.publish("github/push", BAD, id=f"bad{number}")
        await one.decide()
        await quota(one).check()
        await one.publish("github/push", GOOD, id="waiting")
    async with house(tmp_path) as one:
        await quota(one).check()
        await one.decide()
        assert one.taker.fired == []
        assert (await one.reader.facts()).lagging == {UID: 3}


async def test_room_does_not_wake_a_suspended_sensor(tmp_path: Path):
    suspended = BUILD.replace("namespace: ci}", 'namespace: ci, annotations: {kikkake/suspend: "true"}}')
    async with house(tmp_path) as one:
        await one.apply(BUILD)
        await one.publish("github/push", BAD, id="bad")
        await one.decide()
        await quota(one, rows=1).check()
        await one.apply(suspended)
        await quota(one, rows=2).check()
        await one.publish("github/push", GOOD, id="waiting")
        await one.decide()
        assert one.taker.fired == []
        assert one.decider.roster.versions[UID].state is ResourceState.SUSPENDED


async def test_what_its_quota_gave_up_while_it_stood_is_not_judged_when_it_goes_on(tmp_path: Path):
    clock = ManualClock(START_US)
    bus = await open_bus(tmp_path, SqliteSettings(quota_bytes=20_000), clock)
    try:
        one = House(bus, clock)
        await one.start()
        await one.apply(BUILD)
        await one.decider.stop_sensor(UID, DEAD_LETTERS_FULL)
        for number in range(5):
            await one.publish("github/push", {**GOOD, "large": f"{number}" * 9_000}, id=f"d{number}")
        await one.decide()
        await bus.maintain()
        given_up = await letters(one)
        assert given_up

        one.decider.resume_sensor(UID)
        await one.decide()
        assert [ids["push"] for _trigger, ids in one.taker.fired] == [
            f"d{n}" for n in range(len(given_up), 5)
        ]
    finally:
        await bus.close()


@pytest.mark.parametrize("is_restarted", [False, True])
async def test_the_gateway_looks_before_it_decides_and_says_so(tmp_path: Path, *, is_restarted: bool):
    text = BUILD.replace("record:", "log: {}\n          x:").split("          x:")[0]
    (tmp_path / "sensor.yaml").write_text("\n".join(line[4:] for line in text.splitlines()))
    data = tmp_path / "data"
    async with house(data) as one:
        await one.apply(BUILD)
        for number in range(2):
            await one.publish("github/push", BAD, id=f"bad{number}")
        await one.decide()
        if is_restarted:
            await quota(one, rows=2).check()
        await one.publish("github/push", GOOD, id="waiting")

    settings = RunSettings(
        paths=(str(tmp_path / "sensor.yaml"),),
        data=data,
        cluster=None,
        listen=ListenSettings(metrics_port=None, admin_port=None),
    )
    gateway = Gateway(settings, print)
    gateway._store_settings = StoreSettings(dead_letter_rows=2)
    await gateway.start()
    try:
        (report,) = gateway.services.resources()
        assert [finding.code for finding in report.findings if finding.code == DEAD_LETTERS_FULL]
        assert (await gateway.services.reader.decision(3)) is None
    finally:
        await gateway.stop()
