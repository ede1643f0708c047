"""Schedules: what robfig/cron answered, days on which clocks are changed, and the way back."""

import contextlib
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.languages.cron import CronError, Fields, Schedule, compile_schedule
from events.languages.local_time import load_calendar
from tests import fuzzing
from tests.oracles import cron_cases
from tests.oracles.fixture import oracle_fixture
from tests.oracles.recordings.cron import TIMES, cron_vector
from tests.oracles.vectors import Vector, read

cron_oracle = oracle_fixture("cron")

SEEDS = st.integers(min_value=0, max_value=2**32)
VECTORS = read("cron")
US = 1_000_000


def following(schedule: Schedule, after_us: int) -> list[int]:
    """The next times, one after the other, as the oracle gives them."""
    found: list[int] = []
    while len(found) < TIMES:
        next_us = schedule.next_us(found[-1] if found else after_us)
        if next_us is None:
            break
        found.append(next_us)
    return found


def same(vector: Vector) -> None:
    error, next_us = None, None
    try:
        schedule = compile_schedule(
            vector["text"], fields=Fields[vector["fields"]], timezone=vector["timezone"]
        )
        next_us = [following(schedule, after_us) for after_us in vector["after_us"]]
    except CronError as refused:
        error = str(refused)
    if "slice bounds out of range" in (vector.get("error") or ""):
        assert error is not None  # the library panics: docs/reference/differences/cron.md
        assert error.startswith("provided bad location ")
    else:
        assert (error, next_us) == (vector.get("error"), vector.get("next_us")), vector["text"]


@pytest.mark.parametrize("number", range(0, len(VECTORS), 100))
def test_recorded_answers_of_the_library_are_ours(number):
    for vector in VECTORS[number : number + 100]:
        same(vector)


def test_the_recording_is_large_enough():
    assert len(VECTORS) >= 2500


