"""Rules about Go templates in filters and parameters (spec-sensors 6.5 and 13, defects 44 and 45)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from events.node import Node
from events.rule import Hit, Rule
from sensors.rules.subject import DependencySubject, ParameterSubject

_BARE_FIELD = re.compile(r"\{\{-?\s*\.Input((?:\.\w+)*\.(\w+))\s*-?\}\}", re.ASCII)
_LARGE_NUMBER = re.compile(r"(?:^|_)(?:id|size|timestamp)$|(?:Id|ID|Timestamp)$", re.ASCII)
"""Members that are numbers of a million and more in most payloads: a text under such a name prints as it is."""


_ACTION = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"|`[^`]*`')
_OUTSIDE = re.compile(r"(?<![\w.$])(env|expandenv|getHostByName)\b")


def _large_number(parameter: ParameterSubject) -> Iterator[Hit]:
    template = parameter.src.text("dataTemplate")
    for found in _BARE_FIELD.finditer(template):
        if _LARGE_NUMBER.search(found[2]):
            path = f".Input{found[1]}"[:64]
            what = f"`{path}` prints as 1.234567e+06 where it is a number of a million or more"
            yield Hit(
                parameter.src.at("dataTemplate"), what, f"write {{{{ {path} | int64 }}}}, or use `dataKey`"
            )
            return


def _outside_in_parameter(parameter: ParameterSubject) -> Iterator[Hit]:
    for name in ("dataTemplate", "contextTemplate"):
        yield from _outside(parameter.src, name)


def _outside_in_filter(dependency: DependencySubject) -> Iterator[Hit]:
    for test in dependency.filters.items("data"):
        yield from _outside(test, "template")


def _outside(node: Node, member: str) -> Iterator[Hit]:
    for action in _ACTION.finditer(node.text(member)):
        found = _OUTSIDE.search(_QUOTED.sub('""', action[0]))
        if found is not None:
            yield Hit(
                node.at(member), f"`{found[1]}` is off unless the operator allows it: the template fails"
            )
            return


RULES: tuple[Rule, ...] = (
    Rule(
        code="KK132",
        name="template-large-number",
        title="A template prints large numbers in powers of ten",
        why="Numbers of the event are floating point in a template, as upstream, and from a million on they "
        "print as `1.234567e+06`. Most ids of GitHub are larger. A text under the same name prints as it "
        "is.",
        fix="put `| int64` behind it, or use `dataKey`, which keeps all digits",
        bad="""
triggers:
- template:
    http:
      url: https://example.com/
      headers: {Content-Type: application/json}
      payload:
      - {src: {dependencyName: push, dataTemplate: "{{ .Input.body.installation.id }}"}, dest: id}
""",
        good="""
triggers:
- template:
    http:
      url: https://example.com/
      headers: {Content-Type: application/json}
      payload:
      - {src: {dependencyName: push, dataKey: body.installation.id}, dest: id}
""",
        checks=((ParameterSubject, _large_number),),
    ),
    Rule(
        code="KK143",
        name="template-looks-outside",
        title="A template that looks outside",
        why="In Argo Events every template can read the environment of the pod (`env`, `expandenv`) and ask "
        "the network (`getHostByName`). Here the gateway serves all Sensors, so these are off unless its "
        "operator allows them, and a template that uses them fails.",
        fix="take the value from the event, or write it into the resource",
        bad="""
triggers:
- template:
    http:
      url: https://example.com/
      headers: {Content-Type: application/json}
      payload:
      - {src: {dependencyName: push, dataTemplate: '{{ env "CLUSTER" }}'}, dest: cluster}
""",
        good="""
triggers:
- template:
    http:
      url: https://example.com/
      headers: {Content-Type: application/json}
      payload:
      - {src: {dependencyName: push, dataTemplate: "{{ .Input.body.cluster }}"}, dest: cluster}
""",
        checks=((ParameterSubject, _outside_in_parameter), (DependencySubject, _outside_in_filter)),
    ),
)
