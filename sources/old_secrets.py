"""Former secrets that still prove deliveries: until none does, they cannot be taken away (spec: signatures, rule 3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from events.clock import US_PER_S, format_time
from events.errors import Severity
from events.ports import SecretRef
from events.topic import Topic
from sources.ingest import Route
from sources.listening import RouteProblem

_HOUR_US = 3_600 * US_PER_S


class OldSecrets:
    """When each was last used, since the process began."""

    def __init__(self) -> None:
        self._used: dict[tuple[Topic, SecretRef], int] = {}

    def note(self, route: Route, ref: SecretRef, now_us: int) -> None:
        """It has proved a delivery."""
        self._used[route.topic, ref] = now_us

    def keep_only(self, routes: Iterable[Route]) -> None:
        """Forget what no route accepts any more."""
        accepted = {(route.topic, ref) for route in routes for ref in route.proof.refs[1:]}
        self._used = {key: used_us for key, used_us in self._used.items() if key in accepted}

    def problems(self) -> Iterator[RouteProblem]:
        """A warning for each, with the hour of its last use: a status is not written for every delivery."""
        for (topic, ref), used_us in self._used.items():
            hour = format_time(used_us // _HOUR_US * _HOUR_US)
            yield RouteProblem(
                namespace=topic.namespace,
                event_source=topic.event_source,
                event_name=topic.event_name,
                code="OldSecretInUse",
                what=f"the former {ref} still proves deliveries, last in the hour from {hour}; "
                "give the sender the new one, then remove it here",
                severity=Severity.WARNING,
            )
