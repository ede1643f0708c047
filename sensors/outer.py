"""What stands around a kind's member in its trigger, for the kind's own checks: they see the whole document. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from events.resource import Path, ResourceDocument


def is_written_by_parameters(document: ResourceDocument, path: Path, dest: str) -> bool:
    """Whether the trigger of the member at `path` has a parameter of its own that writes to `dest` or around it."""
    trigger: object = document.value
    for step in path[:-2]:
        is_there = step in trigger if isinstance(trigger, Mapping) else isinstance(trigger, list)
        if not is_there:
            return False
        trigger = trigger[step]  # type: ignore[index]  # the path leads to a member that was read
    parameters = trigger.get("parameters") if isinstance(trigger, Mapping) else None
    dests = [each.get("dest") for each in parameters or () if isinstance(each, Mapping)]
    return any(dest == str(each) or dest.startswith(f"{each}.") for each in dests)
