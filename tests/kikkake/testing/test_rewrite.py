"""Editing YAML by places: only the value changes, in whatever style; what is not understood is refused."""

import random
import textwrap

import pytest
import yaml

from events.resource import read_value
from kikkake.testing.rewrite import CannotRewrite, Rewriter
from kikkake.testing.yaml_spots import read_spots


def rewritten(text, new, *, is_json=False):
    """The text with another `expect`."""
    old, findings = read_value(text)
    assert findings == []
    rewriter = Rewriter(text, is_json=is_json)
    rewriter.change_member(read_spots(text)[0], "expect", old["expect"], new)
    return rewriter.result()


@pytest.mark.parametrize(
    ("before", "new", "after"),
    [
        pytest.param("expect: 1 # why\n", 2, "expect: 2 # why\n", id="scalar"),
        pytest.param('expect: "a" # why\n', "b: c", 'expect: "b: c" # why\n', id="double quotes"),
        pytest.param("expect: 'a'\n", "it's", "expect: 'it''s'\n", id="single quotes"),
        pytest.param("expect: 'a'\n", "a\nb", 'expect: "a\\nb"\n', id="a text of two lines"),
        pytest.param("expect:\nnext: 1\n", "x", "expect: x\nnext: 1\n", id="nothing"),
        pytest.param("expect: |\n  a\n  b\n\nnext: 1\n", "c", "expect: c\n\nnext: 1\n", id="a block text"),
        pytest.param(
            "expect: {a: 1, b: [1, 2], c: 3}\n",
            {"a": 1, "b": [1, 4]},
            "expect: {a: 1, b: [1, 4]}\n",
            id="flow",
        ),
        pytest.param(
            "expect: {a: 1, b: 2}\n", {"b": 2, "c": 3}, "expect: {b: 2, c: 3}\n", id="flow, first goes"
        ),
        pytest.param("expect: [1, 2, 3]\n", [1], "expect: [1]\n", id="flow list, shorter"),
        pytest.param("expect: [1]\n", [1, "a, b"], "expect: [1, 'a, b']\n", id="flow list, longer"),
        pytest.param("expect: []\n", [1], "expect: [1]\n", id="an empty list"),
        pytest.param("expect: [1]\n", [], "expect: []\n", id="to an empty list"),
        pytest.param(
            "expect:\n  # first\n  a: 1 # one\n\n  # second\n  b: 2\n# end\n",
            {"a": 3, "b": 2},
            "expect:\n  # first\n  a: 3 # one\n\n  # second\n  b: 2\n# end\n",
            id="block",
        ),
        pytest.param(
            "expect:\n  a: 1\n  b: 2 # two\n  c: 3\n",
            {"a": 1, "c": 3},
            "expect:\n  a: 1\n  c: 3\n",
            id="block, one goes",
        ),
        pytest.param("expect:\n  a: 1\n  b: 2\n", {"a": 1}, "expect:\n  a: 1\n", id="block, the last goes"),
        pytest.param(
            "expect:\n  a: 1 # one\n# end\n",
            {"a": 1, "b": {"c": 2}},
            "expect:\n  a: 1 # one\n  b: {c: 2}\n# end\n",
            id="block, more",
        ),
        pytest.param(
            "expect:\n- a: 1\n  b: 2\n- a: 3\n",
            [{"b": 2}, {"a": 4}],
            "expect:\n- b: 2\n- a: 4\n",
            id="items that share a line with a dash",
        ),
        pytest.param(
            "expect:\n  - a\n  - b # two\n# end\n", ["a"], "expect:\n  - a\n# end\n", id="block list, shorter"
        ),
        pytest.param(
            "expect:\n- a # one\n", ["a", {"b": 1}], "expect:\n- a # one\n- {b: 1}\n", id="block list, longer"
        ),
        pytest.param("expect:\n- a\n- b\nnext: 1\n", [], "expect: []\nnext: 1\n", id="block list, empty"),
        pytest.param(
            "expect: [] # why\n",
            [{"a": "x" * 120}],
            f"expect: # why\n  - {{a: {'x' * 120}}}\n",
            id="too long for a line",
        ),
        pytest.param(
            "expect: {a: 1}", {"a": 1, "b": 2}, "expect: {a: 1, b: 2}", id="without a last line break"
        ),
        pytest.param(
            "expect:\r\n  a: 1\r\n  b: 2\r\n",
            {"a": 5, "b": 2},
            "expect:\r\n  a: 5\r\n  b: 2\r\n",
            id="lines of Windows",
        ),
    ],
)
def test_only_the_value_changes(before, new, after):
    assert rewritten(before, new) == after
    assert read_value(after)[0]["expect"] == new


def test_json_stays_json():
    text = '{\n  "expect": {"a": ["x"], "b": true}\n}\n'
    after = rewritten(text, {"a": ["y", None], "b": False}, is_json=True)
    assert after == '{\n  "expect": {"a": ["y", null], "b": false}\n}\n'


@pytest.mark.parametrize(
    ("text", "new", "said"),
    [
        ("x: &a {b: 1}\nexpect: *a\n", {"b": 2}, "anchor, an alias"),
        ("expect: &a {b: 1}\nx: *a\n", {"b": 2}, "anchor, an alias"),
        ("x: &a {b: 1}\nexpect: {<<: *a, c: 1}\n", {"b": 1, "c": 2}, "merge key"),
        ("expect: !!str 1\n", "2", "a tag"),
        ("expect: {on: 1}\n", {"true": 2}, "read as something else"),
        ("expect:\n  a: # why\n    - 1\n", {"a": None}, "a comment stands between"),
    ],
)
def test_a_form_that_may_mean_more_than_one_place_is_refused(text, new, said):
    with pytest.raises(CannotRewrite, match=said):
        rewritten(text, new)


def test_any_value_becomes_any_other_in_any_style():
    """Random values and styles: the result reads as the new value, and every comment that is not inside stays."""
    chosen = random.Random(20261124)
    refused = 0
    for _ in range(1500):
        old, new = {"a": value(chosen, 3), "b": 1}, {"a": value(chosen, 3), "b": 1}
        style = chosen.choice([True, False, None])
        width = chosen.choice([20, 10_000])
        body = yaml.safe_dump(old, default_flow_style=True, sort_keys=False, width=width)
        body = "expect:\n" + textwrap.indent(body, "  ")
        if not style:
            body = yaml.safe_dump({"expect": old}, default_flow_style=style, sort_keys=False)
        text = f"# before\n{body}# behind\nnext: [1, 2] # last\n"
        try:
            after = rewritten(text, new)
        except CannotRewrite:
            refused += 1
            continue
        assert read_value(after)[0] == {"expect": new, "next": [1, 2]}, text
        for comment in ("# before", "# behind", "# last"):
            assert comment in after
    assert refused < 300, "lists in lists alone"


def value(chosen, depth):
    kind = chosen.randrange(7 if depth else 4)
    if kind < 2:
        return chosen.choice(
            ["a", "b c", "x: y", "# no", "", "yes", "1", "two\nlines", "- a", "é", "{a}", "on"]
        )
    if kind < 4:
        return chosen.choice([0, -1, 1.5, True, False, None, 12345678901234567890])
    if kind < 6:
        names = chosen.sample(["a", "b", "c", "d e", "1", "'q'"], chosen.randrange(4))
        return {name: value(chosen, depth - 1) for name in names}
    return [value(chosen, depth - 1) for _ in range(chosen.randrange(4))]
