"""What one effect of `argoWorkflow` asks for, as it is stored. Pure.

`submit`, and `submit-from` of a template, are whole workflows. What is made of something in the cluster (a
CronWorkflow, an old workflow) is made at each attempt: under one name, so that the first that arrives is the one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from events.bus import OrderMode
from events.clock import format_time
from events.ports import Object
from sensors.kube_json import read_json, write_json
from sensors.kube_object import annotate, change_marks, identify
from sensors.kube_request import object_key
from sensors.trigger import RenderContext, RenderFailed
from sensors.workflow_args import RESUBMIT, SUBMIT, SUBMIT_FROM, WorkflowArgs
from sensors.workflow_object import (
    API_VERSION,
    TEMPLATE_KINDS,
    WORKFLOW,
    from_cron,
    from_template,
    resubmitted,
    with_options,
)

_MARK = "kikkake/operation"
_CRON = "CronWorkflow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """Of a `RenderContext`, what the marks of a workflow are made of; without the key of the store."""

    namespace: str
    sensor: str
    trigger: str
    event_ids: tuple[str, ...]
    fired_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowRequest:
    """An operation and what it is about."""

    operation: str
    value: Object
    """The workflow that is made, or what names the object that is read or changed."""
    args: WorkflowArgs
    maker: Maker
    template: str = ""
    """Of a whole workflow: kind of the template that has to be there; its name stands in the workflow."""
    server: Mapping[str, Any] | None = None
    """Where argo's own server is (`workflow_server.py`); only for `retry`."""

    @property
    def makes(self) -> bool:
        """Whether it makes a new workflow."""
        return self.operation in {SUBMIT, SUBMIT_FROM, RESUBMIT}

    @property
    def is_whole(self) -> bool:
        """Whether the workflow that it makes is known without a look at the cluster."""
        return self.makes and self.value["kind"] == WORKFLOW and self.operation != RESUBMIT

    def encode(self) -> bytes:
        """As it is stored."""
        return write_json(
            {
                _MARK: self.operation,
                "object": self.value,
                "args": asdict(self.args),
                "maker": asdict(self.maker),
                "template": self.template,
                "server": self.server,
            }
        )

    @classmethod
    def decode(cls, rendered: bytes) -> WorkflowRequest:
        stored = read_json(rendered)
        args = stored["args"]
        maker = stored["maker"]
        return cls(
            operation=stored[_MARK],
            value=stored["object"],
            args=WorkflowArgs(**{**args, "parameters": tuple(args["parameters"])}),
            maker=Maker(**{**maker, "event_ids": tuple(maker["event_ids"])}),
            template=stored["template"],
            server=stored["server"],
        )

    def order(self) -> tuple[bytes | None, OrderMode]:
        """Changes of one workflow run in the order of the log; what makes a new one has none."""
        if self.makes:
            return None, OrderMode.NONE
        metadata = self.value["metadata"]
        return object_key(API_VERSION, WORKFLOW, metadata["namespace"], metadata["name"]), OrderMode.WAIT

    def made_of(self, source: Object, effect_id: bytes, store_key: bytes) -> bytes:
        """The workflow that is made of a CronWorkflow or an old workflow, with its identity."""
        scheduled = format_time(self.maker.fired_us // 1_000_000 * 1_000_000)
        made = resubmitted(source) if self.operation == RESUBMIT else from_cron(source, scheduled)
        context = RenderContext(effect_id=effect_id, store_key=store_key, **asdict(self.maker))
        return identify(write_json(with_options(made, self.args)), "", context)


def workflow_request(
    operation: str,
    source: Object,
    args: WorkflowArgs,
    context: RenderContext,
    server: Mapping[str, Any] | None,
) -> WorkflowRequest:
    """The request of an effect; `source` has its final name and namespace. Raises RenderFailed."""
    maker = Maker(
        namespace=context.namespace,
        sensor=context.sensor,
        trigger=context.trigger,
        event_ids=context.event_ids,
        fired_us=context.fired_us,
    )
    metadata = source["metadata"]
    name, namespace = metadata.get("name") or "", metadata["namespace"]
    if operation == SUBMIT:
        return _submit(source, args, context, maker)
    if not name:
        text = f"failed to execute the workflow {operation} operation, no name is given"
        raise RenderFailed(text, reason="InvalidName")
    if operation == SUBMIT_FROM:
        return _submit_from(source, args, context, maker)
    named: Object = {
        "apiVersion": API_VERSION,
        "kind": WORKFLOW,
        "metadata": {"name": name, "namespace": namespace},
    }
    if operation != RESUBMIT:
        annotate(named, change_marks(context))
    return WorkflowRequest(operation=operation, value=named, args=args, maker=maker, server=server)


def _submit(source: Object, args: WorkflowArgs, context: RenderContext, maker: Maker) -> WorkflowRequest:
    if source.get("kind") != WORKFLOW:
        raise RenderFailed(
            f"operation `submit` makes a Workflow, not a {source.get('kind')}: see `submit-from`"
        )
    made = with_options(source, args)
    metadata = made["metadata"]
    if not (metadata.get("name") or metadata.get("generateName")):
        text = "failed to trigger the workflow, neither name nor generateName is given"
        raise RenderFailed(text, reason="InvalidName")
    value = read_json(identify(write_json(made), str(metadata.get("name") or ""), context))
    return WorkflowRequest(operation=SUBMIT, value=value, args=args, maker=maker)


def _submit_from(source: Object, args: WorkflowArgs, context: RenderContext, maker: Maker) -> WorkflowRequest:
    kind = TEMPLATE_KINDS.get(str(source.get("kind")).lower())
    if kind is None:
        raise RenderFailed(f"invalid kind {source.get('kind')}")
    name, namespace = source["metadata"]["name"], source["metadata"]["namespace"]
    if kind == _CRON:
        named: Object = {
            "apiVersion": API_VERSION,
            "kind": _CRON,
            "metadata": {"name": name, "namespace": namespace},
        }
        return WorkflowRequest(operation=SUBMIT_FROM, value=named, args=args, maker=maker)
    made = with_options(from_template(kind, name, namespace), args)
    value = read_json(identify(write_json(made), str(made["metadata"].get("name") or ""), context))
    return WorkflowRequest(operation=SUBMIT_FROM, value=value, args=args, maker=maker, template=kind)
