"""Results as people and programs read them: text, JSON lines, JUnit XML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from events.errors import Finding
from kikkake.cli.output import paint, printable
from kikkake.testing.compare import Difference
from kikkake.testing.run import Result
from kikkake.testing.update import Change

_MAX_SHOWN = 20
"""Differences of one case; more say nothing new."""
_XML_UNPRINTABLE = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 65534, 65535), "�")


def text_lines(result: Result) -> Iterator[str]:
    """One line for the case; for a failure what is different, aligned, below it."""
    name = printable(f"{result.test}: {result.case}" if result.case else result.test)
    if result.ok:
        yield f"{paint('ok', 'green')}    {printable(result.file)}  {name}"
        return
    yield f"{paint('FAIL', 'red')}  {printable(result.file)}:{result.line}  {name}".rstrip()
    if result.failure:
        yield f"      {printable(result.failure)}"
    for finding in result.faults:
        yield f"      {printable(fault_text(finding))}"
    for difference in result.differences[:_MAX_SHOWN]:
        yield from _difference_lines(difference)
    if len(result.differences) > _MAX_SHOWN:
        yield f"      and {len(result.differences) - _MAX_SHOWN} more"


def _difference_lines(difference: Difference) -> Iterator[str]:
    yield f"      {printable(difference.path)}"
    yield f"        expected  {printable(difference.expected)}"
    yield f"        actual    {printable(difference.actual)}"
    if difference.look:
        yield f"        look at   {printable(difference.look)}"


def change_lines(change: Change) -> Iterator[str]:
    """What `--update` wrote for a case: each value that was expected, and the one in its place."""
    result = change.result
    name = printable(f"{result.test}: {result.case}" if result.case else result.test)
    place = f"{printable(result.file)}:{result.line}"
    if change.refusal:
        yield f"{paint('not updated', 'yellow')}  {place}  {name}: {printable(change.refusal)}"
        return
    yield f"{paint('updated', 'cyan')}  {place}  {name}"
    for difference in result.differences[:_MAX_SHOWN]:
        yield f"      {printable(difference.path)}"
        yield f"        - {printable(difference.expected)}"
        yield f"        + {printable(difference.actual)}"
    if len(result.differences) > _MAX_SHOWN:
        yield f"      and {len(result.differences) - _MAX_SHOWN} more"


def json_change(change: Change) -> dict[str, Any]:
    """The same as one line of `-o json`."""
    result = change.result
    members = {"file": result.file, "test": result.test, "case": result.case, "updated": not change.refusal}
    differences = [_json_difference(each) for each in result.differences]
    return (
        {**members, "refusal": change.refusal} if change.refusal else {**members, "differences": differences}
    )


def closing_line(results: Sequence[Result]) -> str:
    """`3 passed, 1 failed`."""
    failed = sum(not result.ok for result in results)
    return f"{len(results) - failed} passed, {failed} failed"


def json_object(result: Result) -> dict[str, Any]:
    """One line of `-o json`. What is no difference of values is one with a path and a sentence."""
    return {
        "file": result.file,
        "test": result.test,
        "case": result.case,
        "ok": result.ok,
        "differences": [*_json_faults(result), *(_json_difference(each) for each in result.differences)],
    }


def _json_difference(difference: Difference) -> dict[str, str]:
    members = {"path": difference.path, "expected": difference.expected, "actual": difference.actual}
    return {**members, "look": difference.look} if difference.look else members


def _json_faults(result: Result) -> Iterator[dict[str, Any]]:
    if result.failure:
        yield {"path": "", "error": result.failure}
    for finding in result.faults:
        where = {"file": finding.file, "line": finding.line, "column": finding.column}
        yield {"path": finding.at, "error": finding.what, "fix": finding.fix, **where}


def fault_text(finding: Finding) -> str:
    """`file:line:column: error: at: what; fix`."""
    place = ":".join(str(part) for part in (finding.file, finding.line, finding.column) if part)
    return f"{place}: {finding.severity}: {finding}"


def junit(results: Sequence[Result]) -> bytes:
    """A JUnit XML report: one suite a test document."""
    root = ET.Element("testsuites", name="kikkake test")
    suites: dict[tuple[str, str], ET.Element] = {}
    for result in results:
        key = (result.file, result.test)
        if key not in suites:
            suites[key] = ET.SubElement(
                root, "testsuite", name=_xml(result.test or result.file), file=_xml(result.file)
            )
        case = ET.SubElement(
            suites[key],
            "testcase",
            classname=_xml(result.test),
            name=_xml(result.case or "(document)"),
            file=_xml(result.file),
            line=str(result.line),
        )
        if not result.ok:
            text = "\n".join(line.strip() for line in list(text_lines(result))[1:])
            ET.SubElement(case, "failure", message=_xml(text.split("\n", 1)[0])).text = _xml(text)
    for suite in suites.values():
        suite.set("tests", str(len(suite)))
        suite.set("failures", str(len(suite.findall("testcase/failure"))))
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _xml(text: str) -> str:
    return text.translate(_XML_UNPRINTABLE)
