"""What the languages of a Sensor cost: filters, expressions, templates, a call of a worker, and compiling.

Each function is one run of one row. Events are new each time, since a document remembers what it was asked.
"""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable

import orjson

from benchmarks.decide import compile_text, decide, event, roster, sensor, sensor_text
from events.event import Event
from events.languages.govaluate import compile_expression
from sensors import templates
from sensors.compile import CompiledSensor
from sensors.filter import Reading
from sensors.preparing import SandboxPreparer
from sensors.sandbox import Sandbox

Figures = dict[str, float]

_US = 1e6
_FILTERS = {
    "data": "data: [{{path: body.ref, type: string, value: ['^refs/heads/r{number}$']}}]",
    "exprs": "exprs: [{{expr: 'size > {number} && kind == \"push\"', fields: "
    "[{{name: size, path: body.commits.#}}, {{name: kind, path: headers.X-Github-Event.0}}]}}]",
    "context": "context: {{type: type-{number}}}",
    "time": "time: {{start: '08:00:00', stop: '17:00:00', timezone: Europe/Berlin}}",
    "template": "data: [{{path: body.ref, type: string, value: ['^{number}$'], template: '{{{{ .Input | upper }}}}'}}]",
}
_TEMPLATE = """
{{- $repository := .Input.body.repository.full_name -}}
ref: {{ .Input.body.ref | trimPrefix "refs/heads/" | quote }}
repository: {{ $repository }}
{{- if hasPrefix "acme/" $repository }}
team: acme
{{- else }}
team: other
{{- end }}
count: {{ len .Input.body.commits }}
first: {{ (index .Input.body.commits 0).id | trunc 7 }}
""".strip()


async def filters(_run: int) -> Figures:
    """Two data filters with string comparators, verdict included, of one Sensor among 1,000 on one event."""
    many = roster([sensor(f"s-{number}", range(number, number + 1)) for number in range(1000)])
    judges = [judge for interest in next(iter(many.index.values())) for _i, judge, _s in interest.entries]
    times = []
    for _ in range(3):
        readings = [Reading(event(number + 1).event) for number in range(50)]
        started = time.perf_counter()
        for reading in readings:
            for judge in judges:
                judge(reading)
        times.append(time.perf_counter() - started)
    return {"us an event and Sensor (<= 3)": min(times) * _US / 50 / len(judges)}


async def expression(_run: int) -> Figures:
    """govaluate: `size > 10 && kind == "push"`."""
    evaluate = compile_expression('size > 10 && kind == "push"').evaluate
    variables = {"size": 11.0, "kind": "push"}

    def work() -> None:
        for _ in range(100_000):
            evaluate(variables)

    return {"us (<= 0.5)": _timed(work) * _US / 100_000}


async def template(_run: int) -> Figures:
    """A template of ten lines with sprig functions."""
    value = templates.input_of(event(1).event.data or b"")
    templates.run(_TEMPLATE, value, now_us=0)

    def work() -> None:
        for _ in range(2_000):
            templates.run(_TEMPLATE, value, now_us=0)

    return {"us (<= 20)": _timed(work) * _US / 2_000}


async def jq(_run: int) -> Figures:
    """A transform in a worker, 10 KB of data, the pipes included."""
    text = textwrap.dedent("""
        apiVersion: argoproj.io/v1alpha1
        kind: Sensor
        metadata: {name: shaped}
        spec:
          dependencies:
          - name: push
            eventSourceName: github
            eventName: push
            transform: {jq: ".body.ref |= ltrimstr(\\"refs/heads/\\")"}
          triggers:
          - template: {name: job, log: {}}
    """)
    compiled = compile_text(text)
    payload = {"body": {"ref": "refs/heads/main", "commits": [{"id": "f" * 40, "message": "m" * 300}] * 29}}
    data = orjson.dumps(payload)
    one = Event(id="1", source="github", type="push", datacontenttype="application/json", data=data)
    sandbox = Sandbox()
    try:
        preparer = SandboxPreparer(sandbox)
        topic = compiled.dependencies[0].topic
        for _ in range(20):
            await preparer.prepare(compiled, one, topic)
        started = time.perf_counter()
        for _ in range(500):
            await preparer.prepare(compiled, one, topic)
        took_s = time.perf_counter() - started
    finally:
        await sandbox.close()
    return {"us a call (<= 150)": took_s * _US / 500, "KB": len(data) / 1000}


async def compiling(_run: int) -> Figures:
    """A Sensor of 200 lines, from its YAML to a compiled Sensor."""
    text = sensor_text("long", range(9))
    compile_text(text)
    return {"ms (<= 5)": _timed(lambda: compile_text(text)) * 1000, "lines": float(len(text.splitlines()))}


async def mixed(_run: int) -> Figures:
    """One event against 1,000 Sensors with filters of all kinds but scripts."""
    kinds = list(_FILTERS.values())
    many = roster([_filtered(number, kinds[number % len(kinds)]) for number in range(1000)])
    events = [event(number + 1) for number in range(30)]
    started = time.process_time()
    await decide(many, events)
    return {"ms of CPU (<= 10)": (time.process_time() - started) * 1000 / len(events)}


def _filtered(number: int, filters_text: str) -> CompiledSensor:
    text = sensor_text(f"m-{number}", range(number, number + 1))
    begin = text.index("      data:\n")
    end = text.index("  triggers:")
    return compile_text(text[:begin] + "      " + filters_text.format(number=number) + "\n" + text[end:])


def _timed(work: Callable[[], object]) -> float:
    """Seconds of the fastest of three."""
    times = []
    for _ in range(3):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)
