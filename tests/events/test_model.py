"""Models report every fault with its path and its cure, and unknown fields with the nearest name."""

import pytest

from events.errors import Severity
from events.model import SpecModel, inner_model, read_model
from events.resource import ResourceDocument, read_documents


class Inner(SpecModel):
    port: str
    secret_name: str = ""
    limit: int = 0


class Outer(SpecModel):
    items: dict[str, Inner] = {}
    method: str | None = None


def read(text, annotations=""):
    document = read_documents(f"metadata: {{annotations: {{{annotations}}}}}\nspec:\n{text}", "f.yaml")[0][0]
    return read_model(document, Outer, document.value["spec"], ("spec",), code="InvalidEventSource")


def test_a_number_for_a_text_says_how_to_write_it():
    instance, (finding,) = read("  items: {a: {port: 12000}}")
    assert instance is None
    assert finding.at == "spec.items.a.port"
    assert finding.what == 'expected string such as "12000", got number 12000'
    assert (finding.line, finding.column) == (3, 15)


def test_all_faults_are_reported_at_once():
    _, findings = read("  items: {a: {port: 1}, b: {limit: x}}\n  method: []")
    assert {finding.at for finding in findings} == {
        "spec.items.a.port",
        "spec.items.b.port",
        "spec.items.b.limit",
        "spec.method",
    }


def test_an_unknown_field_is_a_warning_with_the_nearest_name():
    instance, (finding,) = read('  items: {a: {prot: "1", port: "2"}}')
    assert instance is not None
    assert finding.severity is Severity.WARNING
    assert (finding.code, finding.fix) == ("UnknownField", "did you mean `port`?")


def test_strict_makes_an_unknown_field_an_error():
    _, (finding,) = read('  items: {a: {prot: "1", port: "2"}}', 'kikkake/strict: "true"')
    assert finding.severity is Severity.ERROR


def test_null_counts_as_absent():
    instance, findings = read('  method: null\n  items: {a: {port: "1", limit: null}}')
    assert findings == []
    assert instance.items["a"].limit == 0


def test_a_value_of_a_secret_field_is_not_shown():
    _, (finding,) = read('  items: {a: {port: "1", secretName: 42424242}}'.replace("42424242", "true"))
    assert "true" not in finding.what.replace("true or false", "")


@pytest.mark.parametrize(
    ("annotation", "found"),
    [(Inner | None, Inner), (dict[str, Inner], Inner), (tuple[Inner, ...], Inner), (str, None)],
)
def test_the_model_inside_an_annotation_is_found(annotation, found):
    assert inner_model(annotation) is found


def test_a_resource_that_was_no_text_has_the_same_paths():
    """From an API server: there are no positions that could tell what stands in it."""
    value = {"spec": {"items": {"a": {"port": "1", "limit": "x"}, "b": {"port": []}}, "method": {}}}
    document = ResourceDocument(value, "", {})

    _, findings = read_model(document, Outer, value["spec"], ("spec",), code="InvalidEventSource")

    assert {finding.at for finding in findings} == {"spec.items.a.limit", "spec.items.b.port", "spec.method"}
