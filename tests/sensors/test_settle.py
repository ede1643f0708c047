"""What logs and statuses say of a failure, whatever the other side has answered."""

import itertools

import pytest

from events.bus import EffectState, Outcome
from events.ports import KubeError
from sensors import kube_answers
from sensors.http_answers import judge_answer
from sensors.http_client import Answer
from sensors.settle import detail_for_all
from sensors.trigger import Failed

CANARY = "canary-5d1c0a"
MESSAGES = (
    f"{CANARY}",
    f'pods "{CANARY}" is forbidden: exceeded quota: q',
    f'admission webhook "w.x" denied the request: {CANARY}',
    f"ValidatingAdmissionPolicy 'p' with binding 'b' denied request: {CANARY}",
    f'Internal error: failed calling webhook "w.x": {CANARY}',
    f"etcdserver: request is too large {CANARY}",
    f'configmaps "{CANARY}" is forbidden: User "u" cannot create resource "configmaps" in API group ""',
)
STATUSES = (400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 429, 500, 503, 504, 599)


def said(failure):
    assert isinstance(failure, Failed)
    found = []
    for state in (EffectState.OPEN, EffectState.DEAD):
        outcome = Outcome(
            number=1,
            attempt=1,
            state=state,
            at_us=0,
            reason=failure.reason,
            detail=failure.detail,
            public=failure.public,
        )
        found.append(detail_for_all(outcome))
    return found


@pytest.mark.parametrize(("status", "message"), list(itertools.product(STATUSES, MESSAGES)))
def test_no_word_of_the_api_server_that_may_quote_an_object_is_said_to_all(status, message):
    for causes in ((), (f"spec.x: Invalid value: {CANARY!r}",)):
        error = KubeError(status, "Invalid", message, causes=causes)

        assert CANARY not in str(said(kube_answers.failure_of(error, 10)))


def test_no_field_of_a_conflict_and_no_operation_of_a_patch_is_said_to_all():
    error = KubeError(409, "Conflict", "x", causes=(f".data.{CANARY} (FieldManagerConflict)",))
    operations = [{"op": "test", "path": f"/data/{CANARY}"}]

    for failure in (kube_answers.apply_conflict(error), kube_answers.patch_refused(error, operations)):
        assert CANARY in failure.detail
        assert CANARY not in str(said(failure))


def test_a_conflict_names_the_other_managers_to_all():
    owners = (
        '"kubectl-edit" using apps/v1 at 2026-11-24T10:00:00Z',
        '"helm" with subresource "status" using v1',
        '"kikkake/ci/other/apply"',
    )
    path = f'.data["conflict with \\"{CANARY}\\""]'
    causes = tuple(f"{path}: conflict with {owner} (FieldManagerConflict)" for owner in owners)

    failure = kube_answers.apply_conflict(KubeError(409, "Conflict", "x", causes=causes))

    fix = "leave these fields out, or take them over with `k8s.force: true`"
    assert said(failure) == [f"fields of kubectl-edit, helm, kikkake/ci/other/apply: {fix}"] * 2


@pytest.mark.parametrize("status", [100, 300, 400, 404, 408, 422, 429, 500, 503, 599])
def test_no_answer_of_a_receiver_is_said_to_all(status):
    """Receivers like to echo what they were sent."""
    answer = Answer(status, CANARY, f"cannot parse: {CANARY}".encode())

    assert CANARY not in str(said(judge_answer(answer, None, [], 0)))


def test_what_a_person_has_to_allow_is_said_to_all():
    message = 'User "u" cannot create resource "pods" in API group "" in the namespace "ci"'

    for told in said(kube_answers.failure_of(KubeError(403, "Forbidden", message), 10)):
        assert "To allow: kubectl create role" in told
