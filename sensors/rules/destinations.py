"""Rules about where a parameter's value goes (spec-sensors 6.3, 6.4 and 6.6)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from events.errors import cut
from events.rule import Hit, Rule
from sensors.rules.subject import ParameterSubject, Place
from sensors.spec import UPSTREAM_KINDS, TriggerTemplate

_FIRST = re.compile(r"(?:\\.|[^.\\|#@])+", re.DOTALL)
_OF_TEMPLATES = frozenset(TriggerTemplate.field_names())
_NEVER_READ = frozenset({"conditions", "conditionsReset", "correlate", "hold", "debounce", "batch"})
"""Members of a template that decide when it fires: at the time at which parameters are applied that is settled."""
_NOT_TEXTS = {
    "http": frozenset({"timeout"}),
    "log": frozenset({"intervalSeconds"}),
    "k8s": frozenset({"liveObject"}),
    "kafka": frozenset({"partition", "requiredAcks", "flushFrequency", "compress"}),
    "email": frozenset({"port"}),
}
"""Fields of kinds that are numbers or booleans."""
_OBJECTS = frozenset({"k8s", "argoWorkflow"})
"""Kinds whose parameters write into the object, not into their own member."""
_WRITING = frozenset({Place.TEMPLATE, Place.RESOURCE})


def _reads_only(parameter: ParameterSubject) -> Iterator[Hit]:
    dest = parameter.node.text("dest")
    if "|" in dest and "#(" not in dest and "\\|" not in dest:
        yield Hit(parameter.node.at("dest"), f"`{dest[:64]}` writes nothing: `|` only reads")


def _first(dest: str) -> str:
    found = _FIRST.match(dest)
    return found[0] if found is not None else ""


def _outside_template(parameter: ParameterSubject) -> Iterator[Hit]:
    dest = parameter.node.text("dest")
    first = _first(dest)
    trigger = parameter.trigger
    if parameter.place is not Place.TEMPLATE or not first or first in _OF_TEMPLATES:
        return
    if first == trigger.kind or trigger.template.has(first) or not trigger.kind:
        return
    action = cut(trigger.kind)
    what = (
        f"`{cut(dest)}` is no place in `template`, whose action is `{action}`: what is written there vanishes"
    )
    if first in UPSTREAM_KINDS:
        fix = f"begin it with `{action}.`"
    elif trigger.kind in _OBJECTS:
        fix = f"move it to `template.{trigger.kind}.parameters`, whose `dest` is a path into the object"
    else:
        fix = f"write {trigger.kind}.{dest[:64]}"
    yield Hit(parameter.node.at("dest"), what, fix)


def _from_template(parameter: ParameterSubject) -> Iterator[Hit]:
    dest = parameter.node.text("dest")
    kind = parameter.trigger.kind
    if parameter.place is Place.RESOURCE and kind and dest.startswith(f"{kind}."):
        rest = dest[len(kind) + 1 :]
        rest = rest.removeprefix("source.resource.") if kind in _OBJECTS else rest
        inside = "the object" if kind in _OBJECTS else f"`{kind}`"
        what = f"`{dest[:64]}` is meant inside {inside} already, which has no member `{kind}`"
        yield Hit(parameter.node.at("dest"), what, f"write {rest[:64]}")


def _text_into_number(parameter: ParameterSubject) -> Iterator[Hit]:
    kind = parameter.trigger.kind
    dest = parameter.node.text("dest")
    if parameter.place is Place.TEMPLATE and dest.startswith(f"{kind}."):
        member = dest[len(kind) + 1 :]
    elif parameter.place is Place.RESOURCE and kind not in _OBJECTS:
        member = dest
    else:
        return
    if member in _NOT_TEXTS.get(kind, ()) and not parameter.src.is_true("useRawData"):
        yield Hit(
            parameter.node.at("dest"),
            f"`{member}` is no text, and a parameter writes texts: the trigger fails",
        )


def _too_late(parameter: ParameterSubject) -> Iterator[Hit]:
    first = _first(parameter.node.text("dest"))
    if parameter.place is Place.TEMPLATE and first in _NEVER_READ:
        what = f"`{first}` is not read any more when parameters are applied: the trigger is firing already"
        yield Hit(parameter.node.at("dest"), what)


def _operation_ignored(parameter: ParameterSubject) -> Iterator[Hit]:
    operation = parameter.node.text("operation")
    if parameter.place not in _WRITING and operation not in {"", "overwrite"}:
        what = f"`{operation[:64]}` is ignored in `{parameter.place.value}`, which is built from nothing"
        yield Hit(parameter.node.at("operation"), what)


def _whole_body(parameter: ParameterSubject) -> Iterator[Hit]:
    is_whole = parameter.place is Place.PAYLOAD and isinstance(parameter.node.value, dict)
    if not is_whole or parameter.node.has("dest"):
        return
    entries = list(parameter.trigger.member.items("payload"))
    if len(entries) > 1:
        others = "the entries before it are discarded, those after it are not looked at"
        yield Hit(parameter.node.path, f"without `dest` this value is the whole body: {others}")


_HTTP = """
triggers:
- template:
    http:
      url: https://example.com/
      headers: {Content-Type: application/json}
