"""Templates that print and read dates and durations, by hand and drawn from a random generator."""

from collections.abc import Callable, Iterator
from random import Random

from tests.oracles.sprig_number_cases import LIMIT, VALUES

_ELEMENTS = (
    *["January", "Jan", "1", "01", "Monday", "Mon", "2", "_2", "02", "__2", "002", "15", "3", "03", "4"],
    *["04", "5", "05", "2006", "06", "PM", "pm", "MST", "Z0700", "Z070000", "Z07", "Z07:00"],
    *["Z07:00:00", "-0700", "-070000", "-07", "-07:00", "-07:00:00", ".0", ".000", ".000000000", ",00"],
    *[".9", ".999", ",999999999", ".00000000000", ".99999999999"],
)
_LITERALS = (
    *[" ", "-", "/", ":", "T", ", ", " of ", "", "", "  ", "é", "Janet", "Month", "_", "x", ".", "0"],
    *["_2006", "Monty", ".0001", "7"],
)
LAYOUTS = (
    *["2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05.999999999Z07:00", "Mon Jan _2 15:04:05 2006"],
    *["Mon, 02 Jan 2006 15:04:05 MST", "02 Jan 06 15:04 -0700", "3:04PM", "Jan _2 15:04:05.000"],
    *["2006-01-02 15:04:05", "2006-01-02", "15:04:05", "2006-002", "", "Monday, 02-Jan-06 15:04:05 MST"],
    *["20060102150405", "__2 2006", "03:04 pm", "2006-01-02 15:04:05.999999999 -0700 MST"],
)
_ZONES = (
    *["UTC", "Local", "", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"],
    *["America/St_Johns", "Asia/Kathmandu", "Pacific/Apia", "Nowhere/City", "../etc", "/etc/localtime"],
    *["EST", "Etc/GMT+5", "Africa/Casablanca", "america/new_york", "America"],
)
_ABBREVIATIONS = (
    *["UTC", "GMT", "GMT+3", "GMT-11", "GMT+24", "CET", "CEST", "MST", "ChST", "MeST", "WITA", "AKDT"],
    *["+03", "-04", "+0003", "+24", "ABCDE", "ABCDT", "ABCD", "AB", "ABCDEF", "utc", "+", "GMT+"],
    *["EST5"],
)


_OFFSETS = ("+05:30", "-0800", "+00:00", "-01", "+24:00:00", "+053015", "-00:00:01", "+99:00", "+01:99")


def layout(random: Random) -> str:
    """A layout: a known one, or elements and literals in a row."""
    if random.random() < 0.3:
        return random.choice(LAYOUTS)
    parts = []
    for _ in range(random.randint(1, 6)):
        parts += [random.choice(_ELEMENTS), random.choice(_LITERALS)]
    return "".join(parts)


def dates() -> Iterator[str]:
    """Each kind of argument that does not depend on the present, and each unit of durations."""
    time = '(toDate "2006-01-02T15:04:05.999999999Z07:00" "2024-02-29T23:59:58.987654321+05:30")'
    seconds = (
        *["0", "1", "-1", "1700000000", "(int64 1700000000)", "-62135596800", "253402300800"],
        *["4102444800", f"{LIMIT}", f"-{LIMIT}", "(int64 -99999999999)"],
    )
    for value in (time, *seconds):
        for call in ("date `2006-01-02 15:04:05 MST`", "htmlDate", "date `Mon Jan _2 2006 __2 .000`"):
            yield f"{{{{ {call} {value} }}}}"
        for zone in _ZONES:
            yield f'{{{{ dateInZone "2006-01-02T15:04:05.000Z07:00 MST" {value} "{zone}" }}}}'
        yield f'{{{{ htmlDateInZone {value} "Pacific/Apia" }}}}'
    for duration in _DURATIONS:
        yield f"{{{{ durationRound `{duration}` }}}}"
        yield f"{{{{ mustDateModify `{duration}` {time} }}}}"
        yield f"{{{{ date_modify `{duration}` {time} }}}}"
    for value in VALUES:
        yield f"{{{{ duration {value} }}}}"
        yield f"{{{{ durationRound {value} }}}}"
        yield f"{{{{ unixEpoch {value} }}}}"
        yield f"{{{{ toDate {value} {value} }}}}"
    for count in ("1", "95", "3600", "86400", "31536000", "-95", "99999999999", f"{LIMIT}"):
        yield f"{{{{ duration (int64 {count}) }}}}{{{{ duration `{count}` }}}}{{{{ durationRound (int64 {count}) }}}}"
        yield f"{{{{ durationRound (mul {count} 1000000000) }}}}"
    for part in (
        *["Year", "Month", "Day", "Hour", "Minute", "Second", "Nanosecond", "Weekday", "YearDay"],
        *["Unix", "UnixMilli", "UnixMicro", "UnixNano", "UTC", "Local", "String", "IsZero", "Nope"],
    ):
        yield f"{{{{ ({time}).{part} }}}} {{{{ (toDate `x` `y`).{part} }}}}"
    for call in (
        *['Format "06.01.02"', "AddDate 1 -14 30", "AddDate 0 0 -60", f"Sub {time}"],
        *["Equal (toDate `x` `y`)", "Before (toDate `x` `y`)", "After (toDate `x` `y`)"],
        *[f"Compare {time}", "Add 90000000000", "Truncate 3600000000000", "Round 60000000000"],
        *["Round 0", "Truncate -5"],
    ):
        yield f"{{{{ ({time}).{call} }}}}"
    sub = f"(({time}).Sub (toDate `2006-01-02` `2023-01-01`))"
    for call in (
        *["", ".Hours", ".Minutes", ".Seconds", ".Milliseconds", ".Microseconds", ".Nanoseconds"],
        *[".String", ".Abs", ".Round 3600000000000", ".Truncate 60000000000"],
    ):
        yield f"{{{{ ({sub}){call} }}}}"
    yield (
        f"{{{{ int ({time}).Month }}}}{{{{ add 1 ({time}).Month }}}}"
        f"{{{{ float64 ({time}).Weekday }}}}{{{{ typeOf ({time}).Month }}}}"
    )
    yield (
        f"{{{{ typeOf {time} }}}} {{{{ kindOf {time} }}}} {{{{ {time} }}}} "
        f"{{{{ toString {time} }}}} {{{{ toJson {sub} }}}}"
    )


def dates_elsewhere() -> Iterator[str]:
    """Dates in the hands of the other families."""
    time = '$t := toDate "2006-01-02T15:04:05.999999999Z07:00" "2024-02-29T23:59:58.987654321+05:30"'
    for use in (
        *[
            "{{ toJson $t }}",
            "{{ quote $t }} {{ $t | toString | upper }}",
            "{{ default 1 $t }} {{ empty $t }}",
        ],
        *['{{ printf "%v|%+v|%s|%T" $t $t $t $t }}', "{{ $t.Month | toJson }} {{ $t.Weekday | toJson }}"],
        *[
            '{{ printf "%v %d %s %q %x" $t.Month $t.Month $t.Month $t.Month $t.Month }}',
            "{{ $t.Month.String }}",
        ],
        *[
            "{{ eq $t.Month 2 }} {{ lt $t.Month 3 }}",
            '{{ list $t.Month }} {{ dict "a" $t.Weekday }}',
            "{{ list $t }}",
        ],
        *[
            "{{ $t.Weekday | kindOf }} {{ $t.Weekday | typeOf }}",
            "{{ $t.Sub $t | toJson }} {{ $t.Unix | toJson }}",
        ],
        *[
            "{{ toDecimal $t }} {{ add $t 1 }} {{ int $t.Month }} {{ int ($t.Sub $t) }}",
            "{{ dateModify `24h` $t }}",
        ],
        *[
            "{{ $t.Weekday.String }} {{ kindOf $t }}",
            "{{ dict `t` $t | toPrettyJson }}",
            "{{ cat $t.Year $t }}",
        ],
    ):
        yield f"{{{{ {time} }}}}{use}"


_DURATIONS = (
    *["1h", "1h30m", "-1.5h", "300ms", "1us", "1µs", "1μs", "24h", "25h", "720h", "721h", "8760h"],
    *["8761h", "61s", "59s", "1s", "1.1s", "", "0", "-0", "+0", "+5s", "1", "1d", "h", ".s", "1.s"],
    *[".5s", "1h1h", "1 h", "abc", "9223372036854775807ns", "9223372036854775808ns"],
    *["-9223372036854775808ns", "-9223372036854775809ns", "2562047h47m16.854775807s", "2562048h"],
    *["0.000000000001s", "1.0000000000000000000001h", "99999999999999999999999h"],
    *["0.9223372036854775807h", "1é", "1s\\", "-", "+", "--1s", "1h-1m", "1.5.5s", "3000000h"],
)


def date_at_random(random: Random, format_at: Callable[[str, int], str]) -> str:
    """Printing a moment by a layout, or reading what was printed (or something near it)."""
    drawn = layout(random)
    moment = random.choice((random.randrange(-62 * 10**9, 253 * 10**9), random.randrange(2 * 10**9)))
    if random.random() < 0.35:
        fraction = random.choice((0, 5, 123_000_000, 999_999_999))
        time = f"{format_at('2006-01-02T15:04:05', moment)}.{fraction:09}Z"
        read = f'(toDate "2006-01-02T15:04:05.999999999Z07:00" "{time}")'
        return f'{{{{ dateInZone {_quoted(drawn)} {read} "{random.choice(_ZONES)}" }}}}'
    text = _near(random, drawn, format_at(drawn, moment))
    name = random.choice(("mustToDate", "mustToDate", "toDate"))
    shown = " | printf `%v %s`" if random.random() < 0.1 else ""
    return f"{{{{ {name} {_quoted(drawn)} {_quoted(text)}{shown} }}}}"


def _near(random: Random, drawn: str, text: str) -> str:
    """A printed time with another zone, and now and then with a character more, less or changed."""
    if "MST" in drawn:
        text = text.replace("UTC", random.choice(_ABBREVIATIONS))
    if "Z07" in drawn and random.random() < 0.7:
        text = text.replace("Z", random.choice(_OFFSETS), 1)
    for _ in range(random.choice((0, 0, 0, 1, 1, 2))):
        at = random.randrange(len(text) + 1)
        added = random.choice(("", random.choice("0123456789 +-:.,ZAPM\u00e9"), random.choice("0359 x")))
        text = text[:at] + added + text[at + random.randrange(2) :]
    return text


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
