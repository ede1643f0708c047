from datetime import time

import pytest

from sensors.check_times import is_cron, is_zone, read_time


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("09:08:07", time(9, 8, 7)),
        ("9:08:07", time(9, 8, 7)),
        ("23:59:59.5", time(23, 59, 59, 500_000)),
        ("24:00:00", None),
        ("9:60:00", None),
        ("9:8:7", None),
        ("09:08", None),
        ("", None),
    ],
)
def test_a_time_of_day_is_read_as_go_reads_it(text, found):
    read, fault = read_time(text)

    assert read == found
    assert bool(fault) is (found is None)


@pytest.mark.parametrize(
    "text",
    [
        "* * * * *",
        "*/5 0-23/2 1,15 JAN-Mar mon-FRI",
        "5/15 ? ? 12 0",
        "TZ=Europe/Berlin 0 0 * * *",
        "CRON_TZ=UTC 59 23 31 12 6",
    ],
)
def test_five_fields_are_a_cron_expression(text):
    assert is_cron(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@daily",
        "0 * * * * *",
        "* * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 7",
        "5-1 * * * *",
        "*/0 * * * *",
        "1-2-3 * * * *",
        "-5 * * * *",
        "x * * * *",
        "TZ=No/Where * * * * *",
    ],
)
def test_anything_else_is_none(text):
    assert not is_cron(text)


@pytest.mark.parametrize(
    ("name", "is_known"),
    [
        ("", True),
        ("UTC", True),
        ("Asia/Tokyo", True),
        ("Local", True),
        ("Tokyo", False),
        ("../etc/passwd", False),
    ],
)
def test_zones_are_those_of_iana(name, is_known):
    assert is_zone(name) is is_known
