import hashlib
import hmac
import json
import re

import pytest

from sensors.kube_object import (
    EFFECT_ID,
    EVENT_IDS,
    PROOF,
    RENDERED_SHA256,
    generated_name,
    identify,
    lifetime_s,
    name_suffix,
    proof,
    sanitised_name,
)
from sensors.trigger import RenderContext, RenderFailed

EFFECT = bytes(range(32))
RFC_1123 = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def context(**changes):
    values = {
        "namespace": "ci",
        "sensor": "images",
        "trigger": "build",
        "effect_id": EFFECT,
        "event_ids": ("d1",),
        "fired_us": 1_790_000_000_123_456,
        "store_key": b"key",
    }
    return RenderContext(**{**values, **changes})


def identified(target, static_name="", **changes):
    return json.loads(identify(json.dumps(target).encode(), static_name, context(**changes)))


def config_map(**metadata):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


def test_the_suffix_is_80_bits_of_the_effect_id():
    assert name_suffix(EFFECT) == "aaaqeayeaudaocaj"


@pytest.mark.parametrize(
    "prefix",
    [
        "build-",
        "b" * 100,
        "Build_Image/",
        "a.",
        "a.-",
        "x" * 46 + ".-",
        "-",
        ".",
        "",
        "ünïcode-",
        "9-",
        "a..b--",
    ],
)
def test_a_generated_name_is_label_safe_and_keeps_the_whole_suffix(prefix):
    name = generated_name(prefix, EFFECT)

    assert name.endswith(name_suffix(EFFECT))
    assert len(name) <= 63
    assert RFC_1123.fullmatch(name)


def test_generate_name_stays_for_readers():
    metadata = identified(config_map(generateName="build-"))["metadata"]

    assert metadata["name"] == f"build-{name_suffix(EFFECT)}"
    assert metadata["generateName"] == "build-"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("refs/heads/Main", "refs-heads-main"),
        ("v1.2.3", "v1.2.3"),
        ("--x--", "x"),
        ("a.-b", "a.b"),
        ("feature/ÄÖ-1", "feature-1"),
    ],
)
def test_a_name_from_an_event_is_made_an_rfc_1123_name(given, name):
    assert sanitised_name(given) == name
    assert RFC_1123.fullmatch(name)
    assert identified(config_map(name=given), static_name="before")["metadata"]["name"] == name


@pytest.mark.parametrize("name", ["", "///", "ÄÖ", "x" * 254])
def test_a_name_that_cannot_be_one_is_invalid(name):
    with pytest.raises(RenderFailed) as refused:
        identified(config_map(name=name), static_name="before")
    assert refused.value.reason == "InvalidName"


def test_a_static_name_is_left_to_the_api_server():
    assert identified(config_map(name="Not_Valid"), "Not_Valid")["metadata"]["name"] == "Not_Valid"


def test_the_namespace_is_the_sensors_unless_given():
    assert identified(config_map(name="x"), "x")["metadata"]["namespace"] == "ci"
    assert identified(config_map(name="x", namespace="other"), "x")["metadata"]["namespace"] == "other"


def test_a_namespace_has_no_namespace():
    target = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}}

    assert "namespace" not in identified(target, "x")["metadata"]


def test_a_kind_of_another_group_that_is_called_the_same_has_one():
    """Longhorn's `Node` for example; upstream goes by the word alone."""
    target = {"apiVersion": "longhorn.io/v1beta2", "kind": "Node", "metadata": {"name": "x"}}

    assert identified(target, "x")["metadata"]["namespace"] == "ci"


def test_labels_are_upstreams_with_one_time_stamp():
    labels = identified(config_map(name="x", labels={"app": "mine"}), "x")["metadata"]["labels"]

    assert labels == {
        "app": "mine",
        "events.argoproj.io/sensor": "images",
        "events.argoproj.io/trigger": "build",
        "events.argoproj.io/action-timestamp": "1790000000123",
    }


