"""All tests of some paths: read, check, run case by case, and give one result each."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from events.errors import Finding, KikkakeError
from events.log import ROOT
from events.metrics import Metrics
from events.resource import Path
from kikkake.testing.checks import check_sensor_test, check_source_test
from kikkake.testing.compare import Difference
from kikkake.testing.delivery_document import EventSourceTest
from kikkake.testing.inputs import load_artifacts, load_event_source, load_sensor
from kikkake.testing.reading import FileOfTests, LoadedTest, RefusedTest
from kikkake.testing.sensor_case import Saw, SensorBench, run_sensor_case
from kikkake.testing.sensor_document import SensorTest
from kikkake.testing.source_case import SourceBench, run_source_case
from sensors.prepared import Preparer
from sensors.preparing import SandboxPreparer
from sensors.sandbox import Sandbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How one case ended; without a case, why its document cannot be run."""

    file: str
    line: int
    test: str
    case: str
    differences: tuple[Difference, ...] = ()
    faults: tuple[Finding, ...] = ()
    """Of the document: nothing was run."""
    failure: str = ""
    """A fault of Kikkake that ended the case."""

    @property
    def ok(self) -> bool:
        return not (self.differences or self.faults or self.failure)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shared:
    """What all documents of a run share."""

    metrics: Metrics
    preparer: Preparer
    saw: Saw


async def run_tests(files: Sequence[FileOfTests], *, saw: Saw | None = None) -> AsyncIterator[Result]:
    """The result of each case, in the order of the files, as it comes."""
    async with Sandbox() as sandbox:
        shared = _Shared(metrics=Metrics(), preparer=SandboxPreparer(sandbox), saw=saw or _nobody_looks)
        with silence():
            for file in files:
                for name, faults in file.refused:
                    yield Result(file=str(file.path), line=faults[0].line, test=name, case="", faults=faults)
                for test in file.tests:
                    async for result in _run_document(test, shared):
                        yield result


def _nobody_looks(test: LoadedTest, path: Path, happened: object) -> None:
    """Only `--update` wants to know what happened beside what differs."""


async def _run_document(test: LoadedTest, shared: _Shared) -> AsyncIterator[Result]:
    file = test.document.file
    try:
        cases = _prepare(test, shared)
    except RefusedTest as refused:
        yield Result(
            file=file, line=refused.findings[0].line, test=test.name, case="", faults=refused.findings
        )
        return
    for index, (name, run) in enumerate(cases):
        path: Path = ("cases", index)
        yield await _run_case(run, Result(file=file, line=test.line(path), test=test.name, case=name))


Run = Callable[[], Coroutine[Any, Any, list[Difference]]]
"""One case, ready to run."""


def _prepare(test: LoadedTest, shared: _Shared) -> list[tuple[str, Run]]:
    """Name and work of each case. Raises RefusedTest."""
    model = test.model
    if isinstance(model, EventSourceTest):
        return _prepare_source(test, model, shared)
    return _prepare_sensor(test, model, shared)


def _prepare_sensor(test: LoadedTest, model: SensorTest, shared: _Shared) -> list[tuple[str, Run]]:
    loaded = load_sensor(test, model.sensor)
    sources = [
        load_event_source(test, reference, ("eventSources", index))
        for index, reference in enumerate(model.event_sources)
    ]
    if faults := check_sensor_test(test, model, loaded.sensor, sources):
        raise RefusedTest(faults)
    bench = SensorBench(
        test=test,
        model=model,
        loaded=loaded,
        sources=sources,
        artifacts=load_artifacts(test, model.artifacts),
        metrics=shared.metrics,
        preparer=shared.preparer,
        saw=shared.saw,
    )
    return [
        (case.name, partial(run_sensor_case, bench, case, index)) for index, case in enumerate(model.cases)
    ]


def _prepare_source(test: LoadedTest, model: EventSourceTest, shared: _Shared) -> list[tuple[str, Run]]:
    spec = load_event_source(test, model.event_source, ("eventSource",))
    if faults := check_source_test(test, model, spec):
        raise RefusedTest(faults)
    bench = SourceBench(test=test, model=model, spec=spec, metrics=shared.metrics, saw=shared.saw)
    return [
        (case.name, partial(run_source_case, bench, case, index)) for index, case in enumerate(model.cases)
    ]


async def _run_case(run: Run, result: Result) -> Result:
    try:
        return replace(result, differences=tuple(await run()))
    except RefusedTest as refused:
        return replace(result, faults=refused.findings)
    except KikkakeError as error:
        return replace(result, failure=f"{type(error).__name__}: {error}")


@contextmanager
def silence() -> Iterator[None]:
    """No log lines: what a person wants to know of a failed attempt stands in the differences."""
    logger = logging.getLogger(ROOT)
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)
