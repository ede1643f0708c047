"""Untrusted JSON read through a checking accessor: a wrong leaf is an error with its path, never a crash."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from events.topic import length_prefixed
from sources.delivery import unusable


@dataclass(frozen=True, slots=True)
class Payload:
    """A value somewhere inside a delivery's body; `path` is for messages and holds no content."""

    value: Any
    path: str = "body"

    def member(self, *names: str) -> Payload:
        """The value under `names`; a missing one (or a parent that is no object) reads as null."""
        value = self.value
        for name in names:
            value = value.get(name) if isinstance(value, dict) else None
        return Payload(value, ".".join((self.path, *names)))

    def items(self) -> Iterator[Payload]:
        """The elements of a list; null reads as an empty one. Raises Rejected."""
        if self.value is None:
            return
        if not isinstance(self.value, list):
            raise unusable(f"{self.path} is not a list")
        for index, item in enumerate(self.value):
            yield Payload(item, f"{self.path}[{index}]")

    def object(self) -> Payload:
        """Itself, when it is an object. Raises Rejected."""
        if not isinstance(self.value, dict):
            raise unusable(f"{self.path} is not an object")
        return self

    def text(self) -> str:
        """A string; null reads as an empty one. Raises Rejected."""
        if self.value is None:
            return ""
        if not isinstance(self.value, str):
            raise unusable(f"{self.path} is not a string")
        # JSON may name half of a surrogate pair, which no encoding can carry on.
        if not self.value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in self.value):
            raise unusable(f"{self.path} is not Unicode text")
        return self.value

    def required_text(self) -> str:
        """A string with something in it. Raises Rejected."""
        text = self.text()
        if not text:
            raise unusable(f"{self.path} is missing")
        return text

    def seconds(self) -> int | None:
        """Unix seconds, also written as a float (Docker Hub before 2016), in microseconds; null is None."""
        if self.value is None:
            return None
        is_number = isinstance(self.value, int | float) and not isinstance(self.value, bool)
        if not is_number or not math.isfinite(self.value) or not 0 <= self.value < _YEAR_9999_S:
            raise unusable(f"{self.path} is not a time in seconds")
        return int(self.value * 1_000_000)


_YEAR_9999_S = 253_370_764_800


def content_id(*parts: str) -> str:
    """The id of a delivery whose sender gives none: a hash of what stays the same when it comes again."""
    return hashlib.sha256(length_prefixed(part.encode("utf-8", "replace") for part in parts)).hexdigest()[:32]
