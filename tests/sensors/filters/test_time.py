"""The time filter: spec-sensors 3.6."""

from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from events.errors import ResourceRefused
from sensors.filter import Code, Reading, unpack_verdict
from tests.sensors.support import event, sensor

SENSOR = """
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {{name: x}}
spec:
  dependencies:
  - {{name: a, eventSourceName: s, eventName: e, filters: {{time: {window}}}}}
  triggers:
  - template: {{name: t, record: {{}}}}
"""


def dependency(start: str, stop: str, zone: str = ""):
    window = f"{{start: '{start}', stop: '{stop}', timezone: '{zone}'}}"
    return sensor(SENSOR.format(window=window)).dependencies[0]


def code(start: str, stop: str, zone: str, time: str | None) -> Code:
    verdict = unpack_verdict(dependency(start, stop, zone).judge(Reading(event(b"{}", time=time))))
    assert verdict.rank == (-1 if verdict.code is Code.PASSED else 3)
    return verdict.code


YES, NO = Code.PASSED, Code.FILTERED


@pytest.mark.parametrize(
    ("start", "stop", "zone", "time", "expected"),
    [
        pytest.param("09:00:00", "17:00:00", "", "2026-11-24T09:00:00Z", YES, id="start is inside"),
        pytest.param("09:00:00", "17:00:00", "", "2026-11-24T17:00:00Z", NO, id="stop is outside"),
        pytest.param("09:00:00", "17:00:00", "", "2026-11-24T16:59:59.999999Z", YES, id="just before stop"),
        pytest.param("09:00:00", "17:00:00", "", "2026-11-24T08:59:59.999999Z", NO, id="just before start"),
        pytest.param("9:00:00.5", "9:00:01", "", "2026-11-24T09:00:00.4Z", NO, id="fraction, before"),
        pytest.param("9:00:00.5", "9:00:01", "", "2026-11-24T09:00:00.5Z", YES, id="fraction, at"),
        pytest.param("22:00:00", "06:00:00", "", "2026-11-24T23:00:00Z", YES, id="over midnight, evening"),
        pytest.param("22:00:00", "06:00:00", "", "2026-11-24T05:59:59Z", YES, id="over midnight, morning"),
        pytest.param("22:00:00", "06:00:00", "", "2026-11-24T06:00:00Z", NO, id="over midnight, stop"),
        pytest.param("22:00:00", "06:00:00", "", "2026-11-24T21:59:59Z", NO, id="over midnight, day"),
        pytest.param("09:00:00", "17:00:00", "Asia/Tokyo", "2026-11-24T00:30:00Z", YES, id="in Tokyo"),
        pytest.param("09:00:00", "17:00:00", "Asia/Tokyo", "2026-11-24T10:00:00Z", NO, id="not in Tokyo"),
        pytest.param("09:00:00", "17:00:00", "", "2026-11-24T10:00:00+09:00", NO, id="offset of the sender"),
        pytest.param("09:00:00", "17:00:00", "Local", "2026-11-24T10:00:00Z", YES, id="local is UTC"),
        pytest.param("09:00:00", "17:00:00", "Europe/Berlin", "2026-07-01T07:00:00Z", YES, id="summer"),
        pytest.param("09:00:00", "17:00:00", "Europe/Berlin", "2026-12-01T07:00:00Z", NO, id="winter"),
        # The clocks go from 2:00 to 3:00: 2:30 is the instant that Go names, 1:30 UTC.
        pytest.param("02:30:00", "04:00:00", "Europe/Berlin", "2025-03-30T01:00:00Z", NO, id="gap, 3:00"),
        pytest.param("02:30:00", "04:00:00", "Europe/Berlin", "2025-03-30T01:30:00Z", YES, id="gap, 3:30"),
        # 2:30 exists twice; Go means the second here, so that the first lies before the window.
        pytest.param("02:30:00", "02:45:00", "Europe/Berlin", "2025-10-26T00:30:00Z", NO, id="twice, first"),
        pytest.param(
            "02:30:00", "02:45:00", "Europe/Berlin", "2025-10-26T01:30:00Z", YES, id="twice, second"
        ),
        pytest.param("00:00:00", "00:00:01", "", None, YES, id="no time: midnight"),
        pytest.param("00:00:01", "23:00:00", "", None, NO, id="no time: not later"),
        pytest.param(
            "19:03:58", "19:03:59", "America/New_York", None, YES, id="no time: mean time of the town"
        ),
        pytest.param("09:00:00", "17:00:00", "", "yesterday", Code.FAILED, id="no time at all"),
        pytest.param("09:00:00", "17:00:00", "Asia/Tokyo", "0001-01-01T00:30:00Z", YES, id="year 1"),
        pytest.param("09:00:00", "17:00:00", "Asia/Tokyo", "9999-12-31T23:59:59Z", NO, id="year 9999"),
        pytest.param("20:00:00", "21:00:00", "America/New_York", "0001-01-01T01:00:00Z", YES, id="year 0"),
    ],
)
def test_a_daily_window_in_a_zone(start, stop, zone, time, expected):
    assert code(start, stop, zone, time) is expected


