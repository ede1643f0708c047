"""The same seed gives the same kills and the same deliveries."""

from tests.crash.kills import schedule
from tests.crash.traffic import Traffic


def deliveries(seed, count=50):
    traffic = Traffic(seed)
    return [traffic.next() for _ in range(count)]


def test_a_seed_repeats_its_kills_and_another_one_does_not():
    assert list(schedule(7, 30)) == list(schedule(7, 30))
    assert list(schedule(7, 30)) != list(schedule(8, 30))


def test_a_seed_repeats_its_deliveries_byte_for_byte():
    assert deliveries(7) == deliveries(7)
    assert deliveries(7) != deliveries(8)


def test_every_tenth_kill_has_an_edit():
    assert [kill.number for kill in schedule(7, 40) if kill.edit] == [5, 15, 25, 35]


def test_every_source_sends_and_no_key_comes_twice():
    sent = [event for delivery in deliveries(7, 300) for event in delivery.events]

    assert {event.source for event in sent} == {"github", "distribution", "kafka"}
    assert len({event.key for event in sent}) == len(sent)
