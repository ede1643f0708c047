"""Event keys are frozen: a change would make every event in every store new again."""

from events.topic import Topic, event_key, length_prefixed, replay_key

TOPIC = Topic("ci", "default", "github", "push")


def test_the_event_key_is_frozen():
    key = event_key(TOPIC, "github", "72d3162e-cc78-11e3-81ab-4c9367dc0958")
    assert key.hex() == "5a755feb28d825672b23c8350520d2aad8cfe5af011def03e9db7250cded4c81"


def test_joined_names_cannot_collide():
    assert event_key(Topic("a", "b", "c-d", "e"), "s", "1") != event_key(
        Topic("a", "b", "c", "d-e"), "s", "1"
    )


def test_a_body_mac_never_equals_an_event_key():
    assert replay_key(TOPIC, b"mac") != event_key(TOPIC, "body-mac", "mac")


def test_lengths_are_four_bytes_big_endian():
    assert length_prefixed([b"ab", b""]) == b"\x00\x00\x00\x02ab\x00\x00\x00\x00"


def test_a_topic_prints_as_people_write_it():
    assert str(TOPIC) == "ci/github/push"
    assert str(TOPIC._replace(event_bus="other")) == "ci/github/push on other"