def test_a_window_that_gets_longer_and_shorter_is_as_long_as_its_hours():
    """Compared with the clock on the wall, on days without a change of clocks, for many zones and times."""
    random = Random(3)
    for _ in range(300):
        zone = random.choice(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "UTC"])
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=random.randrange(31_536_000))
        local = at.astimezone(ZoneInfo(zone))
        if (local - timedelta(days=2)).utcoffset() != (local + timedelta(days=2)).utcoffset():
            continue
        start, stop = (f"{random.randrange(24):02d}:{random.randrange(60):02d}:00" for _ in range(2))
        if start == stop:
            continue
        now = local.strftime("%H:%M:%S")
        wanted = start <= now < stop if start < stop else now >= start or now < stop
        assert code(start, stop, zone, at.isoformat()) is (YES if wanted else NO), (start, stop, zone, now)


def test_people_see_the_local_time_and_the_window():
    window = dependency("09:00:00", "17:00:00", "Asia/Tokyo")
    [seen] = window.inspect(Reading(event(b"{}", time="2026-11-24T10:00:00.25Z")))
    assert (seen.kind, seen.code, seen.path, seen.comparator) == ("time", Code.FILTERED, "context.time", "in")
    assert seen.actual == "2026-11-24T19:00:00.250000+09:00"
    assert seen.wanted == ("09:00:00 to 17:00:00 Asia/Tokyo",)


def test_people_see_why_a_time_cannot_be_judged():
    window = dependency("09:00:00", "17:00:00")
    [seen] = window.inspect(Reading(event(b"{}", time="yesterday")))
    assert (seen.code, seen.actual) == (Code.FAILED, None)
    assert seen.reason == "time filter error (the event's time is not RFC 3339)"
    [seen] = window.inspect(Reading(event(b"{}")))
    assert (seen.code, seen.actual, seen.reason) == (Code.FILTERED, None, "")


def test_equal_windows_ask_an_event_once():
    reading = Reading(event(b"{}", time="2026-11-24T10:00:00Z"))
    for _ in range(3):
        assert dependency("09:00:00", "17:00:00", "Europe/Berlin").judge(reading) == 0
    assert len(reading.answers) == 1


@pytest.mark.parametrize(
    ("window", "text"),
    [
        ("{start: '9:00:00', stop: '10:00:00', timezone: No/Where}", "invalid timezone 'No/Where'"),
        ("{start: '24:00:00', stop: '10:00:00'}", "hour out of range"),
        ("{start: '9:00:00', stop: 'x'}", 'cannot parse "x"'),
        ("{start: '9:00:00', stop: '09:00:00'}", "is equal to start"),
    ],
)
def test_what_upstream_refuses_stops_the_sensor(window, text):
    with pytest.raises(ResourceRefused, match=text):
        sensor(SENSOR.format(window=window))
