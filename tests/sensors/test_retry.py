import pytest

from events.clock import US_PER_S
from sensors.retry import Retry, Strategy, Tries, UnusableBackoff, next_due_us, read_strategy
from sensors.spec import Backoff
from sensors.trigger import Failed, OnFailure

NOW_US = 1_790_000_000 * US_PER_S


def failure(then=OnFailure.RETRY, **more):
    return Failed(**{"reason": "ServerError", "detail": "", "answer": "503", "then": then, **more})


def delay_s(retry, count, failed, *, chance=0.5, tried_s=0.0):
    tries = Tries(count=count, first_us=NOW_US - round(tried_s * US_PER_S))
    due_us = next_due_us(retry, tries, failed, now_us=NOW_US, chance=chance)
    return None if due_us is None else (due_us - NOW_US) / US_PER_S


@pytest.mark.parametrize(
    ("count", "longest_s"), [(1, 1), (2, 2), (3, 4), (9, 256), (10, 300), (11, 300), (5000, 300)]
)
def test_the_default_doubles_from_one_second_to_five_minutes(count, longest_s):
    assert delay_s(Retry(), count, failure(), chance=0.999999) == pytest.approx(longest_s, rel=1e-4)


def test_the_default_has_full_jitter():
    assert delay_s(Retry(), 5, failure(), chance=0.0) == 0
    assert delay_s(Retry(), 5, failure(), chance=0.5) == 8


def test_the_default_ends_after_24_hours():
    assert delay_s(Retry(), 400, failure(), tried_s=86_400 - 151) == 150
    assert delay_s(Retry(), 400, failure(), tried_s=86_400 - 149) is None


def test_an_operator_may_set_another_end():
    assert delay_s(Retry(give_up_after_s=60), 9, failure(), tried_s=10) is None


def test_what_rbac_may_mend_is_tried_three_times_within_ten_minutes():
    brief = failure(OnFailure.RETRY_BRIEFLY)

    delays = [delay_s(Retry(), count, brief) for count in (1, 2, 3)]

    assert delays == [60, 480, None]
    assert 60 + 480 < 600


@pytest.mark.parametrize(
    "retry", [Retry(), Retry(strategy=Strategy(steps=9, duration_s=1, factor=1, jitter=1))]
)
def test_what_cannot_become_valid_is_given_up(retry):
    assert delay_s(retry, 1, failure(OnFailure.GIVE_UP)) is None


def test_what_only_a_policy_refuses_is_tried_again_only_by_a_strategy():
    refused = failure(OnFailure.RETRY_IF_ASKED)
    asked = Retry(strategy=Strategy(steps=2, duration_s=3, factor=1, jitter=0))

    assert delay_s(Retry(), 1, refused) is None
    assert [delay_s(asked, count, refused) for count in (1, 2)] == [3, None]


def test_a_strategy_counts_all_attempts_and_waits_by_upstreams_formula():
    retry = Retry(strategy=Strategy(steps=4, duration_s=3, factor=2, jitter=0.5))

    delays = [delay_s(retry, count, failure(), chance=0.4) for count in (1, 2, 3, 4)]

    assert delays == [3.6, 7.2, 14.4, None]


def test_a_strategy_rules_forbidden_answers_too():
    retry = Retry(strategy=Strategy(steps=2, duration_s=3, factor=1, jitter=0))

    assert delay_s(retry, 1, failure(OnFailure.RETRY_BRIEFLY)) == 3
    assert delay_s(retry, 2, failure(OnFailure.RETRY_BRIEFLY)) is None


def test_what_the_other_side_asks_for_leads():
    assert delay_s(Retry(), 1, failure(retry_after_s=42.0)) == 42
    assert delay_s(Retry(), 1, failure(retry_after_s=86_400.0)) == 3600


def test_a_busy_target_never_uses_up_the_attempts():
    retry = Retry(strategy=Strategy(steps=1, duration_s=3, factor=1, jitter=0))

    assert delay_s(retry, 1, failure(counts=False, retry_after_s=2.0)) == 2


def test_a_doubt_is_cleared_up_within_a_minute_of_its_intent():
    retry = Retry(strategy=Strategy(steps=3, duration_s=600, factor=1, jitter=0))

    assert delay_s(retry, 1, failure(in_doubt=True)) == 30


def test_a_delay_beyond_all_numbers_is_a_year():
    retry = Retry(strategy=Strategy(steps=5000, duration_s=1, factor=10, jitter=1))

    assert delay_s(retry, 4000, failure()) == 366 * 86_400


@pytest.mark.parametrize(
    ("backoff", "strategy"),
    [
        ({}, (5, 1.0, 1.0, 1.0)),
        ({"steps": 0}, (5, 1.0, 1.0, 1.0)),
        ({"steps": 3, "duration": "1m30s", "factor": 2, "jitter": 0.1}, (3, 90.0, 2.0, 0.1)),
        ({"duration": 2_000_000_000}, (5, 2.0, 1.0, 1.0)),
        ({"duration": "1.5h"}, (5, 5400.0, 1.0, 1.0)),
        ({"duration": "250ms"}, (5, 0.25, 1.0, 1.0)),
    ],
)
def test_a_retry_strategy_is_read_as_upstream_reads_it(backoff, strategy):
    read = read_strategy(Backoff.model_validate(backoff))

    assert (read.steps, read.duration_s, read.factor, read.jitter) == strategy


@pytest.mark.parametrize(
    ("backoff", "text"),
    [
        ({"duration": "10"}, 'time: missing unit in duration "10"'),
        ({"duration": "soon"}, 'time: invalid duration "soon"'),
        ({"factor": "2"}, "invalid factor"),
        ({"jitter": "x"}, "invalid jitter"),
    ],
)
def test_an_unusable_strategy_is_refused_with_upstreams_words(backoff, text):
    with pytest.raises(UnusableBackoff, match="invalid backoff configuration") as refused:
        read_strategy(Backoff.model_validate(backoff))
    assert text in str(refused.value)