"""

RULES: tuple[Rule, ...] = (
    Rule(
        code="KK118",
        name="dest-only-reads",
        title="A `dest` with a pipe writes nothing",
        why="`|` belongs to paths that read. In a `dest` the library that writes changes nothing and reports "
        "nothing, as upstream.",
        fix="write dots; a `|` that belongs to a name is written \\|",
        bad=f"""{_HTTP}
      parameters:
      - {{src: {{dependencyName: push, dataKey: body.team}}, dest: headers|X-Team}}
""",
        good=f"""{_HTTP}
      parameters:
      - {{src: {{dependencyName: push, dataKey: body.team}}, dest: headers.X-Team}}
""",
        checks=((ParameterSubject, _reads_only),),
    ),
    Rule(
        code="KK136",
        name="payload-operation",
        title="`operation` means nothing in a payload",
        why="A payload and dynamic headers are built from nothing, so there is nothing to append to: upstream "
        "ignores `operation` there.",
        fix="remove it; a template can join several values",
        bad=f"""{_HTTP}
      payload:
      - {{src: {{dependencyName: push, dataKey: body.ref}}, dest: ref, operation: append}}
""",
        good=f"""{_HTTP}
      payload:
      - {{src: {{dependencyName: push, dataKey: body.ref}}, dest: ref}}
""",
        checks=((ParameterSubject, _operation_ignored),),
    ),
    Rule(
        code="KK137",
        name="whole-body",
        title="An entry without `dest` is the whole body",
        why="In a payload, an entry with an empty `dest` becomes the body as it is, and building ends there, "
        "as upstream: the other entries are lost.",
        fix="give each entry a `dest`, or keep this one alone",
        bad=f"""{_HTTP}
      payload:
      - {{src: {{dependencyName: push, dataKey: body.ref}}, dest: ref}}
      - {{src: {{dependencyName: push, dataKey: body.commit}}}}
""",
        good=f"""{_HTTP}
      payload:
      - {{src: {{dependencyName: push, dataKey: body.ref}}, dest: ref}}
      - {{src: {{dependencyName: push, dataKey: body.commit}}, dest: commit}}
""",
        checks=((ParameterSubject, _whole_body),),
    ),
    Rule(
        code="KK138",
        name="dest-outside-template",
        title="A parameter of the trigger that writes outside of its template",
        why="`parameters` beside `template` change the template, so their `dest` begins with the action "
        "(`k8s.`, `http.`). Anything else is written beside it and vanishes when the template is read "
        "again, as upstream. The parameters of the action itself write into its object or member.",
        fix="begin it with the action",
        bad="""
triggers:
- template:
    http: {url: https://example.com/}
  parameters:
  - {src: {dependencyName: push, dataKey: body.team}, dest: headers.X-Team}
""",
        good="""
triggers:
- template:
    http: {url: https://example.com/}
  parameters:
  - {src: {dependencyName: push, dataKey: body.team}, dest: http.headers.X-Team}
""",
        checks=((ParameterSubject, _outside_template),),
    ),
    Rule(
        code="KK139",
        name="dest-from-template",
        title="A parameter of an action that repeats the action's name",
        why="The `dest` of an action's own parameters begins inside its object or member. With the name of "
        "the action before it, a new member of that name is made, and nothing reads it, as upstream.",
        fix="leave the name of the action out",
        bad=f"""{_HTTP}
      parameters:
      - {{src: {{dependencyName: push, dataKey: body.team}}, dest: http.headers.X-Team}}
""",
        good=f"""{_HTTP}
      parameters:
      - {{src: {{dependencyName: push, dataKey: body.team}}, dest: headers.X-Team}}
""",
        checks=((ParameterSubject, _from_template),),
    ),
    Rule(
        code="KK140",
        name="text-into-number",
        title="A parameter writes a text where a number belongs",
        why="Parameters write texts. In a field that is a number or a boolean a text cannot be read, as "
        "upstream (`cannot unmarshal string`), and the trigger fails for every event.",
        fix="add `useRawData: true` beside `dataKey`, and let the event hold a number",
        bad="""
triggers:
- template:
    http: {url: https://example.com/}
  parameters:
  - {src: {dependencyName: push, dataKey: body.seconds}, dest: http.timeout}
""",
        good="""
triggers:
- template:
    http: {url: https://example.com/}
  parameters:
  - {src: {dependencyName: push, dataKey: body.seconds, useRawData: true}, dest: http.timeout}
""",
        checks=((ParameterSubject, _text_into_number),),
    ),
    Rule(
        code="KK141",
        name="too-late-for-conditions",
        title="A parameter cannot change when its trigger fires",
        why="Parameters are applied when the condition is met already. What they write into `conditions` and "
        "the like is never read, as upstream.",
        fix="remove it",
        bad="""
triggers:
- template:
    http: {url: https://example.com/}
  parameters:
  - {src: {dependencyName: push, dataKey: body.when}, dest: conditions}
""",
        good="""
triggers:
- template:
    conditions: push
    http: {url: https://example.com/}
""",
        checks=((ParameterSubject, _too_late),),
    ),
)
