"""The answers of a process that has stopped, read from its store; nothing is locked and nothing is changed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from kikkake.api import parameters
from kikkake.api.inquiry import Inquiry
from kikkake.store import open_store_reader
from sensors.preparing import SandboxPreparer
from sensors.sandbox import Sandbox

_TIMEOUT_S = 30.0
"""As long as the running process would take at most for the same question."""


class StoredAnswers:
    """The questions of `ApiClient` that need no running process, asked of the store in a folder.

    Every method raises Refusal as the client does, and what `open_store_reader` raises.
    """

    def __init__(self, data: Path) -> None:
        self._data = data

    def events(self, given: Mapping[str, str]) -> dict[str, Any]:
        query = parameters.event_query(given)
        return self._ask(lambda inquiry: inquiry.events(query))

    def explanation(self, reference: str) -> dict[str, Any]:
        return self._ask(lambda inquiry: inquiry.explanation(reference))

    def material(self, reference: str) -> dict[str, Any]:
        return self._ask(lambda inquiry: inquiry.material(reference))

    def dead_letters(self, given: Mapping[str, str]) -> dict[str, Any]:
        query = parameters.dead_letter_query(given)
        return self._ask(lambda inquiry: inquiry.dead_letters(query))

    def _ask(self, question: Callable[[Inquiry], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
        return asyncio.run(self._answer(question))

    async def _answer(self, question: Callable[[Inquiry], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
        async with asyncio.timeout(_TIMEOUT_S), Sandbox() as sandbox:
            reader = await open_store_reader(self._data)
            try:
                return await question(Inquiry(reader, SandboxPreparer(sandbox)))
            finally:
                await reader.close()
