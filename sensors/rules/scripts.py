"""Rules about Lua and jq: filters by script and transforms (spec-sensors 3.7, 4 and 13, defects 37 and 38)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from events.node import Node
from events.rule import Hit, Rule
from sensors.rules.subject import DependencySubject

_COMMENT = re.compile(r"--\[\[.*?\]\]|--[^\n]*", re.DOTALL)
_CLOSED = re.compile(
    r"(?<![\w.])(?:(?:io|package|debug)\s*[.:]\s*\w+|os\s*\.\s*(?:execute|exit|getenv|remove|rename|tmpname|setlocale)\b"
    r"|(?:dofile|load|loadfile|loadstring|require|module|newproxy|getfenv|setfenv)\b(?=\s*[(\"'\[]))"
)
_CLOCK = re.compile(r"(?<![\w.])os\s*\.\s*(?:time|date)\s*\(")
_RETURN = re.compile(r"\breturn\b")
_RETURNS_EVENT = re.compile(r"\breturn\s+event\b(?!\s*[=<>~])")


def _scripts(dependency: DependencySubject) -> Iterator[tuple[Node, str]]:
    """Where a Lua script stands, and its text without comments."""
    for node in (dependency.filters, dependency.node.child("transform")):
        script = node.text("script")
        if script:
            yield node, _COMMENT.sub("", script)


def _closed_library(dependency: DependencySubject) -> Iterator[Hit]:
    for node, script in _scripts(dependency):
        found = _CLOSED.search(script)
        if found is not None:
            yield Hit(
                node.at("script"),
                f"`{found[0][:64]}` is not there: a script reads no files, programs or environment",
            )


def _clock_of_event(dependency: DependencySubject) -> Iterator[Hit]:
    for node, script in _scripts(dependency):
        found = _CLOCK.search(script)
        if found is not None:
            yield Hit(
                node.at("script"), f"`{found[0]})` is the time of the event here, not that of the clock"
            )


def _without_return(dependency: DependencySubject) -> Iterator[Hit]:
    for node, script in _scripts(dependency):
        if not _RETURN.search(script):
            is_filter = node.path[-1] == "filters"
            what = "the script returns nothing, so it " + (
                "never passes" if is_filter else "fails for every event"
            )
            yield Hit(
                node.at("script"),
                what,
                "return true or false" if is_filter else "return the table: return event",
            )


def _lossy_return(dependency: DependencySubject) -> Iterator[Hit]:
    transform = dependency.node.child("transform")
    script = _COMMENT.sub("", transform.text("script"))
    if _RETURNS_EVENT.search(script) and not transform.has("jq"):
        what = (
            "the event goes through Lua: nulls vanish, an empty list becomes {}, and lists in lists are lost"
        )
        yield Hit(transform.at("script"), what)


def _ignored_script(dependency: DependencySubject) -> Iterator[Hit]:
    transform = dependency.node.child("transform")
    if transform.has("jq") and transform.has("script"):
        yield Hit(transform.at("script"), "is ignored, since `jq` leads")


RULES: tuple[Rule, ...] = (
    Rule(
        code="KK128",
        name="lua-closed-library",
        title="Scripts reach nothing outside",
        why="Upstream opens all of Lua's libraries, so a script can read the pod's files and environment and "
        "run programs. Here scripts run in a worker without any of these: what they ask for is not there.",
        fix="take what the script needs from the event",
        bad="""
dependencies:
- filters:
    script: |
      return event.body.team == os.getenv("TEAM")
""",
        good="""
dependencies:
- filters:
    script: |
      return event.body.team == "core"
""",
        checks=((DependencySubject, _closed_library),),
    ),
    Rule(
        code="KK129",
        name="lua-lossy-transform",
        title="What goes through Lua comes back changed",
        why="Lua has tables only. On the way through a transform, as upstream, members that are null vanish, "
        "`[]` comes back as `{}`, lists directly inside lists are dropped, and numbers above 2^53 lose "
        "digits. A jq transform keeps all but the last.",
        fix="use `jq`, or return a table with just the members that are needed",
        bad="""
dependencies:
- transform:
    script: |
      event.body.message = "updated"
      return event
""",
        good="""
dependencies:
- transform:
    jq: .body.message = "updated"
""",
        checks=((DependencySubject, _lossy_return),),
    ),
    Rule(
        code="KK130",
        name="script-returns-nothing",
        title="A script has to return its result",
        why="A filter passes only when its script returns the boolean true; a transform takes the table that "
        "is returned. Changing `event` alone is not enough. As upstream.",
        fix="end it with `return`",
        bad="""
dependencies:
- filters:
    script: |
      local opened = event.body.action == "opened"
""",
        good="""
dependencies:
- filters:
    script: |
      return event.body.action == "opened"
""",
        checks=((DependencySubject, _without_return),),
    ),
    Rule(
        code="KK131",
        name="transform-script-ignored",
        title="Of `jq` and `script` in a transform, `jq` leads",
        why="A transform is one program. When both are given, upstream runs `jq` and never looks at `script`.",
        fix="remove one of the two",
        bad="""
dependencies:
- transform:
    jq: .body
    script: return {a = 1}
""",
        good="""
dependencies:
- transform:
    jq: .body
""",
        checks=((DependencySubject, _ignored_script),),
    ),
    Rule(
        code="KK133",
        name="lua-clock-of-event",
        title="A script's clock shows the time of the event",
        why="`os.time()` and `os.date()` give the time at which the event happened, in UTC, so that a script "
        "says the same when it is asked again: after a restart, in `kikkake explain` and in a test. In "
        "Argo Events it is the time of the clock.",
        fix="nothing to do if that is meant",
        bad="""
dependencies:
- filters:
    script: |
      return os.date("%H") < "18"
""",
        good="""
dependencies:
- filters:
    time: {start: "00:00:00", stop: "18:00:00"}
""",
        checks=((DependencySubject, _clock_of_event),),
    ),
)