@pytest.mark.oracle
def test_the_recording_is_what_the_library_says_today(cron_oracle):
    for vector in VECTORS[:: max(1, len(VECTORS) // 300)]:
        asked = (vector["text"], vector["fields"], vector["timezone"], vector["after_us"])
        assert cron_vector(cron_oracle, *asked) == vector


@pytest.mark.oracle
@settings(max_examples=500, deadline=None)
@given(SEEDS)
def test_random_schedules_are_due_when_the_library_says_so(cron_oracle, seed):
    random = Random(seed)
    text, fields = cron_cases.schedule(random)
    if random.random() < 0.2:
        text = cron_cases.mutate(random, text)
    zone = random.choice(cron_cases.ZONES)
    times = [cron_cases.time_us(random, zone) for _ in range(3)]
    same(cron_vector(cron_oracle, text, fields, zone, times))


def local_times(text: str, zone: str, after: datetime, count: int) -> list[str]:
    schedule = compile_schedule(text, timezone=zone)
    times = []
    at: datetime | None = after.replace(tzinfo=ZoneInfo(zone))
    for _ in range(count):
        assert at is not None
        at = schedule.next(at)
        times.append("never" if at is None else at.isoformat())
    return times


def test_a_time_that_does_not_exist_is_passed_over_that_day():
    assert local_times("30 2 * * *", "Europe/Berlin", datetime(2025, 3, 28, tzinfo=UTC), 3) == [
        "2025-03-28T02:30:00+01:00",
        "2025-03-29T02:30:00+01:00",
        "2025-03-31T02:30:00+02:00",
    ]


def test_a_time_that_exists_twice_is_due_twice():
    assert local_times("30 2 * * *", "Europe/Berlin", datetime(2025, 10, 25, 12, tzinfo=UTC), 3) == [
        "2025-10-26T02:30:00+02:00",
        "2025-10-26T02:30:00+01:00",
        "2025-10-27T02:30:00+01:00",
    ]


def test_a_day_that_was_left_out_does_not_stop_the_search():
    """Samoa went from the 29th of December 2011 to the 31st; robfig never returns from there."""
    assert local_times("0 0 30,31 12 *", "Pacific/Apia", datetime(2011, 12, 27, tzinfo=UTC), 2) == [
        "2011-12-31T00:00:00+14:00",
        "2012-12-30T00:00:00+14:00",
    ]
    schedule = compile_schedule("0 0 30,31 12 *", timezone="Pacific/Apia")
    assert schedule.previous(datetime(2012, 1, 5, tzinfo=UTC)) == datetime(2011, 12, 30, 10, tzinfo=UTC)


def test_a_zone_in_the_text_leads_and_the_answer_is_in_the_zone_of_the_question():
    schedule = compile_schedule("CRON_TZ=Asia/Tokyo 0 6 * * *", timezone="Europe/Berlin")
    found = schedule.next(datetime(2026, 1, 1, 12, tzinfo=ZoneInfo("America/New_York")))
    assert found is not None
    assert found.isoformat() == "2026-01-01T16:00:00-05:00"


@pytest.mark.parametrize(
    "text", [", * * * *", "* , * * *", "* * , * ?", "* * * , *", "* * * * ,", "0 0 30 2 *"]
)
def test_what_never_matches_is_never_due(text):
    schedule = compile_schedule(text)
    assert schedule.next_us(1_700_000_000 * US) is None
    assert schedule.previous_us(1_700_000_000 * US) is None


def test_the_search_ends_after_five_years_both_ways():
    leap = compile_schedule("0 0 29 2 *")
    assert leap.next(datetime(2097, 1, 1, tzinfo=UTC)) is None
    assert leap.next(datetime(2099, 1, 1, tzinfo=UTC)) == datetime(2104, 2, 29, tzinfo=UTC)
    assert leap.previous(datetime(2102, 6, 1, tzinfo=UTC)) is None
    assert leap.previous(datetime(2101, 12, 31, tzinfo=UTC)) == datetime(2096, 2, 29, tzinfo=UTC)


def test_the_ends_of_time_are_no_crash():
    schedule = compile_schedule("* * * * *", timezone="Asia/Tokyo")
    for year_us in (-62_135_596_800 * US, 253_402_300_799 * US, 2**62, -(2**62)):
        schedule.next_us(year_us)
        schedule.previous_us(year_us)


def test_every_counts_from_the_time_that_is_asked_about():
    schedule = compile_schedule("@every 1h30m5.9s", fields=Fields.DESCRIPTORS)
    assert schedule.next_us(10 * US + 7) == (10 + 5405) * US
    assert schedule.previous_us(10 * US) is None


@pytest.mark.parametrize(
    "zone", ["No/Where", "../etc/passwd", "/etc/localtime", "Europe", "x" * 5000, "a\0b"]
)
def test_an_unknown_zone_is_an_error(zone):
    with pytest.raises(CronError, match=r"unknown time zone|invalid location name"):
        compile_schedule("* * * * *", timezone=zone)
    with pytest.raises(CronError, match="provided bad location"):
        compile_schedule(f"TZ={zone} * * * * *")


def test_a_zone_without_a_schedule_is_an_error():
    with pytest.raises(CronError, match="provided bad location UTC: a space and the schedule have to follow"):
        compile_schedule("TZ=UTC")


def random_schedule(random: Random) -> tuple[Schedule, int]:
    """A schedule of fields in a zone without surprises, and a time."""
    zone = random.choice([zone for zone in cron_cases.ZONES if zone not in cron_cases.ODD_ZONES])
    while True:
        text, fields = cron_cases.schedule(random)
        if "@" not in text and "TZ=" not in text:
            schedule = compile_schedule(text, fields=Fields[fields], timezone=zone)
            return schedule, cron_cases.time_us(random, zone)


@settings(max_examples=400, deadline=None)
@given(SEEDS)
def test_the_way_back_is_the_way_forth(seed):
    """Between a time and the next there is none: back from the next is the time, or what lies at or before it."""
    schedule, at_us = random_schedule(Random(seed))
    next_us = schedule.next_us(at_us)
    if next_us is None:
        return
    assert schedule.previous_us(next_us + 1) == next_us
    previous_us = schedule.previous_us(next_us)
    assert previous_us is None or previous_us <= at_us
    after_us = schedule.next_us(next_us)
    assert after_us is None or schedule.previous_us(after_us) == next_us


@settings(max_examples=300, deadline=None)
@given(SEEDS)
def test_the_last_time_is_the_last_that_matches(seed):
    """In every zone, also where clocks are changed at midnight: it matches, and nothing later does."""
    random = Random(seed)
    zone = random.choice([*cron_cases.ZONES, "Pacific/Apia"])
    minute, hour = random.randrange(60), random.choice([0, 1, 2, 3, 23])
    schedule = compile_schedule(f"{minute},{(minute + 31) % 60} {hour} * * *", timezone=zone)
    before_us = cron_cases.time_us(random, zone)
    found_us = schedule.previous_us(before_us)
    calendar = load_calendar(zone)
    at_s = -(-before_us // US) - 1
    at_s -= at_s % 60
    for _ in range(3 * 24 * 60):
        local = calendar.local(at_s)
        if local.second == 0 and local.hour == hour and local.minute in {minute, (minute + 31) % 60}:
            break
        at_s -= 60
    assert found_us == at_s * US


def test_injured_schedules_never_crash_and_are_never_slow():
    random = Random(5)
    accepted = 0
    start = datetime.now(UTC)
    count = fuzzing.COUNT
    for _ in range(count):
        text, fields = cron_cases.schedule(random)
        if random.random() < 0.8:
            text = cron_cases.mutate(random, text)
        try:
            schedule = compile_schedule(text, fields=Fields[fields], timezone=random.choice(cron_cases.ZONES))
        except CronError:
            continue
        accepted += 1
        if accepted % 10 == 0:
            schedule.next_us(1_700_000_000 * US)
            schedule.previous_us(1_700_000_000 * US)
    assert accepted > count // 10
    assert datetime.now(UTC) - start < timedelta(milliseconds=2 * count)


@pytest.mark.parametrize(
    "text", ["1," * 5000, "*/1," * 2500, "-" * 10_000, "/" * 10_000, " " * 10_000, "9" * 10_000]
)
def test_long_texts_are_read_in_no_time(text):
    start = datetime.now(UTC)
    with contextlib.suppress(CronError):
        compile_schedule(f"{text} * * * *").next_us(0)
    assert datetime.now(UTC) - start < timedelta(seconds=2)
