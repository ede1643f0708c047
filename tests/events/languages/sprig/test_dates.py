import pytest

from events.languages.go_template.errors import TemplateError
from tests.events.languages.sprig.running import context, render


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{{ now }}", "2026-11-24 10:05:00.123456789 +0000 UTC"),
        ('{{ now | date "2006-01-02" }}', "2026-11-24"),
        ('{{ date "15:04" nil }} {{ date "15:04" .seconds }} {{ date "15:04" "x" }}', "10:05 10:05 10:05"),
        ('{{ dateInZone "15:04 MST" (now) "America/New_York" }}', "05:05 EST"),
        ('{{ dateInZone "15:04 MST" (now) "Mars/Olympus" }}', "10:05 UTC"),
        ("{{ htmlDate 0 }} {{ htmlDateInZone 0 `America/New_York` }}", "1970-01-01 1969-12-31"),
        (
            "{{ ago 1795514700 }} {{ ago 1795511100 }} {{ ago nil }} {{ ago 1795514760 }}",
            "0s 1h0m0s 0s -1m0s",
        ),
        (
            '{{ now | dateModify "-24h" | htmlDate }} {{ now | dateModify "x" | htmlDate }}',
            "2026-11-23 2026-11-24",
        ),
        ('{{ durationRound (now | dateModify "-100h") }}', "4d"),
        ('{{ unixEpoch (now) }} {{ toDate "2006" "x" | unixEpoch }}', "1795514700 -62135596800"),
        ('{{ duration "95" }} {{ duration 95 }}', "1m35s 0s"),
        (
            "{{ (now).Year }} {{ (now).Month }} {{ (now).Weekday }} {{ (now).YearDay }}",
            "2026 November Tuesday 328",
        ),
        ("{{ ((now).AddDate 0 3 7).Format `Jan 2 2006` }}", "Mar 3 2027"),
        ("{{ (now).Sub (toDate `2006` `2026`) }}", "7858h5m0.123456789s"),
    ],
)
def test_dates_of_the_run(text, shown):
    assert render(text, {"seconds": 5}) == shown


def test_one_run_has_one_time():
    assert render("{{ eq (now).UnixNano (now).UnixNano }}", run=context(5)) == "true"


def test_adding_a_month_follows_the_clock_over_a_change_of_summer_time():
    text = (
        '{{ $t := toDate "2006-01-02 15:04 MST" "2026-03-07 12:00 UTC" }}'
        '{{ dateInZone "15:04" ($t.AddDate 0 1 0) "Europe/Berlin" }}'
    )
    assert render(text) == "14:00"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('{{ mustToDate "2006" "x" }}', 'parsing time "x" as "2006": cannot parse "x" as "2006"'),
        ('{{ mustDateModify "x" (now) }}', 'time: invalid duration "x"'),
        ("{{ unixEpoch .x }}", "wrong type for value; expected time.Time; got string"),
    ],
)
def test_the_strict_forms_say_what_is_wrong(text, error):
    with pytest.raises(TemplateError, match=error):
        render(text, {"x": "y"})
