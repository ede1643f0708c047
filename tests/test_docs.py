"""The pages about Sensors: everything that they show is checked, most of it by being run.

`tests/docs/blocks.py` says how a page tells what is to be done with a block.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from events.errors import Severity
from events.model import SpecModel
from kikkake.files import load_resources
from kikkake.lint import check_resources
from kikkake.testing.reading import read_test_files
from kikkake.testing.run import run_tests
from sensors import artifact_spec, spec
from sensors.compile import check_sensor
from sensors.http_request import HttpConfig
from sensors.json_patch import JsonPatchOperation
from sensors.sandbox import Sandbox
from sensors.triggers.argo_workflow import ArgoWorkflow
from sensors.triggers.k8s import K8s
from sensors.workflow_server import ArgoServer
from tests.docs.blocks import Block, blocks_of
from tests.docs.runs import PROGRAMS, run_program, run_row
from tests.docs.small_sensor import small_sensor

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs" / "reference"
PAGES = [REFERENCE / "sensor.md", *sorted((REFERENCE / "sensor").glob("*.md"))]
BLOCKS = [block for page in PAGES for block in blocks_of(page)]
LINKS = [
    ROOT / "docs" / "architecture.md",
    ROOT / "docs" / "install.md",
    ROOT / "docs" / "migrate.md",
    REFERENCE / "differences.md",
    REFERENCE / "services.md",
    *sorted((ROOT / "docs" / "decisions").glob("*.md")),
    *PAGES,
]


def of(language: str) -> list[Block]:
    return [block for block in BLOCKS if block.language == language]


def place(block: Block) -> str:
    return block.place


FRAGMENTS = [block for block in of("yaml") if "in" in block.mark]
FILES = [block for block in BLOCKS if block.file is not None]
SECTIONS = [
    list(group) for _key, group in itertools.groupby(FILES, lambda block: (block.page, block.section))
]
MODELS = [
    each
    for module in (spec, artifact_spec)
    for each in vars(module).values()
    if isinstance(each, type) and issubclass(each, SpecModel) and each.__module__ == module.__name__
] + [HttpConfig, K8s.Config, ArgoWorkflow.Config, ArgoServer, JsonPatchOperation]
TABLES = [block for block in of("table") if "run" in block.mark]


def test_every_yaml_block_is_checked():
    unchecked = [block.place for block in of("yaml") if block not in FRAGMENTS and block not in FILES]
    assert unchecked == []


def test_every_mark_is_known_and_stands_before_what_it_is_for():
    known = {"in", "lint", "run", "outcomes"}
    assert {name for block in BLOCKS for name in block.mark} <= known
    written = sum(
        len(re.findall(r"^<!-- ", page.read_text(encoding="utf-8"), re.MULTILINE)) for page in PAGES
    )
    assert written == sum(bool(block.mark) for block in BLOCKS)


def test_every_json_block_is_json():
    for block in of("json"):
        json.loads(block.text)


@pytest.mark.parametrize("block", FRAGMENTS, ids=place)
def test_a_fragment_makes_a_sensor_without_errors_and_with_the_traps_that_the_page_names(block: Block):
    document = small_sensor(block.mark["in"], block.text)
    _compiled, findings = check_sensor(document)
    errors = {str(finding) for finding in findings if finding.severity is Severity.ERROR}
    assert errors == set()
    codes = {finding.code for finding in findings}
    assert set(block.mark.get("lint", "").split()) <= codes, codes


@pytest.mark.parametrize("blocks", SECTIONS, ids=lambda blocks: blocks[0].place)
async def test_files_of_a_section_have_no_fault_and_their_tests_pass(blocks: list[Block], tmp_path: Path):
    for block in blocks:
        assert block.file is not None
        (tmp_path / block.file).write_text(block.text, encoding="utf-8")
    loaded = load_resources([str(tmp_path)])
    findings = check_resources(loaded)
    assert [str(one) for one in findings if one.severity is Severity.ERROR] == []
    expected = {code for block in blocks for code in block.mark.get("lint", "").split()}
    assert {one.code for one in findings} == expected
    results = [result async for result in run_tests(read_test_files([str(tmp_path)]))]
    assert [result for result in results if not result.ok] == []
    assert results


@pytest.mark.parametrize("table", TABLES, ids=place)
async def test_a_table_says_what_comes_out(table: Block):
    given = _json_before(table)
    kind = table.mark["run"]
    wrong = []
    async with Sandbox() as sandbox:
        for row in table.rows:
            if kind in PROGRAMS:
                got, said = await run_program(sandbox, kind, row.cells[0], given), row.cells[1]
            else:
                got, said = run_row(kind, row.cells, given)
            if got != said:
                wrong.append(
                    f"{table.page.name}:{row.line}: {row.cells[0]} gives {got}, the page says {said}"
                )
    assert wrong == []


@pytest.mark.parametrize("block", [*of("jq"), *of("lua")], ids=place)
async def test_a_program_makes_what_stands_below_it(block: Block):
    async with Sandbox() as sandbox:
        got = await run_program(sandbox, block.mark["run"], block.text, _json_before(block))
    after = next(each for each in BLOCKS[BLOCKS.index(block) + 1 :] if each.language == "json")
    assert json.loads(got) == json.loads(after.text), block.place


_TELLING = (
    "explain_trigger.py",
    "explain.py",
    "waiting.py",
    "missing.py",
    "scripted.py",
    "filters/data.py",
)
"""Where the sentences of `explain` are made."""


def test_the_outcomes_of_explain_are_all_told_in_its_own_words():
    """The table of outcomes names each, and the sentences that it quotes stand in the code."""
    from sensors.explain import _STRENGTH as OUTCOMES  # noqa: PLC0415 - what a person may see as an outcome

    [table] = [block for block in of("table") if "outcomes" in block.mark]
    assert {row.cells[0] for row in table.rows} == set(OUTCOMES)
    code = "".join((ROOT / "sensors" / name).read_text(encoding="utf-8") for name in _TELLING)
    for row in table.rows:
        for piece in re.findall(r"“([^”]*)”", row.cells[1]):
            for words in piece.split("…"):
                assert words.strip() in code, f"{row.line}: {words}"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__qualname__)
def test_every_field_of_a_sensor_is_told(model: type[SpecModel]):
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    words = set(re.findall(r"\w+", text))
    untold = {info.alias or name for name, info in model.model_fields.items()} - words
    assert untold == set()


@pytest.mark.parametrize("page", LINKS, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path):
    for target in re.findall(r"\]\(([^)#]*)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if target and "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", LINKS, ids=lambda page: page.name)
def test_anchors_are_headings(page: Path):
    for target, anchor in re.findall(r"\]\(([^)#]*)#([^)]*)\)", page.read_text(encoding="utf-8")):
        other = page.parent / target if target else page
        assert anchor in set(_anchors(other)), f"{target}#{anchor}"


def _anchors(page: Path) -> Iterator[str]:
    """As GitHub makes them."""
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            text = re.sub(r"[^\w\- ]", "", line.lstrip("#").strip().lower())
            yield text.replace(" ", "-")


def _json_before(block: Block) -> bytes:
    earlier = [
        each for each in BLOCKS[: BLOCKS.index(block)] if each.page == block.page and each.language == "json"
    ]
    return earlier[-1].text.strip().encode() if earlier else b"{}"
