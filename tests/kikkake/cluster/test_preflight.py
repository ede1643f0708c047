import shlex

from kikkake.cluster.preflight import _Answer, _told
from sensors.access import Access


def test_nothing_of_a_sensor_is_carried_out_by_the_shell_of_who_pastes_the_commands():
    access = Access(
        verb="create", api_version="v1", kind="Secret", namespace="web; touch a", name="x$(touch b)"
    )

    _, fix = _told("ci/runner", access, [_Answer(0, "x", "create", "secrets")])

    allow = fix.removeprefix("to allow: ").rpartition("; ")[0]
    role = "kikkake-ci-runner-secrets-x-touch-b-create"
    assert shlex.split(allow) == [
        *("kubectl", "create", "role", role, "--verb=create", "--resource=secrets"),
        *("--resource-name=x$(touch b)", "-n", "web; touch a", "&&"),
        *("kubectl", "create", "rolebinding", role, f"--role={role}"),
        *("--serviceaccount=ci:runner", "-n", "web; touch a"),
    ]
