"""The objects of a twin of a Kubernetes API server, in memory; `scripted_kube.py` is its API."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from events.clock import Clock, format_time
from events.ports import Object
from kikkake.testing.managers import Managers
from kikkake.testing.patches import merge_patch

_GIVEN_BY = "kubectl"
"""The field manager of the objects that a test has in its cluster beforehand."""

Address = tuple[str, str, str | None, str]
"""apiVersion, kind, namespace, name."""


class Cluster:
    """The objects of one case."""

    def __init__(self, objects: list[dict[str, Any]], clock: Clock) -> None:
        self._objects: dict[Address, Object] = {}
        self._clock = clock
        self._version = 0
        self._later: list[tuple[int, Address, Object]] = []
        self._managers: dict[Address, Managers] = {}
        for value in objects:
            given = self.put(copy.deepcopy(value))
            self.managers(address_of(given)).note(_GIVEN_BY, {}, given)

    def find(self, address: Address) -> Object | None:
        """The object there; one that a test gave no namespace stands in every one."""
        self._catch_up()
        return self._objects.get(address) or self._objects.get((*address[:2], None, address[3]))

    def of_kind(self, api_version: str, kind: str, namespace: str | None) -> list[Object]:
        """In the order in which they came to be."""
        self._catch_up()
        return [
            value
            for (its_version, its_kind, its_namespace, _), value in self._objects.items()
            if (its_version, its_kind) == (api_version, kind) and namespace in {None, its_namespace}
        ]

    def all(self) -> list[Object]:
        """Copies of every object."""
        self._catch_up()
        return copy.deepcopy(list(self._objects.values()))

    def put(self, value: Object) -> Object:
        """Create or change an object; it gets what the server fills in."""
        metadata = value.setdefault("metadata", {})
        self._version += 1
        metadata.setdefault("uid", f"00000000-0000-4000-8000-{self._version:012d}")
        metadata.setdefault("creationTimestamp", format_time(self._clock.now_us() // 1_000_000 * 1_000_000))
        metadata["resourceVersion"] = str(self._version)
        address = address_of(value)
        anywhere = (*address[:2], None, address[3])
        if address not in self._objects and self._objects.pop(anywhere, None) is not None:
            # One without a namespace has got one now.
            self._managers[address] = self._managers.pop(anywhere, Managers())
        self._objects[address] = value
        return value

    def change_later(self, address: Address, patch: Object, wait_us: int) -> None:
        """Let somebody else change an object after a time: a controller that sets a label."""
        self._later.append((self._clock.now_us() + wait_us, address, patch))

    def _catch_up(self) -> None:
        now_us = self._clock.now_us()
        due = [each for each in self._later if each[0] <= now_us]
        self._later = [each for each in self._later if each[0] > now_us]
        for _at_us, address, patch in sorted(due, key=lambda each: each[0]):
            if (value := self._objects.get(address)) is not None:
                self.put(merge_patch(value, patch))

    def remove(self, address: Address) -> None:
        for each in (address, (*address[:2], None, address[3])):
            if self._objects.pop(each, None) is not None:
                self._managers.pop(each, None)
                return

    def managers(self, address: Address) -> Managers:
        """Who owns which field of the object there."""
        return self._managers.setdefault(address, Managers())

    def tried(self, change: Callable[[], Object]) -> Object:
        """What a change gives, without its being kept: a dry run."""
        kept = copy.deepcopy((self._objects, self._managers, self._version))
        try:
            return copy.deepcopy(change())
        finally:
            self._objects, self._managers, self._version = kept


def address_of(value: Object) -> Address:
    """Where an object stands."""
    metadata = value.get("metadata") or {}
    return (
        str(value.get("apiVersion", "")),
        str(value.get("kind", "")),
        metadata.get("namespace"),
        str(metadata.get("name", "")),
    )
