"""Rules about triggers that make or change Kubernetes objects (spec-sensors 7.2, 7.3 and 13, defects 51 and 52)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from events.rule import Hit, Rule
from sensors.artifact import fetch_local
from sensors.rules.subject import Place, TriggerSubject
from sensors.trigger import RenderFailed

_CREATING = {"k8s": frozenset({"", "create"}), "argoWorkflow": frozenset({"", "submit"})}

_ENDING = frozenset({"suspend", "stop", "terminate"})
"""What is done to a workflow that is not to succeed."""


def _operation(trigger: TriggerSubject) -> str:
    return trigger.member.text("operation")


def _source(trigger: TriggerSubject) -> Mapping[str, Any]:
    source = trigger.member.get("source")
    return source if isinstance(source, Mapping) else {}


def _constant_name(trigger: TriggerSubject) -> Iterator[Hit]:
    if _operation(trigger) not in _CREATING.get(trigger.kind, ()):
        return
    source = _source(trigger)
    where = "inline" if source.get("inline") else "resource"
    if not source.get(where):
        return
    try:
        target = fetch_local(source)
    except RenderFailed:
        return
    metadata = target.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    if isinstance(name, str) and name and not _is_written(trigger):
        at = ("source", where, "metadata", "name") if where == "resource" else ("source", where)
        yield Hit(
            trigger.member.at(*at),
            f"`{name[:64]}` is the name of every object: only the first can be created",
        )


def _is_written(trigger: TriggerSubject) -> bool:
    """Whether a parameter makes the name, or all of what is around it."""
    prefix = f"{trigger.kind}.source.resource."
    for parameter in trigger.parameters():
        dest = parameter.node.text("dest")
        if parameter.place is Place.TEMPLATE:
            if f"{prefix}metadata.name".startswith(f"{dest}.") or dest.startswith(
                f"{trigger.kind}.source.inline"
            ):
                return True
            dest = dest.removeprefix(prefix)
        if dest in {"metadata.name", "metadata"}:
            return True
    return False


def _creates_instead(trigger: TriggerSubject) -> Iterator[Hit]:
    operation = _operation(trigger)
    # A JSON patch and a live object need one that is there.
    is_bound = trigger.member.has("jsonPatch") or trigger.member.is_true("liveObject")
    if trigger.kind == "k8s" and operation in {"patch", "update"} and not is_bound:
        yield Hit(trigger.member.at("operation"), f"`{operation}` creates the object where there is none yet")


def _label_policy_after_delete(trigger: TriggerSubject) -> Iterator[Hit]:
    policy = trigger.node.child("policy")
    if trigger.kind == "k8s" and _operation(trigger) == "delete" and policy.has("k8s"):
        yield Hit(policy.at("k8s"), "after `delete` there is no object whose labels could be looked at")


def _until_after_the_end(trigger: TriggerSubject) -> Iterator[Hit]:
    policy = trigger.node.child("policy").child("k8s")
    operation = _operation(trigger)
    if trigger.kind == "argoWorkflow" and operation in _ENDING and policy.has("until"):
        yield Hit(policy.at("until"), f"after `{operation}` nobody waits for the end of the workflow")


_OBJECT = "{resource: {apiVersion: v1, kind: ConfigMap, metadata: {name: latest}}}"

RULES: tuple[Rule, ...] = (
    Rule(
        code="KK145",
        name="constant-name",
        title="An object of a constant name is created once",
        why="A second event creates the same object again, which is refused (AlreadyExists) as long as the "
        "first is there. Upstream drops such an event; here it is a dead letter.",
        fix="write `generateName`, or a parameter with the dest metadata.name",
        bad=f"""
triggers:
- template:
    k8s:
      operation: create
      source: {_OBJECT}
""",
        good="""
triggers:
- template:
    k8s:
      operation: create
      source: {resource: {apiVersion: v1, kind: ConfigMap, metadata: {generateName: push-}}}
""",
        checks=((TriggerSubject, _constant_name),),
    ),
    Rule(
        code="KK146",
        name="patch-creates",
        title="`patch` and `update` create what is not there",
        why="Where the object does not exist, both create it from what is given, as upstream, also when that "
        "is only the part that was meant to change.",
        fix="nothing to do if that is meant; give the whole object, so that it is good as a new one too",
        bad=f"""
triggers:
- template:
    k8s:
      operation: patch
      source: {_OBJECT}
""",
        good=f"""
triggers:
- template:
    k8s:
      operation: delete
      source: {_OBJECT}
""",
        checks=((TriggerSubject, _creates_instead),),
    ),
    Rule(
        code="KK148",
        name="labels-after-delete",
        title="A policy on an object of which nothing is expected any more",
        why="`policy.k8s` looks at the labels of the object after the action. After `delete` there is none: "
        "upstream counts every such action as failed, Kikkake does not look. Nor does it wait (`until`) for the good "
        "end of a workflow that was suspended, stopped or terminated.",
        fix="remove `policy.k8s`",
        bad=f"""
triggers:
- template:
    k8s:
      operation: delete
      source: {_OBJECT}
  policy: {{k8s: {{labels: {{done: "true"}}}}}}
""",
        good=f"""
triggers:
- template:
    k8s:
      operation: delete
      source: {_OBJECT}
""",
        checks=((TriggerSubject, _label_policy_after_delete), (TriggerSubject, _until_after_the_end)),
    ),
)
