import pytest

from sensors.workflow_args import BadArgument, WorkflowArgs, parse_args


@pytest.mark.parametrize(
    ("operation", "args", "expected"),
    [
        (
            "submit",
            ["-p", "a=1", "--parameter=b=x=y", "-pc=3", "-p=d=4"],
            {"parameters": ("a=1", "b=x=y", "c=3", "d=4")},
        ),
        ("submit", ["--serviceaccount", "s", "--entrypoint=e"], {"service_account": "s", "entrypoint": "e"}),
        ("submit-from", ["-l", "a=1,b=2", "--labels", "b=3"], {"labels": {"a": "1", "b": "3"}}),
        ("submit", ["--name=n", "--generate-name=g-"], {"name": "n", "generate_name": "g-"}),
        ("resubmit", ["--priority", "-5"], {"priority": -5}),
        ("resubmit", ["--memoized"], {"is_memoized": True}),
        ("resubmit", ["--memoized=false"], {}),
        (
            "retry",
            ["--restart-successful", "--node-field-selector", "id=5"],
            {"restarts_successful": True, "node_field_selector": "id=5"},
        ),
        ("stop", ["--message", "enough"], {"message": "enough"}),
        ("submit", ["-w"], {"waits": True}),
        ("submit", ["--watch", "-o", "name", "--strict=false"], {"waits": True}),
        ("submit", ["--instanceid", "i"], {"instance_id": "i"}),
        (
            "submit-from",
            ["--scheduled-time", "2026-03-01T02:00:00+01:00"],
            {"scheduled_time": "2026-03-01T02:00:00+01:00"},
        ),
        ("submit", ["-v", "--loglevel", "debug", "--gloglevel=9", "--status", "Failed"], {}),
        ("terminate", ["--verbose", "--request-timeout", "10s"], {}),
    ],
)
def test_the_documented_flags_are_understood(operation, args, expected):
    assert parse_args(operation, args) == WorkflowArgs(**expected)


@pytest.mark.parametrize(
    ("operation", "args", "index", "what"),
    [
        ("submit", ["--memoized"], 0, "`submit` has no flag `--memoized`"),
        ("stop", ["-p", "a=1"], 0, "`stop` has no flag `--parameter`"),
        ("submit", ["--entrypoint", "e", "--nonsense"], 2, "no flag `--nonsense`"),
        ("submit", ["-x"], 0, "no flag `--x`"),
        ("submit", ["--parameter-file", "p.yaml"], 0, "has no meaning here"),
        ("submit", ["-f", "p.yaml"], 0, "`--parameter-file` has no meaning here"),
        ("submit", ["--from=cronwf/x"], 0, "has no meaning here"),
        ("submit", ["-n", "ci"], 0, "`--namespace` has no meaning here"),
        ("submit", ["-p"], 0, "has no value"),
        ("submit", ["-p", "a"], 0, "expected parameter of the form: NAME=VALUE. Received: a"),
        ("submit", ["-p a=1"], 0, "expected parameter of the form"),
        ("submit", ["--labels", "a"], 0, "expected labels of the form"),
        ("submit", ["--priority", "high"], 0, "high is no whole number"),
        ("resubmit", ["--memoized=perhaps"], 0, "neither true nor false"),
        ("submit", ["--scheduled-time", "tomorrow"], 0, "tomorrow is no time of RFC 3339"),
        ("stop", ["-l", "app=x"], 0, "`--selector` has no meaning here"),
        ("suspend", ["other"], 0, "`other` is no flag"),
    ],
)
def test_anything_else_is_refused_by_its_name(operation, args, index, what):
    with pytest.raises(BadArgument) as refused:
        parse_args(operation, args)
    assert what in refused.value.what
    assert refused.value.index == index
    assert refused.value.fix
