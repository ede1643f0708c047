"""What happened to an event, in a few words for a list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from kikkake.cli.output import Cell

_COLOURS = {
    "done": "green",
    "dead": "red",
    "running": "yellow",
    "waiting": "yellow",
    "superseded": "bright_black",
}
_RANK = ("red", "yellow", "green", "bright_black")
"""The cell takes the most alarming colour of what it tells."""
_MAX_EFFECTS = 3
_REJECTED_TYPE = "kikkake.rejected"
"""Of events that are deliveries in quarantine (`sources/ingest.py`, which a list need not import)."""


def happened_cell(event: Mapping[str, Any]) -> Cell:
    """`job → ConfigMap ci/build-x; 2 filtered`."""
    happened = event["happened"]
    if not happened["sensors"]:
        return _without_sensors(event)
    effects = [effect for sensor in happened["sensors"] for effect in sensor["effects"]]
    parts = [(effect_text(effect), _COLOURS[effect["state"]]) for effect in effects[:_MAX_EFFECTS]]
    if len(effects) > _MAX_EFFECTS:
        parts.append((f"{len(effects) - _MAX_EFFECTS} more effects", "green"))
    parts += _without_effects(happened)
    colours = [colour for _, colour in parts]
    return Cell("; ".join(text for text, _ in parts), min(colours, key=_RANK.index, default=""))


def _without_sensors(event: Mapping[str, Any]) -> Cell:
    if cause := rejected_cause(event):
        return Cell(f"set aside: {cause}", "yellow")
    if event["standing"] == "suspected-replay":
        return Cell(f"not judged; kikkake replay {event['sequence']} does", "yellow")
    return Cell(
        "no Sensor is interested" if event["happened"]["judged"] else "not judged yet", "bright_black"
    )


def rejected_cause(event: Mapping[str, Any]) -> str:
    """Why an authentic delivery was kept though no event could be made of it; empty for every other event."""
    return str(event["extensions"].get("rejectcause", "")) if event["type"] == _REJECTED_TYPE else ""


def effect_text(effect: Mapping[str, Any]) -> str:
    """`job → ConfigMap ci/build-x`, `job gave up: Forbidden`, `job retries (attempt 3): 503`."""
    name = effect["trigger"] + (" (dlq)" if effect["role"] == "dlq" else "")
    reason = f": {effect['reason']}" if effect["reason"] else ""
    match effect["state"]:
        case "done":
            return f"{name} → {effect['what'] or 'done'}" + (" (dry run)" if effect["dryRun"] else "")
        case "dead":
            return f"{name} gave up{reason}"
        case "superseded":
            return f"{name} superseded by a newer one"
        case "running":
            return f"{name} runs (attempt {effect['attempt']})"
        case _ if effect["reason"] == "WaitingForEnd":
            return f"{name} → {effect['what']}, waits for its end"
        case _:
            return f"{name} waits (attempt {effect['attempt'] + 1} next){reason}"


def _without_effects(happened: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Sensors that made no effect: by name where there is one, else how many."""
    silent = [sensor for sensor in happened["sensors"] if not sensor["effects"]]
    parts = []
    for outcome, count in Counter(sensor["outcome"] for sensor in silent).items():
        names = [sensor["sensor"] for sensor in silent if sensor["outcome"] == outcome]
        who = names[0] if count == 1 else f"{count} Sensors"
        colour = {"failed": "red", "waiting": "yellow"}.get(outcome, "bright_black")
        parts.append((f"{who} {outcome}", colour))
    return parts
