"""Questions about what is stored, answered in JSON: for the admin API and for a store that is read directly."""

from __future__ import annotations

from typing import Any

import msgspec

from events.bus import BusReader, DeadLetter, DeadLetterQuery, EventQuery, StoredEvent
from kikkake.api.answers import data_answer, dead_letter_answer, event_answer, resource_label
from kikkake.api.explanation import explanation_answer
from kikkake.api.happened import Happenings
from kikkake.api.material import material_answer
from kikkake.api.refusal import Refusal, ambiguous, not_found
from sensors.prepared import Preparer

_MAX_CANDIDATES = 10


class Inquiry:
    """One reader, many questions. Every answer is plain JSON; what cannot be answered is a Refusal."""

    def __init__(self, reader: BusReader, preparer: Preparer | None) -> None:
        self._reader = reader
        self._preparer = preparer
        self._happenings = Happenings(reader)

    async def events(self, query: EventQuery) -> dict[str, Any]:
        """A page, newest first, each with what happened to it in short; `next` is the next page's `before`."""
        # The place first: an event that comes in between then counts as not judged yet, never as of no interest.
        place = (await self._reader.facts()).place
        found = await self._reader.events(query)
        events = [
            {**event_answer(stored), "happened": await self._happenings.summary(stored, place)}
            for stored in found
        ]
        return {"events": events, "next": _next([stored.sequence for stored in found], query.limit)}

    async def event(self, reference: str, *, with_data: bool) -> dict[str, Any]:
        """One event; its data only where it was asked for."""
        stored = await self.one_event(reference)
        return {**event_answer(stored), **(data_answer(stored.event.data) if with_data else {})}

    async def explanation(self, reference: str) -> dict[str, Any]:
        """Why the event did or did not fire, and what came of it."""
        return await explanation_answer(self._reader, await self.one_event(reference), self._preparer)

    async def material(self, reference: str) -> dict[str, Any]:
        """What a test of the event is made of, secrets masked."""
        return await material_answer(self._reader, await self.one_event(reference), self._preparer)

    async def one_event(self, reference: str) -> StoredEvent:
        """The event that goes by `reference`. Raises Refusal 404 or 409 (with the candidates)."""
        found = await self._reader.find_events(reference, limit=_MAX_CANDIDATES)
        if not found:
            raise not_found(reference)
        if len(found) > 1:
            raise ambiguous(reference, [event_answer(stored) for stored in found])
        return found[0]

    async def dead_letters(self, query: DeadLetterQuery) -> dict[str, Any]:
        """A page, newest first. `query.sensor` is NAMESPACE/NAME here."""
        labels = await self._sensor_labels()
        if query.sensor:
            query = msgspec.structs.replace(query, sensor=_uid_of(query.sensor, labels))
        found = await self._reader.dead_letters(query)
        letters = [dead_letter_answer(letter, labels.get(letter.sensor, letter.sensor)) for letter in found]
        return {"deadLetters": letters, "next": _next([letter.number for letter in found], query.limit)}

    async def dead_letter(self, number: str) -> DeadLetter:
        """Raises Refusal 404."""
        if number.isascii() and number.isdigit() and len(number) <= 16:
            query = DeadLetterQuery(before=int(number) + 1, limit=1)
            found = await self._reader.dead_letters(query)
            if found and found[0].number == int(number):
                return found[0]
        raise Refusal(
            404, "No such dead letter", f"there is no dead letter {number}: it may have been replayed already"
        )

    async def sensor_uid(self, label: str) -> str:
        """The uid of Sensor NAMESPACE/NAME. Raises Refusal 404."""
        return _uid_of(label, await self._sensor_labels())

    async def sensor_label(self, uid: str) -> str:
        """NAMESPACE/NAME, or the uid of a Sensor that is not known any more."""
        return (await self._sensor_labels()).get(uid, uid)

    async def _sensor_labels(self) -> dict[str, str]:
        versions = await self._reader.resources()
        return {version.uid: resource_label(version) for version in versions if version.kind == "Sensor"}


def _uid_of(label: str, labels: dict[str, str]) -> str:
    wanted = label if "/" in label else f"default/{label}"
    for uid, known in labels.items():
        if known == wanted:
            return uid
    there = ", ".join(sorted(labels.values())) or "none"
    raise Refusal(404, "No such Sensor", f"there is no Sensor {wanted}; known: {there}")


def _next(numbers: list[int], limit: int) -> int | None:
    return numbers[-1] if len(numbers) == limit else None
