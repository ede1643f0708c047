"""A process that decides everything in the store of a folder and says what fired: for tests that let it die."""

import asyncio
import json
import sys
from pathlib import Path

from tests.sensors.support import house
from tests.sensors.test_quarantine import PROBE


async def decide(folder: Path) -> None:
    async with house(folder, probe=PROBE) as one:
        await one.decide()
        sys.stdout.write(json.dumps([ids["push"] for _trigger, ids in one.taker.fired]))


if __name__ == "__main__":
    asyncio.run(decide(Path(sys.argv[1])))
