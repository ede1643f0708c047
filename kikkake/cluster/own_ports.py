"""Which port of the gateway listens for a port that an EventSource declares: lent once, and remembered. Pure.

Proxies in a cluster learn a new number with delay: so a port stays the same over restarts, and one that was given back
rests before another EventSource gets it. What still came for the old owner would reach the new one otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from events.clock import US_PER_S
from sources.listening import DeclaredPort

_REST_S = 3600.0
"""As long as a deleted endpoint answers 410."""
_REFUSED_S = 600.0
"""A port that the system would not open is not asked for again for this long."""


@dataclass(slots=True)
class _Loan:
    number: int
    unused_us: int | None = None
    """Since when nobody wants it."""


class OwnPorts:
    """The loans of one gateway."""

    def __init__(self, numbers: Iterable[int]) -> None:
        """`numbers` can be lent, the first ones first."""
        self._numbers = dict.fromkeys(numbers)
        self._loans: dict[DeclaredPort, _Loan] = {}
        self._refused: dict[int, int] = {}
        """Numbers that the system would not open, and when it said so."""

    @property
    def lent(self) -> Mapping[DeclaredPort, int]:
        """What is in use."""
        return {declared: loan.number for declared, loan in self._loans.items() if loan.unused_us is None}

    def number(self, declared: DeclaredPort) -> int | None:
        """What is lent for it."""
        loan = self._loans.get(declared)
        return loan.number if loan is not None and loan.unused_us is None else None

    def lend(self, wanted: Iterable[DeclaredPort], now_us: int) -> Mapping[DeclaredPort, int]:
        """A number for each that is wanted; where there is none left the later ones go without.

        The same wishes after the same history give the same numbers.
        """
        wishes = dict.fromkeys(wanted)
        self._forget(now_us)
        for declared, loan in self._loans.items():
            if declared in wishes:
                loan.unused_us = None
            elif loan.unused_us is None:
                loan.unused_us = now_us
        free = self._free()
        for declared in wishes:
            kept = self._loans.get(declared)
            if kept is not None and self._may_lend(kept.number):
                continue
            number = next(free, None)
            if number is not None:
                self._loans[declared] = _Loan(number)
            elif kept is not None:
                del self._loans[declared]
        return self.lent

    def refuse(self, numbers: Iterable[int], now_us: int) -> bool:
        """The system would not open these; whether one of them is lent, so that `lend` has another to give."""
        self._refused |= dict.fromkeys(numbers, now_us)
        return any(loan.number in self._refused for loan in self._loans.values())

    def saved(self) -> list[dict[str, Any]]:
        """For a file."""
        return [
            {
                "namespace": declared.namespace,
                "eventSource": declared.event_source,
                "declared": declared.port,
                "number": loan.number,
                **({} if loan.unused_us is None else {"unusedSince": loan.unused_us}),
            }
            for declared, loan in self._loans.items()
        ]

    def restore(self, saved: Iterable[Mapping[str, Any]]) -> None:
        """Go on with what `saved` gave. Raises KeyError, TypeError, ValueError: that is not it, and nothing is lent."""
        loans = dict(self._loans)
        for each in saved:
            declared = DeclaredPort(str(each["namespace"]), str(each["eventSource"]), int(each["declared"]))
            number, since = int(each["number"]), each.get("unusedSince")
            if any(loan.number == number for loan in loans.values()):
                raise ValueError(f"port {number} is lent twice")
            loans[declared] = _Loan(number, None if since is None else int(since))
        self._loans = loans

    def _forget(self, now_us: int) -> None:
        rested_us, refused_us = now_us - round(_REST_S * US_PER_S), now_us - round(_REFUSED_S * US_PER_S)
        self._loans = {
            declared: loan
            for declared, loan in self._loans.items()
            if loan.unused_us is None or loan.unused_us > rested_us
        }
        self._refused = {number: at_us for number, at_us in self._refused.items() if at_us > refused_us}

    def _may_lend(self, number: int) -> bool:
        return number in self._numbers and number not in self._refused

    def _free(self) -> Iterator[int]:
        taken = {loan.number for loan in self._loans.values()}
        return (number for number in self._numbers if self._may_lend(number) and number not in taken)
