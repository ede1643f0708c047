"""A question that cannot be answered: the same for the server, its client, and a store that is read directly."""

from __future__ import annotations

from typing import Any

from events.errors import KikkakeError


class Refusal(KikkakeError):
    """What becomes a problem document, and a client's text again. `more` are further members of the document."""

    def __init__(self, status: int, title: str, detail: str = "", **more: Any) -> None:
        self.status = status
        self.title = title
        self.detail = detail
        self.more = more
        super().__init__(detail or title)


def not_found(reference: str) -> Refusal:
    """No event goes by this id; says what to check."""
    return Refusal(
        404,
        "No such event",
        f"no event goes by `{reference}`: give its id, its number in the list, or at least 8 digits of its key. "
        "It may be older than what is kept, or have gone to another gateway; `kikkake events` lists what is here",
    )


def ambiguous(reference: str, candidates: list[dict[str, Any]]) -> Refusal:
    """Several events go by this id, which is usual where one delivery makes events of several sources."""
    return Refusal(
        409,
        "Several events",
        f"{len(candidates)} events go by `{reference}`; give the number of one of them",
        candidates=candidates,
    )
