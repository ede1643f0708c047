"""What `run` says when it serves: where objects are created, where it listens, and what is wrong with the files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from events.errors import Finding, Severity
from kikkake.cli.output import printable
from kikkake.compose import Gateway
from kikkake.version import version


def greeting(gateway: Gateway) -> Iterator[str]:
    """Lines for a person; the first says whether anything will be created. Warnings are left to `kikkake lint`."""
    return map(printable, _lines(gateway))


def _lines(gateway: Gateway) -> Iterator[str]:
    about = gateway.about()
    if about["cluster"] == "dry run":
        where = "dry run, nothing is created in a cluster (--context, --kubeconfig or --in-cluster do)"
    else:
        where = f"creating objects in {about['cluster']}"
    yield f"kikkake {version()}: {where}"
    yield f"store {about['data']}" + "".join(f", {name} {url}" for name, url in gateway.listening().items())
    reports = gateway.services.resources()
    if "namespaces" in about:
        # A cluster has hundreds, and each says on itself how it stands.
        refused = sum(report.state == "refused" for report in reports)
        yield f"{_count(len(reports), 'resource')} of {about['namespaces']}, {refused} refused: kubectl get es,sn -A"
        return
    for report in reports:
        urls = ", ".join(report.urls)
        yield f"{report.kind} {report.namespace}/{report.name}: {report.state}" + (
            f", {urls}" if urls else ""
        )
        yield from map(_told, _of(report.findings, Severity.ERROR))
    yield from map(_told, gateway.faults)
    findings = [*gateway.faults, *(finding for report in reports for finding in report.findings)]
    errors, warnings = len(_of(findings, Severity.ERROR)), len(_of(findings, Severity.WARNING))
    if not reports and not gateway.faults:
        yield "no EventSource or Sensor found: name a file or folder that holds one"
    if errors:
        yield f"{_count(errors, 'error')}: what they stop is named above, everything else works"
    if warnings:
        yield f"{_count(warnings, 'warning')}: kikkake lint tells them"


def _told(finding: Finding) -> str:
    return f"  {finding.file}:{finding.line}:{finding.column}: error: {finding} [{finding.code}]"


def _of(findings: Sequence[Finding], severity: Severity) -> list[Finding]:
    return [finding for finding in findings if finding.severity is severity]


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
