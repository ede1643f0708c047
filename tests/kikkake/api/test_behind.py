"""`explain` names the Sensors that have not judged an event, and why."""

from pathlib import Path

from events.bus import NewDeadLetter, Step
from kikkake.api.explanation import explanation_answer
from tests.sensors.support import BUILD, House, house

MAIN = {"body": {"ref": "refs/heads/main", "sha": "abc"}}
SUSPENDED = BUILD.replace("namespace: ci}", 'namespace: ci, annotations: {kikkake/suspend: "true"}}')


async def outcomes(one: House, sequence: int) -> dict[str, tuple[str, str]]:
    stored = await one.runner.event(sequence)
    assert stored is not None
    answer = await explanation_answer(one.reader, stored)
    return {each["sensor"]: (each["outcome"], each["sentence"]) for each in answer["sensors"]}


async def test_a_suspended_sensor_is_named_beside_those_that_have_judged(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(SUSPENDED, BUILD.replace("name: build", "name: second"))
        sequence = await one.publish("github/push", MAIN)
        await one.decide()
        found = await outcomes(one, sequence)
        assert found["ci/second"][0] == "fired"
        assert found["ci/build"] == ("behind", "it is suspended, and judges this event when it goes on")


async def test_one_that_stands_says_where_and_what_to_look_at(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(BUILD)
        await one.decider.stop_sensor("file:ci/build", "DeadLettersFull")
        sequence = await one.publish("github/push", MAIN)
        await one.decide()
        outcome, sentence = (await outcomes(one, sequence))["ci/build"]
        assert outcome == "behind"
        assert "judged up to event 0" in sentence
        assert "kikkake dead-letters --sensor ci/build" in sentence


async def test_an_event_that_was_given_up_unjudged_shows_its_dead_letter(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(BUILD)
        sequence = await one.publish("github/push", MAIN)
        letter = NewDeadLetter(
            sensor="file:ci/build",
            trigger="",
            sequence=sequence,
            reason="QuotaExceeded",
            detail="too far behind",
        )
        await one.runner.commit(Step(place=sequence, dead_letters=[letter]))
        stored = await one.runner.event(sequence)
        assert stored is not None
        (told,) = (await explanation_answer(one.reader, stored))["sensors"]
        assert (told["outcome"], told["deadLetters"][0]["reason"]) == ("failed", "QuotaExceeded")


async def test_an_event_from_before_it_is_none_of_its_business(tmp_path: Path):
    async with house(tmp_path) as one:
        sequence = await one.publish("github/push", MAIN)
        await one.apply(SUSPENDED)
        assert await outcomes(one, sequence) == {}
