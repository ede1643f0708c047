"""One run: senders, faults and kills together, then quiet, then the judgement."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests.crash.gateway import Gateway, Store
from tests.crash.home import Files, Home, InCluster
from tests.crash.journal import Journal
from tests.crash.judge import Evidence, Judgement, Violation, judge
from tests.crash.kafka_end import KafkaEnd
from tests.crash.kills import CLOSE_S, Edit, Kill, Moment, schedule, strike
from tests.crash.ledger import Ledger
from tests.crash.outage import Outage
from tests.crash.plan import Plan
from tests.crash.resources import Place, rules_of
from tests.crash.senders import Senders
from tests.crash.store import read_log
from tests.crash.ways import LONGEST_WAIT_S
from tests.manifests.cluster import Cluster
from tests.servers.http_sink import HttpSink
from tests.servers.kafka import KafkaServer
from tests.servers.kube import KubeServer
from tests.servers.process import ServerFailed, quiet_ports
from tests.servers.proxy import FaultProxy

_LOST_ANSWERS = 0.01
_DRAIN_TIMEOUT_S = 120.0
_POLL_S = 0.1
_QUIET_S = 10.0
"""Without any change for so long, and nothing open: what is missing now will not come any more."""
_SETTLE_TIMEOUT_S = 180.0
"""Bound of the end phase, besides three times the outage (retries may wait as long as it lasted)."""

_TIMER_GRACE_S = 1.0
"""A loop that is busy fires a timer so much late at most."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What happened to the gateway."""

    seconds: float
    restarts_s: tuple[float, ...]
    """Of each start that became ready: from the launch to /readyz."""
    killed: Counter[str]
    """Kills by what they waited for."""
    close_kills: int
    """Kills within 50 ms of a commit or checkpoint that was seen."""
    edits: int
    lost_answers: int
    redelivered: int
    deleted: int
    kafka_while_killing: int
    """Kafka's events that were stored before the kills were over."""
    settle_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run found; it has passed when `judgement.violations` is empty."""

    plan: Plan
    tally: Tally
    judgement: Judgement
    ledger: Ledger
    folder: Path


async def run_suite(
    plan: Plan, folder: Path, kube: KubeServer | Cluster, kafka: KafkaServer, tell: Tell
) -> Report:
    """Do a whole run in `folder`, which keeps the evidence. `serve` needs a Cluster, with Kikkake installed in it."""
    if isinstance(kube, Cluster):
        around = Surroundings(kube.server, InCluster(folder, kube, plan.seed), kafka)
    else:
        around = Surroundings(kube, Files(folder, kube), kafka)
    run = _Run(plan, folder, around, tell)
    return await run.run()


class Surroundings(NamedTuple):
    """What a run needs of the machine."""

    kube: KubeServer
    home: Home
    kafka: KafkaServer


class _Run:
    def __init__(self, plan: Plan, folder: Path, around: Surroundings, tell: Tell) -> None:
        kube, self._home, kafka = around
        name = f"crash-{plan.seed}-{secrets.token_hex(3)}"
        self._plan = plan
        self._folder = folder
        self._tell = tell
        self._ledger = Ledger()
        self._rules = [rules_of(edit) for edit in range(plan.kills + 1)]
        self._edit = 0
        self._killed: Counter[str] = Counter()
        self._close_kills = 0
        self._killed_until = 0.0
        self._violations: list[Violation] = []
        self._sink = HttpSink()
        self._kafka = KafkaEnd(kafka.bootstrap, name, self._ledger)
        self._proxy = FaultProxy(kube, seed=plan.seed, lose_answers=_LOST_ANSWERS, port=quiet_ports(1)[0])
        self._journal = Journal(kube, name, folder / "journal.jsonl")
        kubeconfig = self._home.kubeconfig(self._proxy.url)
        self._gateway = Gateway(folder, kubeconfig, home=self._home, program=plan.program, namespace=name)
        self._place = Place(name, kafka.bootstrap, name, "")

    async def run(self) -> Report:
        began = time.monotonic()
        async with contextlib.AsyncExitStack() as stack:
            await self._open(stack)
            senders = Senders(
                seed=self._plan.seed,
                rate=self._plan.rate,
                url=lambda delivery: self._gateway.url + self._home.path(delivery.source, delivery.path),
                produce=self._kafka.produce,
                ledger=self._ledger,
            )
            outage = Outage(
                seed=self._plan.seed,
                proxy=self._proxy,
                journal=self._journal,
                gateway=self._gateway,
                senders=senders,
            )
            self._gateway.launch(self._edit)
            await self._gateway.wait_ready()
            settle_s = 0.0
            try:
                async with senders.running():
                    await self._kill_all(senders, outage)
                    self._killed_until = time.time()
                    senders.pause()
                    await senders.drain(_DRAIN_TIMEOUT_S)
                await self._kafka.drain()
                settle_s = await self._settle()
                await self._let_timers_fire()
                self._violations += [Violation("status", what) for what in await self._home.untruths()]
                await self._stop()
            except* ServerFailed as failed:
                # A gateway that does not come up again is the finding; what it did until then is still judged.
                self._violations += [Violation("no-start", str(error)) for error in failed.exceptions]
            await self._journal.catch_up()
        return await self._report(outage, settle_s, began)

    async def _open(self, stack: contextlib.AsyncExitStack) -> None:
        await stack.enter_async_context(self._sink)
        self._place = Place(self._place.namespace, self._place.brokers, self._place.topic, self._sink.url)
        await self._home.open(self._place)
        await self._kafka.open()
        stack.push_async_callback(self._kafka.close)
        await stack.enter_async_context(self._proxy)
        await stack.enter_async_context(self._journal.watching())
        await stack.enter_async_context(self._gateway)

    async def _kill_all(self, senders: Senders, outage: Outage) -> None:
        """Kill and start again, as the schedule says; at the end a gateway serves."""
        away = self._plan.outage_kills
        for kill in schedule(self._plan.seed, self._plan.kills):
            if kill.moment is not Moment.STARTING or kill.number in away:
                await self._gateway.wait_ready()
                senders.send_recent_again()
                await self._before(kill, outage)
            await self._strike(kill)
            await self._kafka.evict_members()
            if kill.edit is Edit.DOWN and self._is_seen(kill):
                await self._write_edit()
            await self._home.disturb()
            self._gateway.launch(self._edit)
            if away and kill.number == away[-1]:
                await outage.end()
                self._tell("  the API server is back")
        await self._gateway.wait_ready()
        senders.send_recent_again()

    async def _before(self, kill: Kill, outage: Outage) -> None:
        """What happens to a process that serves and is going to be killed."""
        away = self._plan.outage_kills
        if away and kill.number == away[0]:
            await outage.begin()
            self._tell(
                f"  the API server is away for {self._plan.outage_s:g} s; {len(outage.deleted)} objects deleted"
            )
        if kill.edit is Edit.RUNNING and self._is_seen(kill):
            await self._write_edit()
        if kill.number in away:
            await asyncio.sleep(self._plan.outage_s / len(away))

    async def _strike(self, kill: Kill) -> None:
        distance_s = await strike(kill, self._gateway.data, self._kill)
        self._close_kills += distance_s is not None and distance_s <= CLOSE_S
        self._killed[kill.moment.value] += 1
        if kill.number % 10 == 0:
            self._tell(
                f"  {kill.number} kills, {len(self._ledger.entries)} events, {len(self._journal.objects)} objects"
            )

    def _kill(self) -> None:
        if (code := self._gateway.exit_code) is not None:
            self._violations.append(Violation("ended", f"the gateway ended by itself with {code}"))
        self._gateway.kill()

    def _is_seen(self, kill: Kill) -> bool:
        """Whether the next start finds an edit: objects of an API server that is away are read when it is back."""
        return not (self._plan.serve and kill.number in self._plan.outage_kills)

    async def _write_edit(self) -> None:
        self._edit += 1
        await self._home.edit(self._edit)

    async def _settle(self) -> float:
        """Wait until everything is judged and done, or nothing moves any more; the seconds it took."""
        began = changed_at = time.monotonic()
        last: Store | None = None
        while time.monotonic() < began + _SETTLE_TIMEOUT_S + 3 * self._plan.outage_s:
            store = await self._gateway.store()
            if store is not None and self._is_complete(store):
                break
            if store != last:
                last, changed_at = store, time.monotonic()
            is_idle = store is not None and store.open_effects == 0
            if is_idle and time.monotonic() > changed_at + _QUIET_S:
                break
            await asyncio.sleep(_POLL_S)
        return time.monotonic() - began

    async def _let_timers_fire(self) -> None:
        """What waits for others is given up, what collects fires; then that is done, too."""
        await asyncio.sleep(LONGEST_WAIT_S + _TIMER_GRACE_S)
        await self._settle()

    def _is_complete(self, store: Store) -> bool:
        is_judged = store.judged_up_to >= store.head and store.behind == 0 and store.open_effects == 0
        return is_judged and store.events >= len(self._ledger.entries)

    async def _stop(self) -> None:
        if code := await self._gateway.stop():
            self._violations.append(Violation("exit", f"the gateway ended with {code} after SIGTERM"))
        if tracebacks := self._gateway.log.read_text(errors="replace").count("Traceback"):
            self._violations.append(Violation("traceback", f"{tracebacks} tracebacks in the gateway's log"))

    async def _report(self, outage: Outage, settle_s: float, began: float) -> Report:
        log = await read_log(self._gateway.data, self._rules, self._place.namespace)
        evidence = Evidence(
            ledger=self._ledger,
            log=log,
            made=list(self._journal.objects.values()),
            received=self._sink.received,
            starts=self._gateway.starts,
            rules=self._rules,
        )
        judgement = judge(evidence)
        judgement.violations += self._violations
        tally = Tally(
            seconds=time.monotonic() - began,
            restarts_s=tuple(start.took_s for start in self._gateway.starts),
            killed=self._killed,
            close_kills=self._close_kills,
            edits=self._edit,
            lost_answers=self._proxy.counts.lost,
            redelivered=self._ledger.redelivered,
            deleted=len(outage.deleted),
            kafka_while_killing=sum(
                event.source == "kafka" and event.stored_at < self._killed_until for event in log.events
            ),
            settle_s=settle_s,
        )
        return Report(
            plan=self._plan, tally=tally, judgement=judgement, ledger=self._ledger, folder=self._folder
        )
