import pytest

from sensors.rate_limit import Spacing, UnusableRateLimit, read_rate_limit
from sensors.spec import RateLimit


@pytest.mark.parametrize(
    ("limit", "us"),
    [
        ({"unit": "Second", "requestsPerUnit": 10}, 100_000),
        ({"unit": "Minute", "requestsPerUnit": 7}, 8_571_429),
        ({"unit": "Hour", "requestsPerUnit": 1}, 3_600_000_000),
        ({"unit": "Fortnight", "requestsPerUnit": 2}, 500_000),
        ({"requestsPerUnit": 1}, 1_000_000),
    ],
)
def test_attempts_are_spaced_evenly(limit, us):
    assert read_rate_limit(RateLimit.model_validate(limit)) == Spacing(us)


def test_no_limit_and_a_negative_one_are_unlimited():
    assert read_rate_limit(None) is None
    assert read_rate_limit(RateLimit(requests_per_unit=-1)) is None


@pytest.mark.parametrize("number", [None, 0])
def test_zero_is_refused_instead_of_a_crash(number):
    with pytest.raises(UnusableRateLimit, match="give a number of 1 or more"):
        read_rate_limit(RateLimit(requests_per_unit=number))


def test_after_a_quiet_time_there_is_no_burst():
    spacing = Spacing(1_000)

    assert spacing.slot_us(None) == 0
    assert spacing.slot_us(5_000) == 6_000
