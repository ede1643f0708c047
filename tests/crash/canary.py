"""`kikkake` with a known fault, to prove that the crash tests see it: never a part of the product.

python -m tests.crash.canary random-names run ...   each attempt at an object has a name of its own
python -m tests.crash.canary early-2xx run ...      deliveries are answered before they are committed
"""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import Callable, Sequence

import orjson

from events.bus import Publication, Receipt, Standing
from events.buses.sqlite import SqliteBus
from events.topic import event_key
from kikkake.cli.main import main
from sensors.trigger import AttemptContext, Begun, Done, Failed
from sensors.triggers.k8s import K8s

_COMMIT_DELAY_S = 0.2
"""The gap between answer and commit is made wide enough for a kill to fall into it."""


def random_names() -> None:
    """What `generateName` gives without a deterministic suffix: a second attempt makes a second object."""
    fire = K8s.fire

    async def fire_renamed(self: K8s, rendered: bytes, attempt: AttemptContext) -> Done | Failed | Begun:
        value = orjson.loads(rendered)
        value["metadata"]["name"] = value["metadata"]["generateName"] + secrets.token_hex(8)
        return await fire(self, orjson.dumps(value), attempt)

    K8s.fire = fire_renamed  # type: ignore[method-assign]  # that is the fault


def early_2xx() -> None:
    """What a queue in memory between the answer and the store does."""
    publish = SqliteBus.publish
    late: set[asyncio.Task[None]] = set()

    async def publish_later(self: SqliteBus, publications: Sequence[Publication]) -> list[Receipt]:
        async def store() -> None:
            await asyncio.sleep(_COMMIT_DELAY_S)
            await publish(self, publications)

        task = asyncio.create_task(store(), name="canary:late-commit")
        late.add(task)
        task.add_done_callback(late.discard)
        return [
            Receipt(Standing.NEW, event_key(one.topic, one.event.source or "", one.event.id), 0)
            for one in publications
        ]

    SqliteBus.publish = publish_later  # type: ignore[method-assign]  # that is the fault


FAULTS: dict[str, Callable[[], None]] = {"random-names": random_names, "early-2xx": early_2xx}

if __name__ == "__main__":
    FAULTS[sys.argv.pop(1)]()
    main(prog_name="kikkake")
