"""`args` of an `argoWorkflow` trigger: the documented flags of the `argo` command (v3.7), as far as they mean anything
without it. Pure.

Source: argo-workflows, docs/cli/argo_submit.md and its siblings; the syntax is that of pflag.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from events.clock import parse_time
from events.errors import KikkakeError

SUBMIT, SUBMIT_FROM, RESUBMIT = "submit", "submit-from", "resubmit"
RESUME, RETRY, SUSPEND, TERMINATE, STOP = "resume", "retry", "suspend", "terminate", "stop"
OPERATIONS = (SUBMIT, SUBMIT_FROM, SUSPEND, RETRY, RESUME, RESUBMIT, TERMINATE, STOP)

_SUBMITTING = frozenset({SUBMIT, SUBMIT_FROM})
_MAKING = _SUBMITTING | {RESUBMIT}
_RUNNING = _MAKING | {RETRY}
_ALL = frozenset(OPERATIONS)


class BadArgument(KikkakeError):
    """An argument that is not understood; `index` is its place in the list."""

    def __init__(self, index: int, what: str, fix: str) -> None:
        self.index = index
        self.what = what
        self.fix = fix
        super().__init__(f"args[{index}]: {what}: {fix}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowArgs:
    """What the flags say."""

    parameters: tuple[str, ...] = ()
    """`NAME=VALUE`, in order."""
    entrypoint: str = ""
    service_account: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    name: str = ""
    generate_name: str = ""
    priority: int | None = None
    instance_id: str = ""
    scheduled_time: str = ""
    """RFC 3339, as it was given."""
    is_memoized: bool = False
    restarts_successful: bool = False
    node_field_selector: str = ""
    message: str = ""
    waits: bool = False
    """`--wait`, `--watch` or `--log`: `argo` would return when the workflow has ended."""


class _Flag(NamedTuple):
    operations: frozenset[str]
    read: Callable[[WorkflowArgs, str], WorkflowArgs]
    short: str = ""
    is_switch: bool = False


def parse_args(operation: str, args: Sequence[str]) -> WorkflowArgs:
    """Raises BadArgument: a flag that is unknown, of another operation, or without a meaning here; a bad value."""
    found = WorkflowArgs()
    for index, name, value in _flags(operation, args):
        if name in _REFUSED:
            raise BadArgument(index, f"`--{name}` has no meaning here", _REFUSED[name])
        flag = _FLAGS.get(name)
        if flag is None or operation not in flag.operations:
            raise BadArgument(
                index,
                f"`{operation}` has no flag `--{name[:64]}`",
                "see docs/reference/sensor/argo-workflow.md",
            )
        try:
            found = flag.read(found, value)
        except ValueError as error:
            raise BadArgument(
                index, f"`--{name}`: {error}", "write it as the `argo` command takes it"
            ) from error
    return found


def _flags(operation: str, args: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """Each flag by its long name, with its value; `true` and `false` of a switch."""
    index = 0
    while index < len(args):
        text, start = args[index], index
        if not text.startswith("-") or text in {"-", "--"}:
            raise BadArgument(
                index, f"`{text[:64]}` is no flag", "one trigger has one workflow: the one of `source`"
            )
        name, equals, value = _split(operation, text)
        flag = _FLAGS.get(name)
        if flag is not None and not equals:
            if flag.is_switch:
                value = "true"
            elif index + 1 == len(args):
                raise BadArgument(index, f"`{text[:64]}` has no value", "add it as the next argument")
            else:
                index += 1
                value = args[index]
        yield start, name, value
        index += 1


def _split(operation: str, text: str) -> tuple[str, str, str]:
    """Name, something where a value is in the same argument, and that value."""
    if text.startswith("--"):
        name, equals, value = text[2:].partition("=")
        return name, equals, value
    letter, rest = text[1], text[2:]
    return _long_name(operation, letter), rest[:1], rest.removeprefix("=")


def _long_name(operation: str, letter: str) -> str:
    """`-l` has two meanings: the labels of what is submitted, else a selector."""
    named = [(name, flag.operations) for name, flag in _FLAGS.items() if flag.short == letter]
    own = [name for name, operations in named if operation in operations]
    refused = [_SHORT_REFUSED[letter]] if letter in _SHORT_REFUSED else []
    return [*own, *refused, *(name for name, _ in named), letter][0]


def _parameter(args: WorkflowArgs, value: str) -> WorkflowArgs:
    name, equals, _ = value.partition("=")
    if not equals or not name or name != name.strip():
        raise ValueError(f"expected parameter of the form: NAME=VALUE. Received: {value[:64]}")
    return replace(args, parameters=(*args.parameters, value))


def _labels(args: WorkflowArgs, value: str) -> WorkflowArgs:
    pairs = [pair.partition("=") for pair in value.split(",")]
    if any(not equals or not name for name, equals, _ in pairs):
        raise ValueError(f"expected labels of the form: NAME1=VALUE2,NAME2=VALUE2. Received: {value[:64]}")
    return replace(args, labels={**args.labels, **{name: text for name, _, text in pairs}})


def _priority(args: WorkflowArgs, value: str) -> WorkflowArgs:
    try:
        return replace(args, priority=int(value))
    except ValueError:
        raise ValueError(f"{value[:64]} is no whole number") from None


def _scheduled_time(args: WorkflowArgs, value: str) -> WorkflowArgs:
    if parse_time(value) is None:
        raise ValueError(f"{value[:64]} is no time of RFC 3339")
    return replace(args, scheduled_time=value)


def _text(member: str) -> Callable[[WorkflowArgs, str], WorkflowArgs]:
    def read(args: WorkflowArgs, value: str) -> WorkflowArgs:
        changes: dict[str, Any] = {member: value}
        return replace(args, **changes)

    return read


def _switch(member: str) -> Callable[[WorkflowArgs, str], WorkflowArgs]:
    def read(args: WorkflowArgs, value: str) -> WorkflowArgs:
        if value not in {"true", "false"}:
            raise ValueError(f"{value[:64]} is neither true nor false")
        changes: dict[str, Any] = {member: value == "true"}
        return replace(args, **changes)

    return read


def _nothing(args: WorkflowArgs, _value: str) -> WorkflowArgs:
    """How `argo` prints, logs and reads files."""
    return args


_FLAGS: dict[str, _Flag] = {
    "parameter": _Flag(_RUNNING, _parameter, short="p"),
    "entrypoint": _Flag(_SUBMITTING, _text("entrypoint")),
    "serviceaccount": _Flag(_SUBMITTING, _text("service_account")),
    "labels": _Flag(_SUBMITTING, _labels, short="l"),
    "name": _Flag(_SUBMITTING, _text("name")),
    "generate-name": _Flag(_SUBMITTING, _text("generate_name")),
    "priority": _Flag(_MAKING, _priority),
    "instanceid": _Flag(_SUBMITTING, _text("instance_id")),
    "memoized": _Flag(frozenset({RESUBMIT}), _switch("is_memoized"), is_switch=True),
    "restart-successful": _Flag(frozenset({RETRY}), _switch("restarts_successful"), is_switch=True),
    "node-field-selector": _Flag(frozenset({RESUME, RETRY, STOP}), _text("node_field_selector")),
    "scheduled-time": _Flag(_SUBMITTING, _scheduled_time),
    "message": _Flag(frozenset({STOP}), _text("message")),
    "wait": _Flag(_RUNNING, _switch("waits"), short="w", is_switch=True),
    "watch": _Flag(_RUNNING, _switch("waits"), is_switch=True),
    "log": _Flag(_RUNNING, _switch("waits"), is_switch=True),
    "output": _Flag(_RUNNING, _nothing, short="o"),
    "strict": _Flag(_SUBMITTING, _nothing, is_switch=True),
    "status": _Flag(_SUBMITTING, _nothing),
    "loglevel": _Flag(_ALL, _nothing),
    "gloglevel": _Flag(_ALL, _nothing),
    "verbose": _Flag(_ALL, _nothing, short="v", is_switch=True),
    "request-timeout": _Flag(_ALL, _nothing),
}

_REFUSED = {
    "parameter-file": "there is no such file here: write each parameter as `-p` and `NAME=VALUE`",
    "from": "write `operation: submit-from`, and the template as `source`",
    "dry-run": "ask with `kikkake render SENSOR --event FILE --dry-run`",
    "server-dry-run": "ask with `kikkake render SENSOR --event FILE --dry-run`",
    "namespace": "write it as metadata.namespace of `source`",
    "selector": "one trigger has one workflow: the one of `source`",
    "field-selector": "one trigger has one workflow: the one of `source`",
    "argo-server": "write `argoServer: {url: ...}` beside `source`",
    "token": "write `argoServer: {token: {name: ..., key: ...}}` beside `source`",
}
_SHORT_REFUSED = {"f": "parameter-file", "l": "selector", "n": "namespace", "s": "argo-server"}