def test_names_that_are_no_label_values_are_made_some():
    labels = identified(config_map(name="x"), "x", trigger="a b/" + "c" * 80)["metadata"]["labels"]

    assert re.fullmatch(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?", labels["events.argoproj.io/trigger"])
    assert len(labels["events.argoproj.io/trigger"]) <= 63


def test_annotations_tell_the_effect_its_events_and_its_proof():
    target = config_map(name="x", annotations={EFFECT_ID: "planted"})
    annotations = identified(target, "x")["metadata"]["annotations"]
    parts = (EFFECT, b"ci", b"x")
    message = b"".join(len(part).to_bytes(4, "big") + part for part in parts)

    assert annotations[EFFECT_ID] == EFFECT.hex()
    assert annotations[EVENT_IDS] == "d1"
    assert annotations[PROOF] == hmac.new(b"key", message, hashlib.sha256).hexdigest()
    assert annotations[PROOF] == proof(b"key", EFFECT, "ci", "x")
    assert len(annotations[RENDERED_SHA256]) == 64


def test_more_than_ten_events_are_counted():
    ids = tuple(f"d{number}" for number in range(12))

    annotations = identified(config_map(name="x"), "x", event_ids=ids)["metadata"]["annotations"]

    assert annotations[EVENT_IDS] == "d0,d1,d2,d3,d4,d5,d6,d7,d8,d9 and 2 more"


def test_long_event_ids_do_not_fill_the_annotations():
    annotations = identified(config_map(name="x"), "x", event_ids=("y" * 300_000,))["metadata"]["annotations"]

    assert len(annotations[EVENT_IDS]) == 128


def test_integers_of_any_size_survive():
    rendered = identify(
        b'{"apiVersion":"v1","kind":"X","metadata":{"name":"x"},"n":12345678901234567890123}', "x", context()
    )

    assert b"12345678901234567890123" in rendered


@pytest.mark.parametrize("text", [b'{"apiVersion":+Inf}', b"1" * 5000, b""])
def test_what_its_parameters_made_no_json_fails_to_render(text):
    with pytest.raises(RenderFailed, match=r"no JSON any more after its parameters|not an object"):
        identify(text, "x", context())


@pytest.mark.parametrize(
    "target",
    [
        [],
        {"kind": "X"},
        {"apiVersion": "v1"},
        {"apiVersion": "v1", "kind": 7},
        {"apiVersion": "v1", "kind": "X", "metadata": []},
        config_map(name=7),
        config_map(name="x", labels=[]),
        config_map(name="x", annotations="a"),
        config_map(name="x", namespace=7),
    ],
)
def test_what_is_no_object_fails_to_render(target):
    with pytest.raises(RenderFailed):
        identified(target, "x")


@pytest.mark.parametrize(
    ("spec", "seconds"),
    [
        ({}, None),
        ({"ttlSecondsAfterFinished": 30}, 30),
        ({"ttlStrategy": {"secondsAfterCompletion": 300, "secondsAfterSuccess": 10}}, 10),
        ({"ttlStrategy": "odd", "ttlSecondsAfterFinished": True}, None),
        (None, None),
    ],
)
def test_the_shortest_lifetime_counts(spec, seconds):
    assert lifetime_s({"spec": spec}) == seconds


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        pytest.param(b"2.0", b"2", id="a fraction of nothing"),
        pytest.param(b"1.5e3", b"1500", id="an exponent"),
        pytest.param(b"-1E2", b"-100", id="a capital one"),
        pytest.param(b"0.5", b"0.5", id="a real fraction"),
        pytest.param(b'"2.0"', b'"2.0"', id="a text"),
        pytest.param(b"18446744073709551616", b"18446744073709551616", id="more than 64 bits"),
    ],
)
def test_whole_numbers_are_sent_without_a_fraction(written, sent):
    """The API server takes no `1500.0` for an integer, and Go writes none; a payload may hold one."""
    rendered = b'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"n":%b,"l":[%b]}}' % (
        written,
        written,
    )
    assert b'"spec":{"n":%b,"l":[%b]}' % (sent, sent) in identify(rendered, "p", context())


def test_a_number_beyond_all_floats_cannot_be_sent():
    rendered = b'{"apiVersion":"v1","kind":"Pod","metadata":{},"spec":{"n":1e400}}'
    with pytest.raises(RenderFailed, match="larger than any number"):
        identify(rendered, "", context())


def test_half_of_a_character_is_replaced():
    """A sender may cut a text in the middle of an emoji; Go reads what is left as U+FFFD."""
    spec = rb'{"cut":"a\ud83d","whole":"\ud83d\ude00"}'
    rendered = b'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":%b}' % spec
    spec = json.loads(identify(rendered, "p", context()))["spec"]
    assert spec == {"cut": "a\ufffd", "whole": "\U0001f600"}
