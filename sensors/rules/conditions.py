"""Rules about conditions and the names in them (spec-sensors 1.3, 5 and 13, defects 12, 73 and 82)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from events.languages.gjson import lint_path
from events.rule import Hit, Rule
from sensors.rules.subject import SensorSubject, TriggerSubject

_LABEL = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?", re.ASCII)
_OTHER_MEMORIES = ("correlate", "hold", "batch")
_ZONE = re.compile(r"(?:CRON_)?TZ=")


def _same_event(trigger: TriggerSubject) -> Iterator[Hit]:
    if trigger.condition is None or trigger.owner is not None:
        return
    topics = {each.name: each.topic for each in trigger.dependencies}
    named: dict[object, str] = {}
    for name in trigger.condition.names:
        first = named.setdefault(topics.get(name), name)
        if first != name:
            what = f"`{first}` and `{name}` wait for the same event: one event may satisfy both"
            yield Hit(trigger.template.at("conditions"), what)


def _newest_only(trigger: TriggerSubject) -> Iterator[Hit]:
    if trigger.condition is None or trigger.owner is not None or not trigger.condition.needs_memory:
        return
    if not any(trigger.template.has(name) for name in _OTHER_MEMORIES):
        what = "of several events of one dependency only the newest is held until the others arrive"
        yield Hit(trigger.template.at("conditions"), what)


def _same_names(sensor: SensorSubject) -> Iterator[Hit]:
    seen: dict[str, str] = {}
    for each in sensor.dependencies:
        first = seen.setdefault(each.name.replace("-", "_"), each.name)
        if first != each.name:
            what = f"`-` and `_` are the same in `conditions`, so that `{first}` means `{each.name}` there"
            yield Hit(sensor.spec.at("dependencies", each.index, "name"), what)


def _unused(sensor: SensorSubject) -> Iterator[Hit]:
    if not sensor.knows_all_conditions or not sensor.triggers:
        return
    named = {name for trigger in sensor.triggers if trigger.condition for name in trigger.condition.names}
    # Where the names of two cannot be told apart, that is what is wrong.
    read_as = {name.replace("-", "_") for name in named}
    for each in sensor.dependencies:
        if each.name not in named and each.name.replace("-", "_") not in read_as:
            what = f"no trigger's condition names `{each.name}`: its events do nothing"
            yield Hit(sensor.spec.at("dependencies", each.index, "name"), what)


def _no_label(trigger: TriggerSubject) -> Iterator[Hit]:
    name = trigger.template.text("name")
    if name and not _LABEL.fullmatch(name):
        yield Hit(
            trigger.template.at("name"),
            f"`{name[:64]}` is no value for a label: objects get it shortened or with `-`",
        )


def _sensor_no_label(sensor: SensorSubject) -> Iterator[Hit]:
    name = sensor.document.name
    if len(name) > 63:
        yield Hit(
            ("metadata", "name"), f"{len(name)} characters are no value for a label: objects get the first 63"
        )


def _zone_of_process(trigger: TriggerSubject) -> Iterator[Hit]:
    for reset in trigger.template.items("conditionsReset"):
        by_time = reset.child("byTime")
        if by_time.has("cron") and not by_time.has("timezone") and not _ZONE.match(by_time.text("cron")):
            yield Hit(
                by_time.at("cron"),
                "no time zone is given: it is UTC here, and that of the process in Argo Events",
            )


def _waits_for_nothing(trigger: TriggerSubject) -> Iterator[Hit]:
    """Fields that say how a trigger waits, where nothing is ever held."""
    template = trigger.template
    if trigger.owner is not None:
        for name in (*_OTHER_MEMORIES, "debounce", "conditionsReset"):
            if template.has(name):
                yield Hit(template.at(name), f"`{name}` has no effect in a dlqTrigger: it fires at once")
        return
    if trigger.condition is None or trigger.condition.needs_memory or not trigger.condition.names:
        return
    if template.has("debounce") or template.has("batch"):
        return
    for name in ("correlate", "hold", "conditionsReset"):
        if template.has(name):
            yield Hit(template.at(name), f"`{name}` has no effect: without `&&` each event fires at once")


def _never_full(trigger: TriggerSubject) -> Iterator[Hit]:
    """A batch that counts more events than can be held."""
    batch = trigger.template.child("batch")
    most = batch.get("max")
    if trigger.condition is None or not isinstance(most, int) or trigger.template.text("hold") != "latest":
        return
    count = len(trigger.condition.names)
    if most > count and not batch.has("within") and not trigger.template.has("debounce"):
        what = f"`hold: latest` holds {count} event{'s' if count > 1 else ''} at most, so {most} never come together"
        yield Hit(batch.at("max"), what)


def _odd_key(trigger: TriggerSubject) -> Iterator[Hit]:
    """Paths of correlation keys that mean something else than they seem to."""
    key = trigger.template.child("correlate").child("key")
    nodes = [key, *(key.child(each.name) for each in trigger.dependencies)]
    for node in nodes:
        for member in ("dataKey", "contextKey"):
            text = node.text(member)
            advice = lint_path(text) if text else None
            if advice is not None:
                yield Hit(node.at(member), f"`{text[:64]}`: {advice}")


_TWO = """
dependencies:
- {name: push, eventName: push}
- {name: image, eventName: image}
"""

RULES: tuple[Rule, ...] = (
    Rule(
        code="KK108",
        name="same-event-twice",
        title="Two dependencies of one condition wait for the same event",
        why="One event is judged for each of them. With `||` the trigger fires twice for it, with `&&` one "
        "event satisfies both, as upstream.",
        fix="with `||` it fires twice; tell them apart by their filters, or keep one",
        bad="""
