"""What upstream refuses in kinds of triggers that this build does not have, with its texts (spec-sensors 2.2).

Such a trigger is stopped anyway; but where upstream refuses the whole Sensor, so does Kikkake, and a person sees all
faults at once. A kind that is there checks itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from events.errors import Finding
from events.model import read_model
from events.node import Node
from events.resource import Path, ResourceDocument
from sensors.check import parameter_faults
from sensors.spec import Parameter, ParameterSource, TriggerTemplate

_MAX_PORT = 65_535

_NO_FAULT = Parameter(src=ParameterSource(dependency_name="-"), dest="-")
"""In the place of one that cannot be read, which is reported: the others keep their index."""

Fault = tuple[Path, str]
"""The place inside the member, and the text."""
Lists = tuple[tuple[str, str], ...]
"""Lists of parameters, and what upstream calls their entries."""


def absent_kind_faults(
    document: ResourceDocument, template: TriggerTemplate, path: Path, present: Collection[str]
) -> list[Finding]:
    """Faults of the template at `path` in its members for kinds that are not `present`."""
    findings: list[Finding] = []
    prefix = f"template {template.name} is invalid, "
    for kind, value in (template.model_extra or {}).items():
        if kind in present or kind not in _CHECKS or value is None:
            continue
        member = Node(value, (*path, kind))
        faults, lists = _CHECKS[kind]
        findings += [
            document.finding(member.at(*where), f"{prefix}{what}", code="InvalidTriggers")
            for where, what in faults(member)
        ]
        for name, label in lists:
            findings += _list_faults(document, member.child(name), f"{prefix}{label}")
    return findings


def _list_faults(document: ResourceDocument, node: Node, label: str) -> list[Finding]:
    findings: list[Finding] = []
    parameters: list[Parameter] = []
    for index, value in enumerate(node.value if isinstance(node.value, list) else ()):
        parameter, faults = read_model(document, Parameter, value, node.at(index), code="InvalidTriggers")
        findings += faults
        parameters.append(parameter or _NO_FAULT)
    return findings + parameter_faults(document, parameters, node.path, label)


def _needs(*fields: tuple[str, str]) -> Callable[[Node], Iterator[Fault]]:
    """A check for fields that are missing or empty, in upstream's order, with its text for each."""

    def check(member: Node) -> Iterator[Fault]:
        for name, what in fields:
            if not member.has(name):
                yield (name,), what

    return check


def _open_whisk(member: Node) -> Iterator[Fault]:
    yield from _needs(("actionName", "action name is not specified"), ("host", "host URL is not specified"))(
        member
    )
    token = member.child("authToken")
    if token.value is not None and not (token.text("name") and token.text("key")):
        yield ("authToken",), "auth token key and name must be specified"
    if not member.has("payload"):
        yield ("payload",), "payload parameters are not specified"


def _custom(member: Node) -> Iterator[Fault]:
    if not member.has("serverURL"):
        yield ("serverURL",), "custom trigger gRPC server url is not defined"
    if member.get("spec") is None:
        yield ("spec",), "trigger body can't be empty"
    if member.is_true("secure") and member.get("certSecret") is None:
        yield ("certSecret",), "certSecret can't be nil when the trigger server connection is secure"


def _email(member: Node) -> Iterator[Fault]:
    if not member.has("host"):
        yield ("host",), "host can't be empty"
    port = member.get("port")
    if isinstance(port, int) and not 0 <= port <= _MAX_PORT:
        yield ("port",), f"port: {port}, port should be between 0-65535"


_PARAMETERS = ("parameters", "resource parameter")
_PAYLOAD = ("payload", "payload")

_CHECKS: dict[str, tuple[Callable[[Node], Iterator[Fault]], Lists]] = {
    "awsLambda": (
        _needs(
            ("functionName", "function name is not specified"),
            ("region", "region in not specified"),
            ("payload", "payload parameters are not specified"),
        ),
        (_PARAMETERS, _PAYLOAD),
    ),
    "kafka": (
        _needs(
            ("url", "broker url must not be empty"),
            ("payload", "payload must not be empty"),
            ("topic", "topic must not be empty"),
        ),
        (_PAYLOAD,),
    ),
    "nats": (
        _needs(
            ("url", "nats server url can't be empty"),
            ("subject", "nats subject can't be empty"),
            ("payload", "payload can't be nil"),
        ),
        (_PAYLOAD,),
    ),
    "slack": (_needs(("slackToken", "slack token can't be empty")), (_PARAMETERS,)),
    # Upstream's label for both.
    "openWhisk": (_open_whisk, (_PARAMETERS, ("payload", "resource parameter"))),
    "custom": (_custom, (_PARAMETERS,)),
    "email": (_email, (_PARAMETERS,)),
}
"""Of azureEventHubs, azureServiceBus and pulsar upstream checks nothing."""
