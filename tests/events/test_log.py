"""Records: one line each, no secret, no control character, no flood."""

import io
import json
import logging

import pytest

from events import log


@pytest.fixture
def lines():
    stream = io.StringIO()
    log.configure(level="DEBUG", stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.getLogger(log.ROOT).handlers.clear()


def test_a_record_is_one_json_object_with_bound_and_given_keys(lines):
    log.Logger("act").bind(sensor="ci/build").info("trigger.fired", attempt=2, object=None)
    (line,) = lines()
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "info",
        "logger": "kikkake.act",
        "event": "trigger.fired",
        "sensor": "ci/build",
        "attempt": 2,
        "object": None,
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("password", "canary"),
        ("authToken", "canary"),
        ("Authorization", "canary"),
        ("api_key", ["canary"]),
        ("x", log.Secret(b"canary")),
        ("x", b"canary"),
        ("headers", {"Cookie": "canary", "fine": 1}),
        ("pair", ("a", log.Secret(b"canary"))),
    ],
)
def test_secrets_never_appear(lines, name, value):
    log.Logger("x").info("event", **{name: value})
    assert "canary" not in json.dumps(lines())
    assert "canary" not in repr(value) or not isinstance(value, log.Secret)


def test_the_name_of_a_secret_may_appear(lines):
    log.Logger("x").warning("secret.odd", secret_ref="secret ci/s key `k`")
    assert lines()[0]["secret_ref"] == "secret ci/s key `k`"


def test_values_are_escaped_and_cut(lines):
    log.Logger("x").info("event\n", odd="a\nb\x1b[31m\u202e\udcff", long="x" * 5000)
    (line,) = lines()
    assert line["odd"] == "a\\u000ab\\u001b[31m\\u202e\\udcff"
    assert line["event"] == "event\\u000a"
    assert len(line["long"]) == 1025


def test_a_key_cannot_replace_a_field_of_the_record(lines):
    log.Logger("x").info("event", level="fake", time="fake")
    assert (lines()[0]["level"], lines()[0]["time"] == "fake") == ("info", False)


def test_warnings_are_limited_per_key_and_the_next_says_how_many_were_left_out(lines, monkeypatch):
    now_s = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now_s[0])
    logger = log.Logger("x")
    for _ in range(25):
        logger.limited_warning("rejected", ("a",))
    logger.limited_warning("rejected", ("b",))
    assert len(lines()) == 11
    now_s[0] += 1
    logger.limited_warning("rejected", ("a",))
    assert lines()[-1]["suppressed"] == 15


def test_a_bug_is_told_by_place_and_type_and_not_by_its_text(lines):
    def inner():
        canary = "canary-local"
        raise ValueError(f"canary-text {canary}")

    try:
        inner()
    except ValueError as error:
        log.Logger("x").bug("bug", error)
    (line,) = lines()
    assert line["error"] == "ValueError"
    assert "inner" in line["traceback"]
    assert "canary" not in json.dumps(line)


def test_text_is_for_people():
    stream = io.StringIO()
    log.configure(level="INFO", form="text", stream=stream)
    log.Logger("x").info("started", port=7777)
    log.Logger("x").debug("hidden")
    assert stream.getvalue().endswith("INFO    started  port=7777\n")
    assert stream.getvalue().count("\n") == 1
    logging.getLogger(log.ROOT).handlers.clear()


def test_nobody_elses_records_are_written(lines):
    logging.getLogger("someone.else").warning("not ours")
    assert lines() == []
    assert not log.Logger("x").is_debug or logging.getLogger(log.ROOT).level == logging.DEBUG
