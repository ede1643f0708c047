"""Go's values in Python: their types, their truth, and how JSON becomes them."""

import math

import pytest

from events.languages.go_values import (
    NO_VALUE,
    Duration,
    GoError,
    GoTime,
    Int32,
    Int64,
    IntList,
    ListOfLists,
    StringList,
    StringMap,
    TooDeep,
    Uint8,
    Uint32,
    Uint64,
    class_of,
    copy_containers,
    element_type,
    from_json,
    is_true,
    kind_of,
    type_name,
    wrap64,
)

VALUES = {
    "<nil>": (None, "invalid"),
    "bool": (True, "bool"),
    "string": ("x", "string"),
    "int": (1, "int"),
    "float64": (1.0, "float64"),
    "[]interface {}": ([1], "slice"),
    "map[string]interface {}": ({"a": 1}, "map"),
    "int64": (Int64(1), "int64"),
    "int32": (Int32(1), "int32"),
    "uint8": (Uint8(1), "uint8"),
    "uint32": (Uint32(1), "uint32"),
    "uint64": (Uint64(1), "uint64"),
    "complex128": (1j, "complex128"),
    "time.Duration": (Duration(1), "int64"),
    "[]string": (StringList("a"), "slice"),
    "[]int": (IntList([1]), "slice"),
    "[][]interface {}": (ListOfLists([[]]), "slice"),
    "map[string]string": (StringMap(a="b"), "map"),
    "[]uint8": (b"x", "slice"),
    "*errors.errorString": (GoError("x"), "ptr"),
    "time.Time": (GoTime(0), "struct"),
}


@pytest.mark.parametrize("name", VALUES)
def test_each_class_is_one_type_of_go(name):
    value, kind = VALUES[name]
    assert type_name(value) == name
    assert kind_of(value) == kind
    if kind != "struct":
        assert class_of(name) is type(value)
    assert is_true(value) is (value is not None)


def test_what_is_no_value_of_go_is_refused():
    for value in (object(), {1, 2}, ()):
        with pytest.raises(TypeError, match="no class of a Go value"):
            type_name(value)


@pytest.mark.parametrize(
    "value", [None, NO_VALUE, False, 0, 0.0, -0.0, "", [], {}, Int64(0), StringList(), b"", 0j, Duration(0)]
)
def test_zero_and_empty_values_are_false(value):
    assert not is_true(value)


def test_a_number_that_is_none_and_a_struct_are_true():
    assert is_true(math.nan)
    assert is_true(GoTime(0))


def test_elements_have_static_types():
    assert element_type(StringList()) == "string"
    assert element_type([]) == "interface {}"
    assert element_type({}) == "interface {}"
    assert element_type(b"") == "uint8"


def test_json_numbers_are_floats():
    document = {"n": 1, "l": [2, True, None, "x", 1.5], "big": 10**400, "small": -(10**400)}
    converted = from_json(document)
    assert converted == {"n": 1.0, "l": [2.0, True, None, "x", 1.5], "big": math.inf, "small": -math.inf}
    assert type(converted["n"]) is float
    assert type(converted["l"][1]) is bool
    assert document["n"] == 1
    assert from_json("\ud800é") == "\ufffdé"


def test_a_document_without_a_bottom_is_refused():
    document = []
    for _ in range(5000):
        document = [document]
    with pytest.raises(TooDeep, match="too deep"):
        from_json(document)


def test_a_copy_keeps_its_classes_and_shares_nothing():
    value = {"s": StringList(["a"]), "m": {"l": [1]}, "t": StringMap(a="b")}
    copied = copy_containers(value)
    assert copied == value
    assert type(copied["s"]) is StringList
    assert type(copied["t"]) is StringMap
    copied["m"]["l"].append(2)
    assert value["m"] == {"l": [1]}


@pytest.mark.parametrize(
    ("number", "wrapped"),
    [(5, 5), (2**63, -(2**63)), (-(2**63) - 1, 2**63 - 1), (2**64 + 7, 7), (Int64(3), 3)],
)
def test_integers_overflow_as_in_go(number, wrapped):
    assert wrap64(number) == wrapped
    assert type(wrap64(number)) is int
