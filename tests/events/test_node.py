"""A value of a resource is read without trust."""

from events.node import Node

VALUE = {
    "text": "a",
    "number": 1,
    "flag": True,
    "list": [1, {"x": []}],
    "object": {"empty": {}},
    "null": None,
}
NODE = Node(VALUE, ("spec",))


def test_a_member_of_another_type_is_as_if_absent():
    assert (NODE.text("text"), NODE.text("number"), NODE.text("none")) == ("a", "", "")
    assert (NODE.is_true("flag"), NODE.is_true("number"), NODE.is_true("text")) == (True, False, False)
    assert list(NODE.items("object")) == []
    assert NODE.child("text").child("x").get("y") is None
    assert NODE.child("list").names() == ()


def test_empty_members_count_as_absent():
    assert [name for name in VALUE if NODE.has(name)] == ["text", "number", "flag", "list", "object"]
    assert not NODE.child("object").has("empty")


def test_every_part_knows_its_place():
    [_, second] = NODE.items("list")
    assert second.path == ("spec", "list", 1)
    assert second.at("x", 0) == ("spec", "list", 1, "x", 0)
    assert [node.path for node in NODE.walk()] == [
        ("spec",),
        ("spec", "list", 1),
        ("spec", "object"),
        ("spec", "object", "empty"),
    ]
