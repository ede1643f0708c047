"""The senders: an even stream of deliveries over HTTP and Kafka, with retries and redeliveries.

What got no 2xx is sent again under the same id until it gets one. Of what was acknowledged about 30 % is sent once
more a little later, and 30 % of the newest ones again after each restart. Kafka's redeliveries are its own: records
whose offsets were not committed are read again.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

import aiohttp

from tests.crash.ledger import Ledger
from tests.crash.traffic import Delivery, Traffic

_SHARE_AGAIN = 0.3
_RECENT = 50
_WORKERS = 16
_RETRY_S = 0.1
_ANSWER_TIMEOUT_S = 15.0
_MAX_WAITING = 4000
"""Deliveries that wait for the gateway: 20 s of it at 200/s. Beyond it the stream stands still."""

Produce = Callable[[Delivery], Awaitable[None]]


class Senders:
    """One stream. `async with senders.running():` sends; `pause` and `resume` it; `drain` waits for the last 2xx."""

    def __init__(
        self, *, seed: int, rate: float, url: Callable[[Delivery], str], produce: Produce, ledger: Ledger
    ) -> None:
        """`rate` in events a second; `url` says where a delivery goes; `produce` sends to Kafka."""
        self._traffic = Traffic(seed)
        self._random = random.Random(f"{seed}:redeliveries")
        self._rate = rate
        self._url = url
        self._produce = produce
        self._ledger = ledger
        self._waiting: asyncio.Queue[Delivery] = asyncio.Queue(_MAX_WAITING)
        self._recent: deque[Delivery] = deque(maxlen=_RECENT)
        self._by_key: dict[str, Delivery] = {}
        self._flowing = asyncio.Event()
        self._flowing.set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Send until the end of the block. A sender that fails ends the block with its error."""
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._stream(), name="senders:stream")]
            tasks += [
                group.create_task(self._work(session), name=f"senders:worker-{number}")
                for number in range(_WORKERS)
            ]
            yield
            for task in tasks:
                task.cancel()

    def pause(self) -> None:
        """Nothing new; what waits is still sent."""
        self._flowing.clear()

    def resume(self) -> None:
        self._flowing.set()

    async def drain(self, timeout_s: float) -> None:
        """Until everything has its 2xx. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            await self._waiting.join()

    def send_recent_again(self) -> None:
        """As senders do that were not sure, after a restart."""
        for delivery in list(self._recent):
            if self._random.random() < _SHARE_AGAIN:
                self._send_again(delivery)

    def send_again(self, keys: Iterable[str]) -> None:
        """Send the deliveries of these events again, those over HTTP."""
        for delivery in {id(found): found for key in keys if (found := self._by_key.get(key))}.values():
            self._send_again(delivery)

    def _send_again(self, delivery: Delivery) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            self._waiting.put_nowait(delivery)
            self._ledger.redelivered += 1

    async def _stream(self) -> None:
        loop = asyncio.get_running_loop()
        next_at = loop.time()
        while True:
            if not self._flowing.is_set():
                await self._flowing.wait()
                next_at = loop.time()
            delivery = self._traffic.next()
            await asyncio.sleep(max(0.0, next_at - loop.time()))
            next_at += len(delivery.events) / self._rate
            if delivery.source == "kafka":
                self._ledger.sent(delivery.events)
                await self._produce(delivery)
                continue
            self._by_key |= {event.key: delivery for event in delivery.events}
            await self._waiting.put(delivery)
            if self._recent and self._random.random() < _SHARE_AGAIN:
                self._send_again(self._random.choice(self._recent))

    async def _work(self, session: aiohttp.ClientSession) -> None:
        while True:
            delivery = await self._waiting.get()
            try:
                while not await self._post(session, delivery):  # noqa: ASYNC110 - a sender's own pace
                    await asyncio.sleep(_RETRY_S)
            finally:
                self._waiting.task_done()

    async def _post(self, session: aiohttp.ClientSession, delivery: Delivery) -> bool:
        """Whether the sender is done with it: acknowledged, or refused for good."""
        self._ledger.sent(delivery.events)
        try:
            async with asyncio.timeout(_ANSWER_TIMEOUT_S):
                async with session.post(
                    self._url(delivery), data=delivery.body, headers=delivery.headers
                ) as answer:
                    text = await answer.text()
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False
        if 200 <= answer.status < 300:
            self._ledger.acknowledged(delivery.events)
            self._recent.append(delivery)
            return True
        if answer.status in (408, 429) or answer.status >= 500:
            return False
        self._ledger.refused.append(f"{delivery.source} {delivery.events[0].key}: {answer.status} {text}")
        return True