dependencies:
- {name: main, eventName: push}
- {name: release, eventName: push}
triggers:
- template: {conditions: main || release}
""",
        good="""
dependencies:
- {name: main, eventName: push}
- {name: release, eventName: release}
triggers:
- template: {conditions: main || release}
""",
        checks=((TriggerSubject, _same_event),),
    ),
    Rule(
        code="KK109",
        name="names-alike",
        title="Names that differ in `-` and `_` only",
        why="A condition is read with `-` as `_`, as upstream, so two such names mean the later dependency "
        "both.",
        fix="give it a name that differs otherwise",
        bad="""
dependencies:
- {name: push-main, eventName: push}
- {name: push_main, eventName: image}
triggers:
- template: {conditions: push-main || push_main}
""",
        good="""
dependencies:
- {name: push-main, eventName: push}
- {name: image-main, eventName: image}
triggers:
- template: {conditions: push-main || image-main}
""",
        checks=((SensorSubject, _same_names),),
    ),
    Rule(
        code="KK110",
        name="newest-only",
        title="A condition with `&&` holds the newest event of each dependency only",
        why="While the other side is missing, a newer event replaces the held one, as upstream: of ten pushes "
        "before one image, the last is used. Whether both belong to the same commit is not asked.",
        fix="nothing to do if that is meant; `correlate` lets it wait for the same commit or digest, `hold: "
        "all` keeps every event",
        bad=f"""{_TWO}
triggers:
- template: {{conditions: push && image}}
""",
        good=f"""{_TWO}
triggers:
- template: {{conditions: push || image}}
""",
        checks=((TriggerSubject, _newest_only),),
    ),
    Rule(
        code="KK117",
        name="unused-dependency",
        title="A dependency that no trigger waits for",
        why="Only dependencies that a condition names are listened to, as upstream; a trigger without "
        "`conditions` names all.",
        fix="name it in `conditions`, or remove it",
        bad=f"""{_TWO}
triggers:
- template: {{conditions: push}}
""",
        good=f"""{_TWO}
triggers:
- template: {{conditions: push || image}}
""",
        checks=((SensorSubject, _unused),),
    ),
    Rule(
        code="KK119",
        name="nothing-to-wait-for",
        title="A field about waiting where nothing waits",
        why="A condition without `&&` fires for each event at once and holds nothing, and so does a dlqTrigger: "
        "`correlate`, `hold` and `conditionsReset` have nothing to act on. With `debounce` or `batch` such a "
        "trigger does hold events.",
        fix="remove it, or wait for several dependencies with `&&`",
        bad=f"""{_TWO}
triggers:
- template: {{conditions: push || image, hold: all}}
""",
        good=f"""{_TWO}
triggers:
- template: {{conditions: push && image, hold: all}}
""",
        checks=((TriggerSubject, _waits_for_nothing),),
    ),
    Rule(
        code="KK127",
        name="batch-never-full",
        title="A batch that can never be full",
        why="With `hold: latest` one event of each dependency is held, so a `max` above the number of "
        "dependencies is never reached; without `within` or `debounce` the trigger never fires.",
        fix="write `hold: all`, or add `within`",
        bad=f"""{_TWO}
triggers:
- template: {{conditions: push || image, hold: latest, batch: {{max: 5}}}}
""",
        good=f"""{_TWO}
triggers:
- template: {{conditions: push || image, batch: {{max: 5}}}}
""",
        checks=((TriggerSubject, _never_full),),
    ),
    Rule(
        code="KK149",
        name="odd-correlation-key",
        title="The path of a correlation key means something else than it seems to",
        why="Keys are read by gjson paths, as data filters are. Where the path finds nothing the event cannot be "
        "correlated, and the trigger never gets it.",
        fix="write the path as gjson reads it, such as `body.after` or `l.0.name`",
        bad=f"""{_TWO}
triggers:
- template: {{conditions: push && image, correlate: {{key: {{dataKey: .body.after}}}}}}
""",
        good=f"""{_TWO}
triggers:
- template: {{conditions: push && image, correlate: {{key: {{dataKey: body.after}}}}}}
""",
        checks=((TriggerSubject, _odd_key),),
    ),
    Rule(
        code="KK144",
        name="name-is-no-label",
        title="A name that cannot be the value of a label",
        why="Objects carry the names of their Sensor and trigger as labels. Values of labels have at most 63 "
        "letters, digits, `-`, `_` and `.`; upstream cannot create anything with another name. Here the "
        "label is cut and cleaned, so that selecting by the full name finds nothing.",
        fix="use at most 63 letters, digits, `-`, `_` and `.`",
        bad="""
triggers:
- template: {name: build and push}
""",
        good="""
triggers:
- template: {name: build-and-push}
""",
        checks=((TriggerSubject, _no_label), (SensorSubject, _sensor_no_label)),
    ),
    Rule(
        code="KK152",
        name="reset-zone",
        title="A reset without a time zone",
        why="Without `timezone`, `conditionsReset` counts in the zone of the process in Argo Events, whose "
        "documentation says UTC; in its published image that is UTC. Here it is UTC everywhere, also on a "
        "laptop.",
        fix="write `timezone: Etc/UTC` or another zone",
        bad=f"""{_TWO}
triggers:
- template:
    conditions: push && image
    hold: all
    conditionsReset:
    - byTime: {{cron: "0 0 * * *"}}
""",
        good=f"""{_TWO}
triggers:
- template:
    conditions: push && image
    hold: all
    conditionsReset:
    - byTime: {{cron: "0 0 * * *", timezone: Etc/UTC}}
""",
        checks=((TriggerSubject, _zone_of_process),),
    ),
)
