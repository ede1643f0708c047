import shlex

import pytest

from events.ports import KubeError
from sensors.kube_answers import refused
from sensors.trigger import OnFailure


@pytest.mark.parametrize(
    ("status", "message", "reason", "then"),
    [
        (400, "bad", "ObjectInvalid", OnFailure.GIVE_UP),
        (401, "Unauthorized", "Unauthorized", OnFailure.RETRY),
        (403, "no", "Rejected", OnFailure.RETRY_BRIEFLY),
        (403, "x is forbidden: exceeded quota: q", "QuotaExceeded", OnFailure.RETRY),
        (403, 'admission webhook "w.x" denied the request: no', "AdmissionDenied", OnFailure.GIVE_UP),
        (
            422,
            "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no",
            "AdmissionDenied",
            OnFailure.GIVE_UP,
        ),
        (
            500,
            'Internal error: failed calling webhook "w.x": timeout',
            "AdmissionUnavailable",
            OnFailure.RETRY,
        ),
        (404, 'namespaces "x" not found', "TargetNotFound", OnFailure.RETRY_BRIEFLY),
        (405, "no", "Rejected", OnFailure.GIVE_UP),
        (409, "Operation cannot be fulfilled on resourcequotas", "Conflict", OnFailure.RETRY),
        (413, "", "ObjectTooLarge", OnFailure.GIVE_UP),
        (500, "etcdserver: request is too large", "ObjectTooLarge", OnFailure.GIVE_UP),
        (500, "oops", "ServerError", OnFailure.RETRY),
        (503, "", "ServerError", OnFailure.RETRY),
        (599, "", "ServerError", OnFailure.RETRY),
    ],
)
def test_each_answer_has_one_meaning(status, message, reason, then):
    failure = refused(KubeError(status, "", message), 10)

    assert (failure.reason, failure.then, failure.in_doubt) == (reason, then, False)


def test_a_server_that_timed_out_itself_leaves_a_doubt():
    assert refused(KubeError(504, "Timeout", "request did not complete"), 10).in_doubt


def test_causes_lead_over_the_message_and_are_cut():
    failure = refused(KubeError(422, "Invalid", "long", causes=("spec.a: " + "x" * 5000,)), 10)

    assert failure.detail.startswith("spec.a: xxx")
    assert len(failure.detail) == 1024


def test_an_account_that_may_not_is_told_how_to_be_allowed():
    message = (
        'workflows.argoproj.io is forbidden: User "system:serviceaccount:ci:sensor-sa" cannot create resource '
        '"workflows" in API group "argoproj.io" in the namespace "ci"'
    )

    assert refused(KubeError(403, "Forbidden", message), 10).detail == (
        "system:serviceaccount:ci:sensor-sa cannot create workflows.argoproj.io in ci. To allow: "
        "kubectl create role kikkake-sensor-sa-workflows-argoproj-io-get-create --verb=get,create "
        "--resource=workflows.argoproj.io -n ci && "
        "kubectl create rolebinding kikkake-sensor-sa-workflows-argoproj-io-get-create "
        "--role=kikkake-sensor-sa-workflows-argoproj-io-get-create --serviceaccount=ci:sensor-sa -n ci"
    )


def test_nothing_of_an_answer_is_carried_out_by_a_shell():
    message = (
        'User "u; touch a" cannot create resource "pods" in API group "x$(touch b)" '
        'in the namespace "web`touch c`"'
    )

    allow = refused(KubeError(403, "Forbidden", message), 10).detail.partition("To allow: ")[2]

    role = "kikkake-u-touch-a-pods-x-touch-b-get-create"
    assert shlex.split(allow) == [
        *("kubectl", "create", "role", role, "--verb=get,create"),
        *("--resource=pods.x$(touch b)", "-n", "web`touch c`", "&&"),
        *("kubectl", "create", "rolebinding", role, f"--role={role}"),
        *("--user=u; touch a", "-n", "web`touch c`"),
    ]


def test_the_right_to_a_cluster_kind_is_a_cluster_role():
    message = (
        'User "u" cannot create resource "storageclasses" in API group "storage.k8s.io" at the cluster scope'
    )

    detail = refused(KubeError(403, "Forbidden", message), 10).detail

    role = "kikkake-u-storageclasses-storage-k8s-io-get-create"
    assert f"kubectl create clusterrole {role} " in detail
    assert detail.endswith(f"--clusterrole={role} --user=u")
