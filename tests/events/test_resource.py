"""Reading resources: positions, YAML as Kubernetes reads it, and every fault with its place."""

import pytest

from events.resource import nearest_name, path_text, read_documents


def only(text):
    documents, findings = read_documents(text, "f.yaml")
    assert findings == []
    assert len(documents) == 1
    return documents[0]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        pytest.param("yes", True, id="yes is true"),
        pytest.param("off", False, id="off is false"),
        pytest.param("0777", 511, id="a leading zero is octal"),
        pytest.param("0o17", 15, id="so is the newer form"),
        pytest.param("0x1F", 31, id="hex"),
        pytest.param("12:30:45", "12:30:45", id="a time of day is a text"),
        pytest.param("2026-11-24", "2026-11-24", id="a date is a text"),
        pytest.param("2026-11-24T10:00:00Z", "2026-11-24T10:00:00Z", id="a time stamp is a text"),
        pytest.param("12345678901234567890", 12345678901234567890, id="big integers survive"),
        pytest.param("1e3", 1000.0, id="an exponent makes a number"),
        pytest.param("'1e3'", "1e3", id="unless it is quoted"),
        pytest.param("1.5", 1.5, id="a number"),
        pytest.param("~", None, id="null"),
        pytest.param('"12000"', "12000", id="quotes make a text"),
    ],
)
def test_scalars_are_read_as_kubernetes_reads_them(written, read):
    assert only(f"a: {written}").value == {"a": read}


def test_every_value_knows_its_place():
    document = only("apiVersion: v1\nspec:\n  triggers:\n  - template:\n      name: x\n")
    path = ("spec", "triggers", 0, "template", "name")
    assert document.position(path) == (5, 7)
    assert document.position((*path, "missing")) == (5, 7)


def test_a_duplicate_key_is_a_finding_with_both_places():
    _, findings = read_documents("a: 1\nb: 2\na: 3\n", "f.yaml")
    (finding,) = findings
    assert finding.code == "DuplicateKey"
    assert (finding.line, finding.column) == (3, 1)
    assert "line 1" in finding.what


def test_a_syntax_error_keeps_the_documents_before_it():
    documents, findings = read_documents("a: 1\n---\nb: [\n", "f.yaml")
    assert [document.value for document in documents] == [{"a": 1}]
    assert findings[0].code == "Unparsable"
    assert findings[0].line >= 3


def test_merge_keys_are_merged_and_own_members_win():
    document = only("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\n")
    assert document.value["use"] == {"x": 1, "y": 3}


def test_an_alias_bomb_is_refused_without_expanding_it():
    levels = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    levels += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 8)]
    documents, findings = read_documents("\n".join(levels), "bomb.yaml")
    assert documents == []
    assert [finding.code for finding in findings] == ["Unparsable"]


def test_deep_nesting_is_refused():
    documents, findings = read_documents("a: " + "[" * 200 + "]" * 200, "deep.yaml")
    assert documents == []
    assert findings[0].code == "Unparsable"


def test_a_document_that_is_no_object_is_a_finding_and_the_others_stay():
    documents, findings = read_documents("- 1\n---\nkind: Sensor\n", "f.yaml")
    assert [document.kind for document in documents] == ["Sensor"]
    assert "expected an object" in findings[0].what


def test_a_list_is_taken_apart_with_places():
    documents, _ = read_documents(
        "kind: List\nitems:\n- kind: Sensor\n  metadata: {name: a}\n- kind: Sensor\n", "f"
    )
    assert [document.kind for document in documents] == ["Sensor", "Sensor"]
    assert documents[0].position(("metadata", "name")) == (4, 14)


def test_json_is_read_too():
    assert only('{"kind": "Sensor", "metadata": {"name": "x", "namespace": "ci"}}').label == "sensor ci/x"


def test_an_unknown_tag_is_refused():
    _, findings = read_documents("a: !!python/object:os.system x\n", "f.yaml")
    assert "not supported" in findings[0].what


def test_path_text_quotes_odd_names():
    assert path_text(("spec", "a.b", 0, "c")) == 'spec["a.b"][0].c'


def test_the_nearest_name_ignores_case():
    assert nearest_name("eventsourcename", ("eventName", "eventSourceName")) == "eventSourceName"
    assert nearest_name("prot", ("port", "endpoint")) == "port"
    assert nearest_name("zzz", ("port", "endpoint")) == ""


@pytest.mark.parametrize("number", ["9" * 5000, "-" + "9" * 5000, "0x_", "0b_"])
def test_what_looks_like_a_number_and_is_none_stops_only_its_value(number):
    documents, findings = read_documents(f"kind: A\na: {number}\n---\nkind: B\n", "f.yaml")
    assert [document.kind for document in documents] == ["A", "B"]
    assert [(finding.at, finding.line) for finding in findings] == [("a", 2)]
    assert "is not a number" in findings[0].what
    assert len(findings[0].what) < 100
