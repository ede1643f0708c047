"""Schedules, zones and times to compare robfig/cron with, drawn from any `random.Random`.

The times crowd around the days on which clocks are changed; the zones are those where that goes wrong: at midnight, by
half an hour, by two hours, one minute past midnight, twice around Ramadan. Samoa, which left out a day in 2011, is not
among them: the library never comes back from it.
"""

import functools
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

ZONES = (
    *[
        "",
        "UTC",
        "Europe/Berlin",
        "Europe/London",
        "America/New_York",
        "Pacific/Auckland",
        "Australia/Sydney",
    ],
    *["America/Sao_Paulo", "America/Havana", "America/Santiago", "Asia/Beirut", "Asia/Tehran", "Asia/Amman"],
    *["Australia/Lord_Howe", "Australia/Adelaide", "Pacific/Chatham", "Asia/Kolkata", "Asia/Kathmandu"],
    *["Antarctica/Troll", "America/St_Johns", "Africa/Casablanca", "Atlantic/Azores"],
)
ODD_ZONES = frozenset(
    {
        *[
            "America/Sao_Paulo",
            "America/Havana",
            "America/Santiago",
            "Asia/Beirut",
            "Asia/Tehran",
            "Asia/Amman",
        ],
        *[
            "America/St_Johns",
            "Atlantic/Azores",
            "Australia/Lord_Howe",
            "Pacific/Chatham",
            "Africa/Casablanca",
        ],
    }
)
"""Where clocks change at midnight, or not by whole hours: robfig passes over times that match, or finds others."""

SCHEDULES = (
    *["* * * * *", "*/5 * * * *", "5/15 * * * *", "0 * * * *", "30 2 * * *", "0 0 * * *", "59 23 * * *"],
    *["0 1,2,3 * * *", "15 1 * * SUN", "0 3 29 2 *", "0 0 31 * *", "0 0 30 2 *", "0 0 13 * FRI"],
    *["0 0 */2 * MON", "0 0 1-7 * 1", "0 0 ? * 5-6", "0 0 15 * ?", "0 12 1 JAN,jul *", "0 0 1 1/3 *"],
    *["0,30 0-6/2 1 * *", ", * * * *", "* , * * *", "* * , * *", "* * , * 1", "* * * , *", "* * * * ,"],
    *["*-5 * * * *", "?-x/1 * * * *", "+5 * * * *", "*/100 * * * *", "1-5/9223372036854775807 * * * *"],
    *["TZ=UTC 0 6 * * *", "CRON_TZ=Asia/Tokyo 0 6 * * *", "TZ=America/New_York 30 1 * * *", "TZ= 1 2 * * *"],
    *["TZ=UTC   \t0 6 * * * ", "CRON_TZ=Europe/Berlin 30 2 * * 0", "\t0\n6 * * * ", "0\u00a06 * * *"],
    *["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly", "@every 1h30m"],
    *[
        "@every 1s",
        "@every 1ms",
        "@every -5s",
        "@every 90.9s",
        "@every 0",
        "@every 2562047h",
        "TZ=UTC @daily",
    ],
    *["0 * * * * *", "*/10 30 2 * * *", "15 0 0 29 2 *", "59 59 23 31 12 *", "7 , * * * *", ", * * * * *"],
)
"""Written by hand, for whichever parser takes them."""

REFUSED = (
    *["", " ", "*", "* * * *", "* * * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *"],
    *["* * * 0 *", "* * * 13 *", "* * * * 7", "5-1 * * * *", "*/0 * * * *", "1-2-3 * * * *", "1/2/3 * * * *"],
    *["-5 * * * *", "5--6 * * * *", "*/-3 * * * *", "x * * * *", "1-x * * * *", "*/x * * * *", "/5 * * * *"],
    *["MON * * * *", "* * * MON *", "* * MON * JAN", "* * * * JANUARY", "1e2 * * * *", "1_0 * * * *"],
    *["99999999999999999999 * * * *", "9223372036854775807 * * * *", "-9223372036854775808/1 * * * *"],
    *['"\u00e9\u0007 * * * *', "\u0663 * * * *", "*/\u200b2 * * * *", "\x1c * * * *", "0 0 0\x001 * *"],
    *["TZ=No/Where * * * * *", "TZ=../UTC * * * * *", "TZ=/UTC * * * * *", "CRON_TZ=UTC * * * *", "TZ=UTC "],
    *["TZ=UTC\t* * * * *", "tz=UTC * * * * *", "TZ=\\UTC * * * * *", "@Daily", "@", "@never", "@daily "],
    *["@every", "@every ", "@every 1", "@every 1d", "@every x", "@every 1h1", "@every .s", "@every 1.s.5m"],
    *["@every 9223372036s9223372036s", "@every 99999999999999999999s", "@every 1\u00b5s1\u03bcs1\u00e9"],
    *['@every "1h\\', "@every 0x1s", "@every  1h", "@every 1h ", "@every +-1s", "@every 2562048h"],
)
"""What every parser refuses, or nearly."""

