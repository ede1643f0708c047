"""What is wrong with an `http` trigger, as far as its resource tells (spec-sensors 2.2, 7.5). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from events.errors import Finding, Scope, Severity
from events.resource import Path, ResourceDocument
from sensors.addresses import literal_network
from sensors.check import parameter_faults
from sensors.http_request import METHODS, NOT_SENT, HttpConfig, secure_header_fault, url_fault
from sensors.outer import is_written_by_parameters
from sensors.tls import tls_fault

_WARNED_OF = frozenset({"a cloud's metadata service", "link-local", "private"})
"""Networks of `addresses.py`: metadata services of clouds, and other people's machines. Not the own machine, which
examples and tests send to."""


def check_http(document: ResourceDocument, config: HttpConfig, path: Path, part: str) -> list[Finding]:
    """Upstream's texts, which refuse the Sensor; then what cannot work, and what is not safe."""
    return [
        *_upstreams(document, config, path, f"template {part.removeprefix('trigger:')} is invalid, "),
        *_hopeless(document, config, path, part),
        *_address(document, config, path, part),
        *_unsafe(document, config, path, part),
    ]


def _upstreams(document: ResourceDocument, config: HttpConfig, path: Path, prefix: str) -> Iterator[Finding]:
    if not config.url:
        what = f"{prefix}server URL is not specified"
        yield document.finding((*path, "url"), what, code="InvalidTriggers")
    if config.method not in METHODS:
        what = f"{prefix}only GET, DELETE, PATCH, POST and PUT methods are supported"
        yield document.finding((*path, "method"), what, code="InvalidTriggers")
    yield from parameter_faults(
        document, config.parameters, (*path, "parameters"), f"{prefix}resource parameter"
    )
    yield from parameter_faults(
        document, config.payload, (*path, "payload"), f"{prefix}payload", needs_dest=False
    )


def _hopeless(document: ResourceDocument, config: HttpConfig, path: Path, part: str) -> Iterator[Finding]:
    """What upstream accepts and no event can be sent with."""

    def fault(where: Path, what: str, fix: str = "") -> Finding:
        return document.finding(
            (*path, *where), what, fix, code="InvalidTriggers", scope=Scope.PART, part=part
        )

    if config.url and (what := url_fault(config.url)) and not _writes(document, config, path, "url"):
        yield fault(("url",), what, "write http://HOST/PATH or https://HOST/PATH")
    headers = parameter_faults(document, config.dynamic_headers, (*path, "dynamicHeaders"), "dynamic header")
    yield from (replace(each, scope=Scope.PART, part=part) for each in headers)
    for index, header in enumerate(config.secure_headers):
        if what := secure_header_fault(header):
            yield fault(("secureHeaders", index), what, "give a name and valueFrom.secretKeyRef")
    if config.tls is not None and (what := tls_fault(config.tls)):
        yield fault(("tls",), what)


def _writes(document: ResourceDocument, config: HttpConfig, path: Path, member: str) -> bool:
    own = any(parameter.dest == member for parameter in config.parameters)
    return own or is_written_by_parameters(document, path, f"http.{member}")


def _address(document: ResourceDocument, config: HttpConfig, path: Path, part: str) -> Iterator[Finding]:
    """An address that is written in the URL itself: what a name resolves to is only known at each attempt."""
    is_strict = document.annotations.get("kikkake/strict") == "true"
    network = literal_network(config.url)
    if not network or (network not in _WARNED_OF and not is_strict):
        return
    if is_strict:
        fix = "`kikkake/strict` allows no inner address: send to a public one"
    else:
        fix = 'nothing to do if that is meant; the annotation kikkake/strict: "true" forbids it'
    yield document.finding(
        (*path, "url"),
        f"the URL names an address that is {network}",
        fix,
        code="AddressNotAllowed" if is_strict else "InnerAddress",
        severity=Severity.ERROR if is_strict else Severity.WARNING,
        scope=Scope.PART,
        part=part,
    )


def _unsafe(document: ResourceDocument, config: HttpConfig, path: Path, part: str) -> Iterator[Finding]:
    def warning(where: Path, what: str, fix: str, code: str) -> Finding:
        return document.finding((*path, *where), what, fix, code=code, severity=Severity.WARNING, part=part)

    if config.tls is not None and config.tls.insecure_skip_verify:
        what = "the receiver's certificate is not verified: anybody in between can read and answer"
        where: Path = ("tls", "insecureSkipVerify")
        yield warning(where, what, "give `caCertSecret` instead", "InsecureSkipVerify")
    for name in config.headers or {}:
        if name.lower() in NOT_SENT:
            fix = "use the field `host`" if name.lower() == "host" else "remove it"
            yield warning(("headers", name), "is not sent, as upstream", fix, "Ignored")
