"""What `run` says when it serves: where objects are created, where it listens, and what is wrong with the files."""

from __future__ import annotations

from collections.abc import Iterator

from events.errors import Severity
from kikkake.compose import Gateway
from kikkake.version import version


def greeting(gateway: Gateway) -> Iterator[str]:
    """Lines for a person; the first says whether anything will be created."""
    about = gateway.about()
    if about["cluster"] == "dry run":
        where = "dry run, nothing is created in a cluster (--context, --kubeconfig or --in-cluster do)"
    else:
        where = f"creating objects in {about['cluster']}"
    yield f"kikkake {version()}: {where}"
    yield f"store {about['data']}" + "".join(f", {name} {url}" for name, url in gateway.listening().items())
    reports = gateway.services.resources()
    for report in reports:
        urls = ", ".join(report.urls)
        yield f"{report.kind} {report.namespace}/{report.name}: {report.state}" + (
            f", {urls}" if urls else ""
        )
        for finding in report.findings:
            place = f"{finding.file}:{finding.line}:{finding.column}"
            yield f"  {place}: {finding.severity}: {finding}"
    for problem in gateway.problems:
        event = f"{problem.namespace}/{problem.event_source} {problem.event_name}"
        yield f"  {event}: error: {problem.what} [{problem.code}]"
    errors = sum(finding.severity is Severity.ERROR for report in reports for finding in report.findings)
    if not reports:
        yield "no EventSource or Sensor found: name a file or folder that holds one"
    elif errors:
        yield f"{errors} errors: what they stop is named above, everything else works"
