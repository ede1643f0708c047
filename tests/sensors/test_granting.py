import shlex

from sensors.granting import grant_commands

RUNNER = "system:serviceaccount:ci:runner"


def _roles(printed):
    """The roles that the commands create."""
    words = shlex.split(printed)
    return [
        words[at + 2] for at, word in enumerate(words[:-2]) if word == "create" and words[at + 1] == "role"
    ]


def test_no_two_rights_share_a_role_so_that_all_messages_can_be_followed():
    printed = [
        grant_commands(RUNNER, ["get", "create"], "jobs.batch", namespace="ci"),
        grant_commands(RUNNER, ["get"], "jobs.batch", namespace="ci", name="a"),
        grant_commands(RUNNER, ["get"], "jobs.batch", namespace="ci", name="b"),
        grant_commands(RUNNER, ["delete"], "jobs.batch", namespace="ci", name="b"),
        grant_commands("system:serviceaccount:web:runner", ["get"], "jobs.batch", namespace="ci", name="b"),
    ]

    assert [role for each in printed for role in _roles(each)] == [
        "kikkake-runner-jobs-batch-get-create",
        "kikkake-runner-jobs-batch-a-get",
        "kikkake-runner-jobs-batch-b-get",
        "kikkake-runner-jobs-batch-b-delete",
        "kikkake-web-runner-jobs-batch-b-get",
    ]