PARSERS = ("STANDARD", "STANDARD", "DESCRIPTORS", "SECONDS", "OPTIONAL_SECONDS")
_BOUNDS = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_NAMES = {
    4: ["jan", "FEB", "Mar", "apr", "MAY", "jun", "Jul", "aug", "SEP", "oct", "Nov", "dec"],
    5: ["sun", "MON", "Tue", "wed", "THU", "fri", "Sat"],
}
_INJURIES = "*?,-/ @=TZ059x\t\u00a0\u00e9\n+"


def schedule(random: Random) -> tuple[str, str]:
    """A text that is a schedule, and the name of the parser that takes it."""
    parser = random.choice(PARSERS)
    if parser != "STANDARD" and random.random() < 0.1:
        return random.choice(
            ["@daily", "@weekly", "@monthly", "@hourly", f"@every {_duration(random)}"]
        ), parser
    has_seconds = parser == "SECONDS" or (parser == "OPTIONAL_SECONDS" and random.random() < 0.5)
    text = " ".join(_field(random, index) for index in range(0 if has_seconds else 1, 6))
    if random.random() < 0.15:
        text = f"{random.choice(['TZ=', 'CRON_TZ='])}{random.choice(ZONES)} {text}"
    return text, parser


def _duration(random: Random) -> str:
    numbers = ["1", "90", "0.5", "1.25", ".7", "3600", "0.123456789012345678901", "100000"]
    units = ["h", "m", "s", "ms", "us", "ns"]
    return "".join(random.choice(numbers) + random.choice(units) for _ in range(random.randint(1, 3)))


def _field(random: Random, index: int) -> str:
    if random.random() < 0.35:
        return random.choice(["*", "*", "?"])
    return ",".join(_range(random, index) for _ in range(random.choice([1, 1, 1, 2, 3])))


def _range(random: Random, index: int) -> str:
    low, high = _BOUNDS[index]
    first = random.randint(low, high)
    text = random.choice(["*", "?"]) if random.random() < 0.15 else _value(random, index, first)
    if random.random() < 0.3 and text not in {"*", "?"}:
        text += f"-{_value(random, index, random.randint(first, high))}"
    if random.random() < 0.25:
        text += f"/{random.choice([1, 2, 3, 5, 7, 15, 30, 100])}"
    return text


def _value(random: Random, index: int, value: int) -> str:
    names = _NAMES.get(index)
    if names and random.random() < 0.4:
        return names[value - _BOUNDS[index][0]]
    return random.choice([str(value), f"{value:02d}"])


def mutate(random: Random, text: str) -> str:
    """`text` with one to three small injuries."""
    chars = list(text)
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(chars) + 1)
        if random.random() < 0.35:
            del chars[at : at + random.choice([1, 1, 2, 5])]
        elif random.random() < 0.8:
            chars[at:at] = random.choice(_INJURIES)
        else:
            chars[at:at] = chars[at : at + random.randint(1, 6)]
    return "".join(chars)


def time_us(random: Random, zone: str) -> int:
    """A time between 1990 and 2025, most often close to a change of clocks in `zone`."""
    changes = changes_s(zone)
    if changes and random.random() < 0.8:
        at_s = random.choice(changes) + random.choice([-1, 1]) * random.randrange(
            random.choice([2, 7200, 129_600])
        )
    else:
        at_s = random.randrange(631_152_000, 1_735_689_600)
    return at_s * 1_000_000 + random.choice([0, 0, 1, 500_000, 999_999])


@functools.cache
def changes_s(zone: str) -> tuple[int, ...]:
    """When the clocks of a zone were changed between 1990 and 2025, in seconds since 1970."""
    info = ZoneInfo(zone or "UTC")
    at, changes = datetime(1990, 1, 1, tzinfo=UTC), []
    while at.year < 2025:
        later = at + timedelta(days=7)
        if at.astimezone(info).utcoffset() != later.astimezone(info).utcoffset():
            low, high = int(at.timestamp()), int(later.timestamp())
            before = at.astimezone(info).utcoffset()
            while high - low > 1:
                middle = (low + high) // 2
                if datetime.fromtimestamp(middle, info).utcoffset() == before:
                    low = middle
                else:
                    high = middle
            changes.append(high)
        at = later
    return tuple(changes)
