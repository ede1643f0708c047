"""Rules about retries, limits and fields without effect (spec-sensors 1.2, 1.4, 5.3, 9 and 13; design, section 5)."""

from __future__ import annotations

from collections.abc import Iterator

from events.pod_template import PodTemplate
from events.rule import Hit, Rule
from sensors.rate_limit import UNITS_US
from sensors.rules.subject import SensorSubject, TriggerSubject

_BESIDE_TEMPLATE = ("policy", "atLeastOnce", "retryStrategy", "rateLimit", "dlqTrigger", "parameters")
_OF_PODS = tuple(name for name in PodTemplate.field_names() if name != "serviceAccountName")
_NO_POD = "has no effect: one gateway serves all Sensors, none has a pod of its own"


def _without_effect(sensor: SensorSubject) -> Iterator[Hit]:
    spec = sensor.spec
    for name in ("errorOnFailedRound", "loggingFields"):
        if spec.has(name):
            yield Hit(spec.at(name), "has no effect, as upstream", "remove it")
    for name in ("replicas", "revisionHistoryLimit"):
        if spec.get(name) is not None:
            yield Hit(spec.at(name), _NO_POD)
    template = spec.child("template")
    for name in _OF_PODS:
        if template.get(name) is not None:
            yield Hit(template.at(name), _NO_POD)


def _inside_template(trigger: TriggerSubject) -> Iterator[Hit]:
    given = trigger.template.names()
    for name in _BESIDE_TEMPLATE:
        if name in given:
            yield Hit(trigger.template.at(name), f"`{name}` has no effect inside `template`, as upstream")


def _unknown_unit(trigger: TriggerSubject) -> Iterator[Hit]:
    limit = trigger.node.child("rateLimit")
    unit = limit.text("unit")
    if unit and unit not in UNITS_US:
        yield Hit(
            limit.at("unit"),
            f"`{unit[:64]}` counts as Second, as upstream",
            f"write one of {', '.join(UNITS_US)}",
        )


def _negative_limit(trigger: TriggerSubject) -> Iterator[Hit]:
    limit = trigger.node.child("rateLimit")
    number = limit.get("requestsPerUnit")
    if isinstance(number, int) and number < 0:
        yield Hit(limit.at("requestsPerUnit"), "a negative number means no limit at all, as upstream")


def _retry_works(trigger: TriggerSubject) -> Iterator[Hit]:
    if trigger.node.is_true("atLeastOnce") or trigger.owner is not None:
        return
    if trigger.node.has("retryStrategy"):
        yield Hit(
            trigger.node.at("retryStrategy"),
            "is carried out here; Argo Events ignores it without `atLeastOnce: true`",
        )
    if trigger.node.has("dlqTrigger"):
        what = "is carried out here; Argo Events refuses the Sensor without `atLeastOnce: true`"
        yield Hit(trigger.node.at("dlqTrigger"), what)


def _nested_dlq(trigger: TriggerSubject) -> Iterator[Hit]:
    if trigger.owner is not None and trigger.node.has("dlqTrigger"):
        what = (
            "is carried out here when the dlqTrigger around it has been given up; Argo Events never runs it"
        )
        yield Hit(trigger.node.at("dlqTrigger"), what)


RULES: tuple[Rule, ...] = (
    Rule(
        code="NoEffect",
        name="no-effect",
        title="A field that is read and changes nothing",
        why="`errorOnFailedRound` and `loggingFields` are read by nobody upstream either. Replicas and pod "
        "settings of a Sensor mean the pod that Argo Events makes for it; here one gateway serves all "
        "Sensors. `serviceAccountName` alone counts.",
        fix="remove it when you have left Argo Events",
        bad="""
replicas: 2
""",
        good="""
template: {serviceAccountName: builder}
""",
        checks=((SensorSubject, _without_effect),),
    ),
    Rule(
        code="KK114",
        name="inside-template",
        title="A field of the trigger that stands inside its template",
        why="`policy`, `retryStrategy`, `rateLimit`, `atLeastOnce`, `dlqTrigger` and `parameters` are "
        "siblings of `template`. Inside it nobody reads them; two of upstream's own examples have them "
        "there.",
        fix="move it one level up, beside `template`",
        bad="""
triggers:
- template:
    atLeastOnce: true
""",
        good="""
triggers:
- template: {}
  atLeastOnce: true
""",
        checks=((TriggerSubject, _inside_template),),
    ),
    Rule(
        code="KK115",
        name="unit-is-second",
        title="An unknown unit of a rate limit counts as Second",
        why="Upstream knows `Second`, `Minute` and `Hour`, spelt like this. Any other text, also `minute`, "
        "counts as Second: sixty times as many.",
        fix="write one of Second, Minute, Hour",
        bad="""
triggers:
- template: {}
  rateLimit: {unit: minute, requestsPerUnit: 10}
""",
        good="""
triggers:
- template: {}
  rateLimit: {unit: Minute, requestsPerUnit: 10}
""",
        checks=((TriggerSubject, _unknown_unit),),
    ),
    Rule(
        code="KK116",
        name="negative-limit",
        title="A negative rate limit is none",
        why="A negative `requestsPerUnit` switches the limit off, as upstream; 0 crashes upstream's pod and "
        "stops the trigger here.",
        fix="remove `rateLimit`",
        bad="""
triggers:
- template: {}
  rateLimit: {unit: Minute, requestsPerUnit: -1}
""",
        good="""
triggers:
- template: {}
""",
        checks=((TriggerSubject, _negative_limit),),
    ),
    Rule(
        code="KK150",
        name="retry-works-here",
        title="Retries and the dead letter trigger work without `atLeastOnce`",
        why="Argo Events ignores `retryStrategy` unless `atLeastOnce` is true, though its documentation says "
        "otherwise, and refuses `dlqTrigger`. Here both always work, so a Sensor that made one attempt "
        "there makes as many here as it asks for.",
        fix="nothing to do if that is meant; `atLeastOnce: true` makes it the same on both",
        bad="""
triggers:
- template: {}
  retryStrategy: {steps: 3, duration: 10s}
""",
        good="""
triggers:
- template: {}
  atLeastOnce: true
  retryStrategy: {steps: 3, duration: 10s}
""",
        checks=((TriggerSubject, _retry_works),),
    ),
    Rule(
        code="KK151",
        name="nested-dlq-runs-here",
        title="A dlqTrigger inside a dlqTrigger is run",
        why="Argo Events checks it and never runs it. Here it fires when the dlqTrigger around it was given "
        "up.",
        fix="nothing to do if that is meant",
        bad="""
triggers:
- template: {}
  atLeastOnce: true
  dlqTrigger:
    atLeastOnce: true
    template: {name: tell, log: {}}
    dlqTrigger:
      atLeastOnce: true
      template: {name: tell-others, log: {}}
""",
        good="""
triggers:
- template: {}
  atLeastOnce: true
  dlqTrigger:
    atLeastOnce: true
    template: {name: tell, log: {}}
""",
        checks=((TriggerSubject, _nested_dlq),),
    ),
)
