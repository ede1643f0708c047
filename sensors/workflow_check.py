"""What is wrong with an `argoWorkflow` trigger, as far as its resource tells (spec-sensors 2.2, 7.4). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from events.errors import Finding, Scope
from events.resource import Path, ResourceDocument
from sensors.artifact import LOCAL_SOURCES, fetch_local
from sensors.artifact_location import chosen_kind
from sensors.artifact_spec import ArtifactLocation
from sensors.check import parameter_faults
from sensors.http_request import url_fault
from sensors.kube_check import check_lifetime, check_source, written_members
from sensors.outer import is_written_by_parameters
from sensors.spec import Parameter
from sensors.tls import tls_fault
from sensors.trigger import RenderFailed
from sensors.workflow_args import OPERATIONS, RESUBMIT, RETRY, SUBMIT, SUBMIT_FROM, BadArgument, parse_args
from sensors.workflow_object import TEMPLATE_KINDS, WORKFLOW
from sensors.workflow_server import ArgoServer


class WorkflowConfig(Protocol):
    """What the checks look at of the member `argoWorkflow`."""

    @property
    def source(self) -> ArtifactLocation | None: ...
    @property
    def operation(self) -> str: ...
    @property
    def parameters(self) -> Sequence[Parameter]: ...
    @property
    def args(self) -> Sequence[str]: ...
    @property
    def argo_server(self) -> ArgoServer | None: ...


def check_workflow(
    document: ResourceDocument, config: WorkflowConfig, path: Path, part: str
) -> list[Finding]:
    """Upstream's texts where it refuses; ours for what cannot be carried out."""
    prefix = f"template {part.removeprefix('trigger:')} is invalid, "
    if config.source is None:
        what = f"{prefix}argoWorkflow trigger does not contain an absolute action"
        return [document.finding(path, what, code="InvalidTriggers")]
    operation = config.operation or SUBMIT
    if operation not in OPERATIONS:
        what = f"{prefix}unknown operation type {config.operation[:64]}"
        return [document.finding((*path, "operation"), what, code="InvalidTriggers")]
    where: Path = (*path, "parameters")
    if findings := parameter_faults(document, config.parameters, where, f"{prefix}resource parameter"):
        return findings
    checks = _Checks(document, config, operation, path, part)
    return [*checks.args(), *checks.source(config.source), *checks.server()]


class _Checks:
    def __init__(
        self, document: ResourceDocument, config: WorkflowConfig, operation: str, path: Path, part: str
    ) -> None:
        self._document = document
        self._config = config
        self._operation = operation
        self._path = path
        self._part = part

    def args(self) -> Iterator[Finding]:
        """The flags, unless an event fills some of them: then each effect's are read when it is rendered."""
        args = self._config.args
        dests = [f"{self._path[-1]}.args.{index}" for index in range(len(args))]
        if any(is_written_by_parameters(self._document, self._path, dest) for dest in dests):
            return
        try:
            parsed = parse_args(self._operation, args)
        except BadArgument as error:
            yield self._fault(("args", error.index), error.what, error.fix)
            return
        if parsed.is_memoized:
            what = (
                "`--memoized` copies the node statuses of the old workflow, which only argo's own code can do"
            )
            yield self._fault(("args",), what, "leave it out: the new workflow does every step again")

    def source(self, source: ArtifactLocation) -> Iterator[Finding]:
        """The object: a workflow, a template, or the name of one."""
        path: Path = (*self._path, "source")
        needed = (
            ("apiVersion", "kind") if self._operation == SUBMIT else ("apiVersion", "kind", "metadata.name")
        )
        written = written_members(self._document, self._config.parameters, needed, self._path)
        yield from check_source(self._document, source, path, self._part, needed=needed, written=written)
        if "kind" not in written:
            yield from self._kind(source, path)
        if self._operation in {SUBMIT, SUBMIT_FROM, RESUBMIT}:
            yield from check_lifetime(self._document, source, path, self._part)

    def _kind(self, source: ArtifactLocation, path: Path) -> Iterator[Finding]:
        if chosen_kind(source) not in LOCAL_SOURCES:
            return
        try:
            kind = fetch_local(source.model_dump(by_alias=True, exclude_none=True)).get("kind")
        except RenderFailed:
            return
        if not isinstance(kind, str) or not kind:
            return
        if self._operation == SUBMIT and kind != WORKFLOW:
            fix = "write `operation: submit-from`" if kind.lower() in TEMPLATE_KINDS else "write a Workflow"
            yield self._fault(path[len(self._path) :], f"`submit` makes a Workflow, not a {kind[:64]}", fix)
        elif self._operation == SUBMIT_FROM and kind.lower() not in TEMPLATE_KINDS:
            fix = f"write one of {', '.join(TEMPLATE_KINDS.values())}"
            yield self._fault(path[len(self._path) :], f"invalid kind {kind[:64]}", fix)

    def server(self) -> Iterator[Finding]:
        """Where `retry` is carried out."""
        server = self._config.argo_server
        if server is None:
            if self._operation == RETRY:
                what = "`retry` resets nodes and deletes Pods by argo's own code: only its server can do it"
                yield self._fault(
                    ("operation",), what, "add `argoServer: {url: https://argo-server.argo:2746}`"
                )
            return
        if self._operation != RETRY:
            yield self._fault(("argoServer",), "is only read by `retry`", "remove it")
        elif what := url_fault(server.url):
            yield self._fault(("argoServer", "url"), what, "write https://HOST:PORT")
        if server.tls is not None and (what := tls_fault(server.tls)):
            yield self._fault(("argoServer", "tls"), what, "")

    def _fault(self, where: Path, what: str, fix: str) -> Finding:
        return self._document.finding(
            (*self._path, *where), what, fix, code="InvalidTriggers", scope=Scope.PART, part=self._part
        )
