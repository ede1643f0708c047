"""The API server is away for a while, and somebody deletes objects meanwhile.

Only objects whose effects are recorded as done are deleted. An object that is deleted while its effect is in doubt may
be made again, and the promise says so (`spec: effects, 7`); one whose effect is done must not be.
"""

from __future__ import annotations

import asyncio
import random

from tests.crash.gateway import Gateway
from tests.crash.journal import Journal, Made
from tests.crash.senders import Senders
from tests.servers.proxy import FaultProxy

_SHARE = 0.3
_MOST = 200
_SETTLE_TIMEOUT_S = 60.0
_POLL_S = 0.05


class Outage:
    """`begin` it, `end` it."""

    def __init__(
        self, *, seed: int, proxy: FaultProxy, journal: Journal, gateway: Gateway, senders: Senders
    ) -> None:
        self.deleted: list[Made] = []
        self._random = random.Random(f"{seed}:outage")
        self._proxy = proxy
        self._journal = journal
        self._gateway = gateway
        self._senders = senders

    async def begin(self) -> None:
        """With a gateway that serves. The senders of deleted objects' events send those again."""
        self._senders.pause()
        made = await self._recorded()
        await self._proxy.refuse()
        self._senders.resume()
        self.deleted = self._random.sample(made, min(_MOST, round(_SHARE * len(made))))
        await self._journal.delete(self.deleted)
        self._senders.send_again(key for each in self.deleted for _name, key in each.events)

    async def end(self) -> None:
        await self._proxy.accept()

    async def _recorded(self) -> list[Made]:
        """Objects whose outcome is in the store: those that were there before no effect was open."""
        async with asyncio.timeout(_SETTLE_TIMEOUT_S):
            while True:
                made = list(self._journal.objects.values())
                store = await self._gateway.store()
                if store is not None and store.open_effects == 0:
                    return made
                await asyncio.sleep(_POLL_S)
