"""Every code that lint can print, with its explanation: the rules and explanations of all packages as one catalogue."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Mapping

from events import explanations as of_reading
from events.rule import Explanation
from kikkake import explanations as of_files
from sensors import explanations as of_sensors
from sensors.rules.catalogue import SENSOR_RULES
from sources import explanations as of_sources
from sources.rules import SOURCE_RULES


@functools.lru_cache(maxsize=1)
def catalogue() -> Mapping[str, Explanation]:
    """By code: first the rules by their numbers, then the words."""
    entries = [
        *SENSOR_RULES.rules,
        *SOURCE_RULES.rules,
        *of_reading.EXPLANATIONS,
        *of_sensors.EXPLANATIONS,
        *of_sources.EXPLANATIONS,
        *of_files.EXPLANATIONS,
    ]
    return {
        entry.code: entry for entry in sorted(entries, key=lambda entry: (not is_rule(entry), entry.code))
    }


def is_rule(entry: Explanation) -> bool:
    """Whether its code is a number of ours: a trap, and not a fault that some part of the build reports by itself."""
    return entry.code.startswith("KK")


def find(word: str) -> Explanation | None:
    """The entry with this code or name, in any case of letters."""
    return _by_word().get(word.lower())


def nearest(word: str) -> str:
    """The code of the entry that was most likely meant; an empty text where none is near."""
    known = _by_word()
    matches = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.5)
    return known[matches[0]].code if matches else ""


@functools.lru_cache(maxsize=1)
def _by_word() -> Mapping[str, Explanation]:
    entries = catalogue().values()
    return {entry.code.lower(): entry for entry in entries} | {entry.name: entry for entry in entries}
