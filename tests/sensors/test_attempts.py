import pytest

from events.bus import Attempt, EffectState, NewEffect
from events.clock import US_PER_S
from sensors.attempts import Answered, Rules, opened, outcome_of, past_of
from sensors.retry import Retry
from sensors.trigger import Done, Failed, OnFailure

NOW_US = 1_790_000_000 * US_PER_S
RULES = Rules(retry=Retry(), may_repeat=True)


def effect(**changes):
    new = NewEffect(
        id=b"e" * 32,
        sensor="file:ci/s",
        version=1,
        trigger="build",
        role="main",
        kind="k8s",
        events=(),
        due_us=NOW_US,
        attempt=1,
        rendered=b"{}",
    )
    made = opened(new, 7, version=1, at_us=NOW_US)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def attempt(number, *, doubt=False, at_s=0):
    started_us = NOW_US + at_s * US_PER_S
    return Attempt(number, started_us, 0 if doubt else started_us + 1, "503")


def failed(**more):
    return Failed(
        **{"reason": "ServerError", "detail": "x", "answer": "503", "then": OnFailure.RETRY, **more}
    )


def answered(number, answer, *, at_s=0):
    at_us = NOW_US + at_s * US_PER_S
    return Answered(number=number, started_us=at_us, ended_us=at_us + 5, answer=answer)


def test_a_fresh_effect_has_no_past():
    assert past_of(effect(), is_fresh=True).history == ()


def test_an_attempt_of_a_former_process_is_in_doubt_since_its_step():
    past = past_of(effect(), is_fresh=False)

    assert past.doubt_since_us == NOW_US
    assert past.history[0].answer == "no answer: the process ended"


def test_a_later_one_is_in_doubt_since_it_was_due():
    interrupted = effect(
        attempt=2, answered=1, due_us=NOW_US + 9, reason="ServerError", history=(attempt(1),)
    )

    assert past_of(interrupted, is_fresh=False).doubt_since_us == NOW_US + 9


def test_a_doubt_of_this_run_outlives_later_answers():
    retried = effect(
        attempt=2, answered=2, reason="ServerError", history=(attempt(1, doubt=True), attempt(2))
    )

    assert past_of(retried, is_fresh=False).doubt_since_us == NOW_US


def test_a_replay_by_hand_begins_a_new_run_without_the_old_doubt():
    revived = effect(attempt=2, answered=2, reason="", history=(attempt(1, doubt=True), attempt(2)))

    past = past_of(revived, is_fresh=False)

    assert past.doubt_since_us is None
    assert past.tries(3, NOW_US).count == 1


def test_a_replay_that_was_interrupted_is_in_doubt_again():
    revived = effect(attempt=3, answered=2, reason="", history=(attempt(1), attempt(2)))

    past = past_of(revived, is_fresh=False)

    assert [one.number for one in past.history] == [3]
    assert past.tries(4, NOW_US).count == 2


def test_a_success_is_done_with_what_came_of_it():
    outcome = outcome_of(
        effect(),
        past_of(effect(), is_fresh=True),
        answered(1, Done(answer="201", result={"uid": "u"})),
        RULES,
        chance=0.5,
    )

    assert (outcome.state, outcome.result) == (EffectState.DONE, b'{"uid":"u"}')


def test_the_history_tells_the_answer_and_when_to_come_back():
    failure = failed(retry_after_s=2.0)

    outcome = outcome_of(effect(), past_of(effect(), is_fresh=True), answered(1, failure), RULES, chance=0.5)

    assert outcome.state is EffectState.OPEN
    assert outcome.due_us == NOW_US + 5 + 2 * US_PER_S
    assert outcome.history[0].answer == "503, retry after 2 s: x"


@pytest.mark.parametrize("doubtful", [1, 3, 30])
def test_a_long_history_keeps_its_first_attempt_and_its_first_doubt(doubtful):
    current = effect()
    for number in range(1, 41):
        past = past_of(current, is_fresh=number == 1)
        failure = failed(in_doubt=number == doubtful)
        outcome = outcome_of(current, past, answered(number, failure, at_s=number), RULES, chance=0.5)
        current = effect(attempt=number, answered=number, reason=outcome.reason, history=outcome.history)

    past = past_of(current, is_fresh=False)
    assert len(past.history) == 10
    assert past.history[0].number == 1
    assert past.history[-1].number == 40
    assert past.tries(41, NOW_US).count == 41
    assert past.doubt_since_us == NOW_US + doubtful * US_PER_S


def test_a_number_that_was_given_back_has_its_newest_answer():
    busy = failed(counts=False, answer="429")
    current = effect()
    first = outcome_of(current, past_of(current, is_fresh=True), answered(1, busy), RULES, chance=0.5)
    current = effect(attempt=0, answered=0, reason=first.reason, history=first.history)

    second = outcome_of(
        current, past_of(current, is_fresh=False), answered(1, failed(answer="503")), RULES, chance=0.5
    )

    assert not first.counts_as_attempt
    assert [one.answer for one in second.history] == ["503: x"]


def test_a_dead_letter_says_that_an_attempt_may_have_worked():
    doubtful = effect(attempt=1, answered=1, reason="NoAnswer", history=(attempt(1, doubt=True),))
    rules = Rules(retry=Retry(give_up_after_s=1), may_repeat=True)

    outcome = outcome_of(
        doubtful, past_of(doubtful, is_fresh=False), answered(2, failed(), at_s=90), rules, chance=0.5
    )

    assert outcome.state is EffectState.DEAD
    assert outcome.detail == (
        "x (given up after 2 attempts in 90 s); an attempt without an answer may have taken effect"
    )


def test_what_must_not_be_repeated_is_never_tried_in_doubt():
    rules = Rules(retry=Retry(), may_repeat=False)

    outcome = outcome_of(
        effect(), past_of(effect(), is_fresh=True), answered(1, failed(in_doubt=True)), rules, chance=0.5
    )

    assert (outcome.state, outcome.reason) == (EffectState.DEAD, "InDoubt")
