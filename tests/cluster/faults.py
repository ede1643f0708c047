"""One bad day of the API server (`ailments.py`) with deliveries and edits in it, and how long it takes to heal.

    python -m tests.cluster.faults [--seed S] [NAME...]

runs each as long as the issue names it, with the gateway's own time-outs: about seven minutes.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.cluster.ailments import BadDay, bad_days, is_watch
from tests.cluster.serving import Serving
from tests.cluster.team import Team, condition, config_map, creates, hook, is_ready, marks, sensor
from tests.manifests.cluster import Cluster, installed
from tests.servers.proxy import FaultProxy
from tests.stories.background import Background
from tests.stories.process import wait_for, wait_until

_RETRY = {"steps": 30, "duration": "500ms", "factor": 1.5}
_DELIVERIES = 20
_HEALED_S = 60.0
_ANSWER_S = 30.0


class Trial:
    """One team that lives through a bad day: it has a Sensor before, and gets another one while it lasts."""

    def __init__(self, cluster: Cluster, gateway: Serving, name: str) -> None:
        self.team = Team(cluster)
        self.healed_s = 0.0
        self.expected: list[str] = []
        """Marks that objects have to carry at the end, each one once."""
        self.met = 0
        """Requests that the ailment has met."""
        self._gateway = gateway
        self.name = name

    def begin(self) -> None:
        """All is well: what is there works."""
        self.team.account("default", "create,get configmaps")
        self.team.apply(hook(), hook("leaving"), sensor(creates(config_map()), retry=_RETRY))
        self.team.until_ready("Sensor", "notes")
        self._deliver("well")

    def live_through(self, background: Background, proxy: FaultProxy, day: BadDay, seed: int) -> None:
        """The day, with deliveries all the time, and a new Sensor, an edit and a deletion in the middle."""
        ends = time.monotonic() + day.lasts_s
        before = _met(proxy)
        proxy.ailment = day.ailment(random.Random(f"{seed}:{self.name}"))
        if day.cuts_watches:
            background.run(proxy.cut(is_watch))
        self.team.apply(
            hook("second"), sensor(creates(config_map()), name="late", source="second", retry=_RETRY)
        )
        self.team.edit("EventSource", "hooks", {"spec": {"webhook": {"push": {"endpoint": "/moved"}}}})
        self.team.kubectl("delete", "eventsource", "leaving")
        for number in range(_DELIVERIES):
            self._deliver(f"ill-{number}")
            time.sleep(max(0.0, ends - time.monotonic()) / (_DELIVERIES - number))
        proxy.ailment = None
        self.met = _met(proxy) - before

    def heal(self) -> None:
        """Until everything is as it has to be."""
        well = time.monotonic()
        team = self.team.name
        wait_until(lambda: self._status(f"/{team}/hooks/moved", "moved") == 200, timeout_s=_HEALED_S)
        wait_until(lambda: self._status(f"/{team}/leaving/push", "gone") == 410, timeout_s=_HEALED_S)
        wait_until(lambda: self._is_in_force("Sensor", "late"), timeout_s=_HEALED_S)
        wait_until(lambda: self._status(f"/{team}/second/push", "late") == 200, timeout_s=_HEALED_S)
        self.expected += ["moved", "late"]
        wait_until(lambda: len(self.made()) >= len(self.expected), timeout_s=_HEALED_S)
        self.healed_s = time.monotonic() - well
        self._gateway.wait_idle()
        self.expected.sort()

    def made(self) -> list[str]:
        return marks(self.team.made())

    def until_told(self) -> None:
        """Every condition is that of the newest generation, and true."""
        for kind, name in (
            ("EventSource", "hooks"),
            ("EventSource", "second"),
            ("Sensor", "notes"),
            ("Sensor", "late"),
        ):
            self.team.until(kind, name, is_ready, timeout_s=_HEALED_S)
            assert condition(self.team.get(kind, name), "Deployed")["reason"] == "Served"

    def end(self) -> None:
        self.team.disable()

    def _is_in_force(self, kind: str, name: str) -> bool:
        """As the gateway itself says: a status comes later."""
        found = self._gateway.api("resources")["resources"]
        place = (kind, self.team.name, name)
        return any((each["kind"], each["namespace"], each["name"]) == place for each in found)

    def _deliver(self, mark: str) -> None:
        """To the endpoint as it is served now: an edit that is not seen yet is not in force."""
        path = f"/{self.team.name}/hooks"
        status = wait_for(lambda: self._taken(path, mark))
        assert status == 200
        self.expected.append(mark)

    def _taken(self, path: str, mark: str) -> int | None:
        statuses = (self._status(f"{path}/{endpoint}", mark) for endpoint in ("push", "moved"))
        return next((status for status in statuses if status == 200), None)

    def _status(self, path: str, mark: str) -> int:
        return self._gateway.post(path, {"mark": mark}, delivery_id=mark).status


def _met(proxy: FaultProxy) -> int:
    counts = proxy.counts
    return counts.lost + counts.cut + counts.answered + counts.delayed


def main() -> int:
    days = bad_days(30.0, _ANSWER_S)
    parser = argparse.ArgumentParser(prog="python -m tests.cluster.faults")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(days)}")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    given = parser.parse_args()
    background = Background()
    failed = []
    with tempfile.TemporaryDirectory(prefix="kikkake-faults-") as folder, installed(Path(folder)) as cluster:
        with background.proxy(cluster.server) as proxy:
            gateway = Serving(cluster, Path(folder) / "gateway", url=proxy.url)
            gateway.timing = {"api-timeout": _ANSWER_S, "lease-duration": 60}
            gateway.start()
            try:
                for name in given.names or days:
                    failed += _run(Trial(cluster, gateway, name), background, proxy, days[name], given.seed)
            finally:
                gateway.stop()
        background.close()
    return 1 if failed else 0


def _run(trial: Trial, background: Background, proxy: FaultProxy, day: BadDay, seed: int) -> list[str]:
    trial.begin()
    trial.live_through(background, proxy, day, seed)
    trial.heal()
    trial.until_told()
    made = trial.made()
    lost = sorted(set(trial.expected) - set(made))
    twice = len(made) - len(set(made))
    print(
        f"{trial.name} for {day.lasts_s:g} s, seed {seed}: {trial.met} requests met it; {len(made)} objects, "
        f"{len(lost)} lost, {twice} twice, healed after {trial.healed_s:.1f} s",
        flush=True,
    )
    trial.end()
    return lost if made == trial.expected else [trial.name]


if __name__ == "__main__":
    sys.exit(main())
