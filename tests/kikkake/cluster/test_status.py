"""What stands in `status`: upstream's conditions, their reasons and times, and when a write would say nothing new."""

import pytest

from events.errors import Finding, Severity
from kikkake.cluster.status import Outlook, is_said, status_of, told

NOW = "2026-11-24T10:00:00Z"
LATER = "2026-11-24T11:00:00Z"


def finding(at, code="InvalidSpec", severity=Severity.ERROR, what="is wrong", fix="mend it"):
    return Finding(at=at, what=what, fix=fix, code=code, severity=severity)


def outlook(*findings, generation=3, is_served=True, **more):
    return Outlook(generation=generation, findings=findings, is_served=is_served, **more)


def conditions(kind, seen, previous=None, now=NOW):
    status = status_of(kind, seen, previous or {}, now)
    return {each["type"]: each for each in status["conditions"]}


def stands(kind, seen):
    return {name: (each["status"], each.get("reason", "")) for name, each in conditions(kind, seen).items()}


@pytest.mark.parametrize(
    ("kind", "types"),
    [
        ("EventSource", {"SourcesProvided", "Deployed", "Ready"}),
        ("Sensor", {"DependenciesProvided", "TriggersProvided", "Deployed", "Ready"}),
        ("EventBus", {"Configured", "Deployed", "Ready"}),
    ],
)
def test_a_good_object_has_upstreams_types_all_true_and_is_ready(kind, types):
    found = conditions(kind, outlook())
    assert {name: each["status"] for name, each in found.items()} == dict.fromkeys(types, "True")
    assert {each["observedGeneration"] for each in found.values()} == {3}


@pytest.mark.parametrize(
    ("kind", "at", "code", "type_", "reason"),
    [
        ("EventSource", "spec.webhook.a.port", "InvalidEventSource", "SourcesProvided", "InvalidEventSource"),
        ("Sensor", "spec.dependencies[0].name", "X", "DependenciesProvided", "InvalidDependencies"),
        ("Sensor", "spec.triggers[1].template", "X", "TriggersProvided", "InvalidTriggers"),
        ("EventBus", "spec", "InvalidEventBus", "Configured", "InvalidSpec"),
        ("EventSource", "spec", "SecretForbidden", "SourcesProvided", "SecretForbidden"),
        ("Sensor", "spec", "TooManyTriggers", "TriggersProvided", "TooManyTriggers"),
        ("EventSource", "spec", "EndpointConflict", "Deployed", "EndpointConflict"),
        ("Sensor", "metadata", "ServedByArgoEvents", "Deployed", "ServedByArgoEvents"),
    ],
)
def test_a_fault_makes_its_condition_false_with_upstreams_reason_and_ready_with_it(
    kind, at, code, type_, reason
):
    found = stands(kind, outlook(finding(at, code)))
    assert found[type_] == ("False", reason)
    assert found["Ready"] == ("False", reason)
    assert {status for name, (status, _) in found.items() if name not in {type_, "Ready"}} == {"True"}


def test_all_faults_stand_in_the_message_up_to_ten_with_path_fix_and_code():
    many = [finding(f"spec.triggers[{number}]", "Bad") for number in range(12)]
    message = conditions("Sensor", outlook(*many))["TriggersProvided"]["message"]
    assert message.splitlines()[0] == "spec.triggers[0]: is wrong; mend it [Bad]"
    assert len(message.splitlines()) == 11
    assert "and 2 more" in message


def test_a_fault_that_shows_a_text_of_several_lines_is_one_line():
    assert told([finding("spec.a", what="no `x\ny\u2028z`"), finding("spec.b")]).count("\n") == 1


def test_warnings_are_told_and_leave_it_ready():
    found = stands("Sensor", outlook(finding("spec.x", "UnknownField", Severity.WARNING)))
    assert (found["SpecWarnings"], found["Ready"]) == (("True", "UnknownField"), ("True", "Served"))


def test_a_refused_text_over_a_good_one_says_that_the_good_one_serves():
    found = conditions("Sensor", outlook(finding("spec.triggers[0]"), is_outdated=True))
    assert (found["Deployed"]["status"], found["Deployed"]["reason"]) == ("True", "LastGoodText")
    assert found["Ready"]["status"] == "False"


def test_what_was_never_good_is_not_deployed():
    assert stands("Sensor", outlook(finding("spec.triggers[0]"), is_served=False))["Deployed"] == (
        "False",
        "NotServed",
    )


def test_a_suspended_object_is_ready_and_says_so():
    assert stands("Sensor", outlook(is_suspended=True))["Ready"] == ("True", "Suspended")


def test_the_time_of_a_transition_moves_only_with_the_status():
    before = status_of("Sensor", outlook(), {}, NOW)
    same = conditions("Sensor", outlook(generation=4), before, LATER)
    assert {each["lastTransitionTime"] for each in same.values()} == {NOW}

    broken = conditions("Sensor", outlook(finding("spec.triggers[0]"), generation=4), before, LATER)
    moved = {name for name, each in broken.items() if each["lastTransitionTime"] == LATER}
    assert moved == {"TriggersProvided", "Ready"}


def test_a_status_that_stands_there_already_is_not_written_again():
    status = status_of("Sensor", outlook(facts={"fired": 3}), {}, NOW)
    assert is_said(status_of("Sensor", outlook(facts={"fired": 3}), status, LATER), status | {"foreign": 1})
    assert not is_said(status_of("Sensor", outlook(facts={"fired": 4}), status, LATER), status)
    assert not is_said(status_of("Sensor", outlook(generation=4), status, LATER), status)


def test_a_message_ends_where_the_api_server_would_refuse_it():
    long = finding("spec", what="x" * 40_000)
    assert 32_000 < len(told([long, finding("spec")])) <= 32_768
    message = told([finding("spec", "Bad", what="x" * 12_000) for _ in range(4)])
    assert [line[-6:] for line in message.splitlines()[:2]] == [" [Bad]", " [Bad]"]
    assert message.endswith("\nand 2 more: kikkake lint tells them all")


def test_a_failing_trigger_is_told_beside_ready_and_that_it_has_healed_is_told_too():
    failing = {"build": ("Forbidden", "cannot create workflows")}
    seen = conditions("Sensor", outlook(failing=failing))
    assert (seen["TriggersHealthy"]["status"], seen["TriggersHealthy"]["reason"]) == ("False", "Forbidden")
    assert seen["TriggersHealthy"]["message"] == "trigger build: cannot create workflows [Forbidden]"
    assert seen["Ready"]["status"] == "True"

    before = status_of("Sensor", outlook(failing=failing), {}, NOW)
    assert conditions("Sensor", outlook(), before, LATER)["TriggersHealthy"]["status"] == "True"
    assert "TriggersHealthy" not in conditions("Sensor", outlook())
