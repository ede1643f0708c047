"""The judge on small made-up evidence: it has to see each kind of fault that it is there for."""

import json
from types import MappingProxyType

import pytest

from tests.crash.gateway import Start
from tests.crash.journal import Made
from tests.crash.judge import Evidence, judge
from tests.crash.ledger import Entry, Ledger
from tests.crash.model import Logged
from tests.crash.resources import rules_of
from tests.crash.store import Log
from tests.servers.http1 import Head
from tests.servers.http_sink import Received

EDITS = {"push": [0, 1], "notify": [0], "release": [0, 1]}
JUDGES = MappingProxyType({"push": 0, "notify": 0, "release": 0})


def request(key, idempotency_key='"1"'):
    head = Head(b"", ("POST", "/", "HTTP/1.1"), (("Idempotency-Key", idempotency_key),))
    return Received(head, json.dumps({"push": key}).encode(), 0.0)


class Case:
    """One push to main, which makes an object, and one to dev, which is sent on: everything is as it should be."""

    def __init__(self):
        self.ledger = Ledger()
        for key, group in (("a", "main"), ("b", "dev")):
            self.ledger.entries[key] = Entry(key, "github", group, sent_at=10.0, acked_at=11.0)
        self.events = [
            Logged(1, "a", "github", "main", JUDGES),
            Logged(2, "b", "github", "dev", JUDGES),
        ]
        self.made = [Made("uid-1", "push-x", "push", (("push", "a"),), "0")]
        self.received = [request("b"), request("b")]
        self.starts = [Start(ready_at=5.0, edit=0, took_s=1.0)]
        self.oddities = []

    def kinds(self):
        log = Log(events=self.events, edits=EDITS, oddities=self.oddities, dead_letters=0, open_effects=0)
        evidence = Evidence(
            ledger=self.ledger,
            log=log,
            made=self.made,
            received=self.received,
            starts=self.starts,
            rules=[rules_of(edit) for edit in range(2)],
        )
        return {violation.kind for violation in judge(evidence).violations}


@pytest.fixture
def case():
    return Case()


def test_a_clean_run_has_no_violations(case):
    assert case.kinds() == set()


def test_an_acknowledged_event_that_is_not_stored_is_lost(case):
    del case.events[1]
    case.received.clear()

    assert case.kinds() == {"lost"}


def test_an_event_without_its_object_is_missing_one(case):
    case.made.clear()

    assert case.kinds() == {"missing"}


def test_two_objects_for_one_event_are_one_too_many_even_when_one_was_deleted(case):
    case.made.append(Made("uid-2", "push-x", "push", (("push", "a"),), "0"))

    assert case.kinds() == {"twice"}


def test_an_object_for_a_filtered_event_is_unexpected(case):
    case.made.append(Made("uid-2", "push-y", "push", (("push", "b"),), "0"))

    assert case.kinds() == {"unexpected"}


def test_a_join_that_the_model_does_not_know_is_told_apart(case):
    case.made.append(Made("uid-2", "release-y", "release", (("order", "c"), ("push", "a")), "0"))

    assert case.kinds() == {"join-unexpected"}


def test_an_object_of_another_text_of_the_trigger_is_wrong(case):
    case.made[0] = Made("uid-1", "push-x", "push", (("push", "a"),), "1")

    assert case.kinds() == {"wrong-trigger"}


def test_a_request_that_never_came_is_missing(case):
    case.received.clear()

    assert case.kinds() == {"http-missing"}


def test_one_effect_under_two_keys_is_two_effects(case):
    case.received.append(request("b", '"2"'))

    assert case.kinds() == {"http-keys"}


def test_an_event_that_is_stored_twice_is_seen(case):
    case.events.append(Logged(3, "b", "github", "dev", JUDGES))

    assert "stored-twice" in case.kinds()


def test_a_sensor_that_goes_back_to_an_older_edit_is_seen(case):
    case.events[0] = Logged(1, "a", "github", "main", {**JUDGES, "push": 1})

    assert case.kinds() == {"older-edit"}


def test_a_sensor_that_uses_an_edit_from_before_the_start_is_seen(case):
    case.starts.append(Start(ready_at=9.0, edit=1, took_s=1.0))

    assert case.kinds() == {"stale-edit"}


def test_an_event_that_nobody_sent_is_invented(case):
    case.events.append(Logged(3, "z", "github", "main", JUDGES))

    assert case.kinds() == {"invented", "missing"}
