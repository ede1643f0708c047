"""Rows of tables that are run: what they give, as the page writes it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import yaml

from events.errors import KikkakeError, Severity
from events.event import Event
from events.languages.gjson import Document, compile_path
from events.languages.govaluate import compile_expression
from sensors.compile import CompiledSensor, check_sensor
from sensors.condition import parse_condition
from sensors.filter import Code, Reading, unpack_verdict
from sensors.given import Given
from sensors.parameters import apply_parameters, build_payload
from sensors.sandbox import Sandbox, Task
from sensors.spec import Parameter
from sensors.templates import input_of, run
from sensors.trigger import RenderFailed
from tests.docs.small_sensor import small_sensor

FIRED_US = 1_764_064_800_000_000
"""What templates of the pages call now: 2025-11-25T10:00:00Z."""
NOTHING = "nothing"
_TIME = "2026-11-24T10:00:00Z"

Run = Callable[[tuple[str, ...], bytes], str]
"""The inputs of a row and the JSON block above its table; the answer as the page writes it."""


def run_row(kind: str, cells: tuple[str, ...], given: bytes) -> tuple[str, str]:
    """What a row gives, and what its page says."""
    call, inputs = RUNS[kind]
    try:
        got = call(cells[:inputs], given)
    except RenderFailed as error:
        got = f"error: {error.detail}"
    except KikkakeError as error:
        got = f"error: {error}"
    return got, cells[inputs]


def event_of(data: bytes, **attributes: Any) -> Event:
    """The event of the pages."""
    given = {
        "id": "4c1f6a0e",
        "source": "github",
        "type": "github",
        "subject": "push",
        "time": _TIME,
        "datacontenttype": "application/json",
        **attributes,
    }
    return Event(data=data, **given)


async def run_program(sandbox: Sandbox, kind: str, program: str, given: bytes) -> str:
    """What a jq or Lua program makes of the data."""
    language, _, action = kind.partition(" ")
    task = Task(language, action or "transform", program)  # type: ignore[arg-type]  # a page that says else fails
    try:
        answer = await sandbox.run(task, given, caller="docs", now_s=FIRED_US / 1e6)
    except KikkakeError as error:
        return f"error: {error}"
    if task.action == "filter":
        return "passed" if answer else "filtered"
    return answer.decode()


def _path(cells: tuple[str, ...], given: bytes) -> str:
    found = compile_path(cells[0]).get(Document(given))
    return found.raw.decode() if found.exists else NOTHING


def _text(cells: tuple[str, ...], given: bytes) -> str:
    """The text form of a value."""
    return compile_path(cells[0]).get(Document(given)).text()


def _expression(cells: tuple[str, ...], given: bytes) -> str:
    value = compile_expression(cells[0]).evaluate(json.loads(given, parse_int=float))
    return json.dumps(int(value) if isinstance(value, float) and value.is_integer() else value)


def _filters(cells: tuple[str, ...], given: bytes) -> str:
    return _verdict(_dependency(cells[0]), event_of(given))


def _data(cells: tuple[str, ...], given: bytes) -> str:
    return _verdict(_dependency(f"filters: {{data: [{cells[0]}]}}"), event_of(given))


def _window(cells: tuple[str, ...], given: bytes) -> str:
    return _verdict(_dependency(f"filters: {{time: {cells[0]}}}"), event_of(given, time=cells[1]))


def _dependency(text: str) -> CompiledSensor:
    document = small_sensor("dependency", text)
    compiled, findings = check_sensor(document)
    errors = [str(one) for one in findings if one.severity is Severity.ERROR]
    assert compiled is not None, errors
    assert not errors, errors
    return compiled


def _verdict(compiled: CompiledSensor, event: Event) -> str:
    verdict = unpack_verdict(compiled.dependencies[0].judge(Reading(event)))
    return {Code.PASSED: "passed", Code.FILTERED: "filtered"}.get(verdict.code, "failed")


def _parameter(cells: tuple[str, ...], given: bytes) -> str:
    """Target, parameter, what it is afterwards."""
    parameter = _parameters(f"[{cells[1]}]")
    return apply_parameters(cells[0].encode(), parameter, _given(given)).decode()


def _payload(cells: tuple[str, ...], given: bytes) -> str:
    return build_payload(_parameters(f"[{cells[0]}]"), _given(given)).decode() or NOTHING


def _parameters(text: str) -> list[Parameter]:
    read = yaml.safe_load(text)
    return [Parameter.model_validate(each) for each in read]


def _given(data: bytes) -> Given:
    return Given([("push", event_of(data))], now_us=FIRED_US)


def _template(cells: tuple[str, ...], given: bytes) -> str:
    return run(cells[0], input_of(given), now_us=FIRED_US) or NOTHING


def _condition(cells: tuple[str, ...], given: bytes) -> str:
    """Condition, names of what is there, whether it holds."""
    del given
    condition = parse_condition(cells[0], ("push", "image", "approval"))
    present = [name.strip() for name in cells[1].split(",")]
    return "yes" if condition.holds(condition.mask(present)) else "no"


RUNS: dict[str, tuple[Run, int]] = {
    "paths": (_path, 1),
    "text": (_text, 1),
    "exprs": (_expression, 1),
    "data": (_data, 1),
    "filters": (_filters, 1),
    "time": (_window, 2),
    "parameters": (_parameter, 2),
    "payload": (_payload, 1),
    "templates": (_template, 1),
    "conditions": (_condition, 2),
}
"""By the word after `run:`: what runs a row, and how many cells it reads; the next one is the answer."""
PROGRAMS = ("jq", "lua", "lua filter")
"""The words that need a worker."""
