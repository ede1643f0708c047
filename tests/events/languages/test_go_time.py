"""Go's times beyond what sprig's vectors ask: years that Python does not know, zones, hostile texts."""

import contextlib
import os
import time
from random import Random

import pytest

from events.languages.go_base64 import BadBase64, decode_base64
from events.languages.go_durations import BadDuration, format_duration, parse_duration, round_duration
from events.languages.go_time import UTC, FixedZone, UnreadableTime, format_time, load_zone, parse_time
from events.languages.go_time.calendar import civil, days_in, seconds
from tests import fuzzing
from tests.oracles import sprig_date_cases as cases

FUZZ = fuzzing.COUNT
SEED = int(os.environ.get("KIKKAKE_FUZZ_SEED", "20261124"))
NS = 10**9


@pytest.mark.parametrize(
    ("unix_s", "shown"),
    [
        (0, "1970-01-01T00:00:00Z Thu 001"),
        (-1, "1969-12-31T23:59:59Z Wed 365"),
        (951_782_400, "2000-02-29T00:00:00Z Tue 060"),
        (-62_135_596_801, "0000-12-31T23:59:59Z Sun 366"),
        (-62_167_219_201, "-0001-12-31T23:59:59Z Fri 365"),
        (253_402_300_800, "10000-01-01T00:00:00Z Sat 001"),
        (2**62, "146138514283-06-19T07:45:04Z Tue 170"),
    ],
)
def test_every_year_has_a_calendar(unix_s, shown):
    assert format_time("2006-01-02T15:04:05Z07:00 Mon 002", unix_s * NS, UTC) == shown


def test_dates_and_seconds_are_the_same_thing():
    random = Random(1)
    for _ in range(3000):
        year, month = random.randint(-400_000, 400_000), random.randint(1, 12)
        day = random.randint(1, days_in(month, year))
        wall = civil(seconds(year, month, day) + 86_399)
        assert (wall.year, wall.month, wall.day, wall.hour) == (year, month, day, 23)


@pytest.mark.parametrize(
    ("name", "unix_s", "zone", "offset_s"),
    [
        ("Europe/Berlin", 1_774_745_999, "CET", 3600),
        ("Europe/Berlin", 1_774_746_000, "CEST", 7200),
        ("Europe/Berlin", -(10**11), "LMT", 3208),
        ("Europe/Berlin", 253_402_300_800 + 182 * 86_400, "CEST", 7200),
        ("America/Sao_Paulo", 0, "-03", -10_800),
        ("", 0, "UTC", 0),
        ("Local", 0, "UTC", 0),
    ],
)
def test_zones_have_a_name_and_an_offset_at_each_moment(name, unix_s, zone, offset_s):
    found = load_zone(name)
    assert found is not None
    assert found.at(unix_s) == (zone, offset_s)


@pytest.mark.parametrize(
    "name", ["../etc/passwd", "/etc/localtime", "America", "x\0y", "a" * 5000, "\udcff", "zone.tab", "é"]
)
def test_what_is_no_zone_is_none(name):
    assert load_zone(name) is None


def test_a_zone_may_be_written_with_any_number_of_zeros():
    unix_ns, zone = parse_time("MST", "GMT+" + "0" * 9_000 + "3")
    assert zone.at(unix_ns // NS)[1] == 3 * 3600


def test_offsets_that_have_no_name_print_as_numbers():
    assert format_time("MST -07:00:00", 0, FixedZone("", -5_400 - 7)) == "-0130 -01:30:07"


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1_100, "1.1\u00b5s"),
        (-2_200_000, "-2.2ms"),
        (3_600 * NS, "1h0m0s"),
        (61 * NS + 500_000_000, "1m1.5s"),
        (2**63 - 1, "2562047h47m16.854775807s"),
        (-(2**63), "-2562047h47m16.854775808s"),
    ],
)
def test_durations_print_and_read_back(nanoseconds, text):
    assert format_duration(nanoseconds) == text
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize(
    ("nanoseconds", "unit", "rounded"),
    [(15, 10, 20), (-15, 10, -20), (14, 10, 10), (2**63 - 1, 10, 2**63 - 1), (-(2**63), 3600 * NS, -(2**63))],
)
def test_durations_round_halves_away_from_zero(nanoseconds, unit, rounded):
    assert round_duration(nanoseconds, unit) == rounded


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("QUI", 0),
        ("QUI*", 3),
        ("QQ=", 3),
        ("QQ=A", 2),
        ("Q===", 1),
        ("QQ==QQ==", 4),
        ("QUI=\nQ", 5),
        ("QUJD=", 4),
        ("A\nB\nC", 2),
    ],
)
def test_base64_says_where_it_stops_being_base64(text, fault):
    with pytest.raises(BadBase64, match=f"^illegal base64 data at input byte {fault}$"):
        decode_base64(text)


def test_base64_has_line_breaks_anywhere():
    assert decode_base64("Q\r\nQ=\n=\n") == b"A"


def test_no_text_and_no_layout_crashes_the_readers():
    print(f"KIKKAKE_FUZZ_SEED={SEED}")
    random = Random(SEED)
    begun = time.monotonic()
    for _ in range(FUZZ):
        layout = mutated(cases.layout(random), random)
        text = mutated(format_time(layout, random.randrange(-(2**40), 2**40) * NS, UTC), random)
        with contextlib.suppress(UnreadableTime):
            parse_time(layout, text)
        with contextlib.suppress(BadDuration):
            parse_duration(text)
        with contextlib.suppress(BadBase64):
            decode_base64(text)
    assert time.monotonic() - begun < 2 + FUZZ / 1000


def mutated(text: str, random: Random) -> str:
    for _ in range(random.randrange(4)):
        at = random.randrange(len(text) + 1)
        text = (
            text[:at]
            + random.choice(["", "é", "\udcff", "\ud800", "0", "9" * 20, "Jan", "-07", " ", "\n", "."])
            + text[at + random.randrange(2) :]
        )
    return text


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        ("2" * 10_000, "1" * 10_000),
        (" " * 10_000 + "x", " " * 10_000),
        (".0" * 5_000, "." * 10_000),
        ("." + "0" * 10_000 + "5", "." + "0" * 10_000),
        ("MST" * 3_000, "GMT+1" * 3_000),
        ("_2" * 5_000, " 1" * 5_000),
    ],
)
def test_hostile_layouts_take_linear_time(layout, text):
    begun = time.monotonic()
    with pytest.raises(UnreadableTime):
        parse_time(layout, text + "!")
    format_time(layout, 0, UTC)
    assert time.monotonic() - begun < 1
