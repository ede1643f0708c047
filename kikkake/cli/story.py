"""The explanation of an event as text, for a person in a hurry: the outcome first, then why, then how long it took."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from events.clock import parse_time
from kikkake.cli.asking import topic_text
from kikkake.cli.happened import rejected_cause
from kikkake.cli.output import age, clock_time, cut, duration, paint, printable

_COLOURS = {
    "fired": "green",
    "done": "green",
    "passed": "green",
    "waiting": "yellow",
    "open": "yellow",
    "behind": "yellow",
    "filtered": "yellow",
    "not matched": "yellow",
    "failed": "red",
    "dead": "red",
    "stopped": "red",
}
_TOLD_BY_TRIGGERS = frozenset({"uncorrelated", "waiting", "timed-out", "reset", "superseded", "stopped"})
_ORDER = (
    "failed",
    "uncorrelated",
    "fired",
    "waiting",
    "timed-out",
    "reset",
    "stopped",
    "superseded",
    "unknown",
    "filtered",
)
"""Most wanted first; among a hundred Sensors the one that fired must not be looked for."""
_MAX_TOLD = 20
"""Sensors that were filtered and are told in full; the others are counted."""


def print_story(story: Mapping[str, Any]) -> None:
    """Print an answer of `explanation`."""
    event = story["event"]
    _print_event(event)
    for line in _without_sensors(story):
        click.echo(f"\n{line}")
    sensors = sorted(story["sensors"], key=lambda sensor: _rank(sensor["outcome"]))
    told = [sensor for sensor in sensors if sensor["outcome"] != "filtered"]
    quiet = sensors[len(told) :]
    for sensor in told + quiet[:_MAX_TOLD]:
        click.echo()
        _print_sensor(sensor, event)
    if len(quiet) > _MAX_TOLD:
        click.echo(
            f"\n{len(quiet) - _MAX_TOLD} more Sensors filtered it: --sensor NS/NAME tells of one, -o json of all"
        )
    if len(sensors) > 1:
        counts = Counter(sensor["outcome"] for sensor in sensors)
        click.echo(
            f"\n{len(sensors)} Sensors: " + ", ".join(f"{count} {word}" for word, count in counts.items())
        )


def _rank(outcome: str) -> int:
    return _ORDER.index(outcome) if outcome in _ORDER else 0


def _print_event(event: Mapping[str, Any]) -> None:
    provenance = event["provenance"]
    arrived_us = parse_time(provenance["arrivedAt"]) or 0
    stored_us = parse_time(event["storedAt"]) or 0
    number = paint(f"Event {event['sequence']}", "cyan")
    click.echo(f"{number}  {printable(event['id'])}  {printable(topic_text(event['topic']))}")
    _print_fact("arrived", f"{clock_time(provenance['arrivedAt'])} ({age(arrived_us)})")
    _print_fact("from", f"{provenance['peer']} (kind {provenance['kind']})")
    _print_fact("verified", provenance["verified"])
    _print_fact("stored", f"{duration(max(0, stored_us - arrived_us))} after it arrived")
    subject = f", subject {event['subject']}" if event["subject"] else ""
    size = "no data" if event["dataBytes"] is None else f"{event['dataBytes']} bytes"
    _print_fact("event", f"type {event['type']}{subject}, source {event['source']}, {size}")


def _print_fact(name: str, text: str) -> None:
    click.echo(f"  {name:<9} {printable(cut(text, 500))}")


def _without_sensors(story: Mapping[str, Any]) -> Iterator[str]:
    event = story["event"]
    if (cause := rejected_cause(event)) and not story["sensors"]:
        detail = printable(event["extensions"].get("rejectdetail", ""))
        yield paint("Set aside: the sender is genuine, but no event could be made of its delivery.", "yellow")
        yield f"{printable(cause)}: {detail}" if detail else printable(cause)
    elif event["standing"] == "suspected-replay" and not story["sensors"]:
        yield paint("Not judged: the same body came before under another delivery id.", "yellow")
        yield f"If it is a genuine delivery, judge it with: kikkake replay {event['sequence']}"
    elif not story["judged"]:
        yield (
            paint("Not judged yet.", "yellow") + " Ask again in a moment; `kikkake run` judges while it runs."
        )
    elif not story["sensors"]:
        topic = printable(topic_text(event["topic"]))
        yield f"No Sensor is interested: none has a dependency on {topic}, or its decision is no longer kept."


def _print_sensor(sensor: Mapping[str, Any], event: Mapping[str, Any]) -> None:
    outcome = sensor["outcome"]
    click.echo(f"{printable(sensor['sensor'])}: {paint(outcome, _COLOURS.get(outcome, ''))}")
    if not sensor["dependencies"]:
        click.echo(f"  {printable(sensor['sentence'])}")
    for dependency in sensor["dependencies"]:
        _print_dependency(dependency)
    for trigger in sensor["triggers"]:
        _print_trigger(trigger, sensor, event)
    for letter in sensor["deadLetters"]:
        if letter["effect"] is None:
            _print_letter(letter, "")
    if sensor["deadLetters"]:
        click.echo(f"  try again: kikkake replay {event['sequence']} --sensor {printable(sensor['sensor'])}")


def _verdict_word(dependency: Mapping[str, Any]) -> str:
    return "not matched" if dependency["cause"] == "missing-path" else str(dependency["verdict"])


def _print_dependency(dependency: Mapping[str, Any]) -> None:
    word = _verdict_word(dependency)
    reason = dependency["reason"].replace("not matched: ", "")
    count = len(dependency["filters"])
    why = (
        f": {reason}" if reason else f" {count} filter{'s' if count > 1 else ''}" if count else " (no filter)"
    )
    click.echo(
        f"  dependency {printable(dependency['name'])} {paint(word, _COLOURS.get(word, ''))}{printable(why)}"
    )


def _print_trigger(trigger: Mapping[str, Any], sensor: Mapping[str, Any], event: Mapping[str, Any]) -> None:
    name = f"  trigger {printable(trigger['name'])} ({printable(trigger['kind'])})"
    if not trigger["effects"]:
        # That its dependency was filtered is said there already.
        if trigger["outcome"] in _TOLD_BY_TRIGGERS or trigger["sentence"].startswith("it fired"):
            word = paint(trigger["outcome"], _COLOURS.get(trigger["outcome"], ""))
            click.echo(f"{name} {word}: {printable(trigger['sentence'])}")
        return
    for effect in trigger["effects"]:
        role = " (dlq)" if effect["role"] != "main" else ""
        click.echo(f"{name}{role} {_effect_text(effect)}")
        for line in _effect_details(effect, event):
            click.echo(f"    {line}")
        for letter in sensor["deadLetters"]:
            if letter["effect"] == effect["number"]:
                _print_letter(letter, "  ")


def _effect_text(effect: Mapping[str, Any]) -> str:
    number = effect["attempt"]
    colour = _COLOURS.get(effect["state"], "")
    match effect["state"]:
        case "done":
            what = f": {printable(effect['what'])}" if effect["what"] else ""
            if effect["dryRun"]:
                return f"{paint('dry run', colour)}, nothing was done outside{what}"
            return f"{paint('done', colour)} at attempt {number}{what}"
        case "dead":
            tried = f"after {number} attempt{'' if number == 1 else 's'}"
            return f"{paint('given up', colour)} {tried}: {printable(effect['reason'])}"
        case "open":
            return f"{paint('under way', colour)}: {_what_comes(effect)}"
        case _:
            reason = f": {printable(effect['reason'])}" if effect["reason"] else ""
            return f"superseded by a newer event{reason}"


def _what_comes(effect: Mapping[str, Any]) -> str:
    if effect["inDoubt"]:
        return f"attempt {effect['attempt']} has no answer yet"
    if effect["reason"] == "WaitingForEnd":
        state = f" ({printable(str(effect['result']['state']))})" if effect["result"].get("state") else ""
        return f"made {printable(effect['what'])}, waiting for its end{state}"
    if effect["behind"]:
        return f"waits for effect {effect['behind']}, which is older and about the same object or of the same trigger"
    wait_us = (parse_time(effect["dueAt"]) or 0) - time.time_ns() // 1000
    return f"attempt {effect['attempt'] + 1} " + (f"in {duration(wait_us)}" if wait_us > 0 else "is due")


def _effect_details(effect: Mapping[str, Any], event: Mapping[str, Any]) -> Iterator[str]:
    """What it was made with, each attempt, and how long all of it took."""
    if len(effect["events"]) > 1:
        pairs = ", ".join(f"{name} = event {sequence}" for name, sequence in effect["events"].items())
        yield f"made with {printable(pairs)}"
    arrived_us = parse_time(event["provenance"]["arrivedAt"]) or 0
    made = duration(max(0, (parse_time(effect["createdAt"]) or 0) - arrived_us))
    yield f"decided {made} after the event arrived"
    attempts: Sequence[Mapping[str, Any]] = effect["attempts"]
    for attempt in attempts:
        took = "no answer yet" if attempt["tookUs"] is None else f"took {duration(attempt['tookUs'])}"
        begun = duration(max(0, (parse_time(attempt["startedAt"]) or 0) - arrived_us))
        answer = f": {printable(attempt['answer'])}" if attempt["answer"] else ""
        yield f"attempt {attempt['number']} began after {begun}, {took}{answer}"


def _print_letter(letter: Mapping[str, Any], indent: str) -> None:
    trigger = f"trigger {printable(letter['trigger'])} " if letter["trigger"] and not indent else ""
    click.echo(
        f"  {indent}{trigger}{paint(printable(letter['reason']), 'red')}: {printable(letter['detail'])}"
    )
