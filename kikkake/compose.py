"""The gateway of one process: the only place where its parts are wired, started and stopped.

Start: store, Sensors, act loop, sources. Stop, in this order: take nothing in any more, finish what is being
answered, let running attempts end, close the store. A storage that fails ends the process at once, since nothing
may be written after it (design, B8).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, NoReturn

from events.bus import BusBroken, Effect, Outcome, ResourceVersion, Runner
from events.clock import SystemClock
from events.errors import Finding, KikkakeError, Severity
from events.log import Logger, name_sensors
from events.metrics import Metrics
from kikkake.activity import Activity
from kikkake.api.listener import Listener
from kikkake.api.server import admin_listener, observability_listener
from kikkake.catalog import Catalog, Change, changes_between, stored_catalog
from kikkake.changes import pull_specs, source_changes
from kikkake.dead_letter_quota import DeadLetterQuota
from kikkake.feed import Feed
from kikkake.observe import Observer, Tell
from kikkake.outfit import Outfit, open_outfit
from kikkake.services import GatewayServices
from kikkake.settings import RunSettings
from kikkake.store import Store, StoreSettings, open_store
from kikkake.template_reach import allow_outside
from sensors.act import Actor
from sensors.compile import CompiledSensor
from sensors.decide import Decider
from sensors.haste import Haste
from sensors.lookup import Lookup
from sensors.planned import PlannedRenderer
from sensors.prepared import Preparer
from sensors.preparing import SandboxPreparer
from sensors.sandbox import Sandbox
from sensors.trigger import TriggerServices
from sources.limits import ServerSettings
from sources.listening import RouteProblem
from sources.server import Front
from sources.spec import EventSourceSpec
from sources.supervise import Supervisor

EXIT_BROKEN = 70
"""The storage failed. The next start checks the store (EX_SOFTWARE of sysexits: not a fault of the arguments)."""


class GatewayFailed(KikkakeError):
    """A loop of the gateway ended by an error of ours; the process cannot go on."""


class Gateway:
    """One process that receives, decides and acts. `start`, then `wait`, then `stop`; used once."""

    def __init__(self, settings: RunSettings, tell: Tell, *, as_json: bool = False) -> None:
        self._settings = settings
        self._tell = tell
        self._as_json = as_json
        self._log = Logger("gateway")
        self._clock = SystemClock()
        self._store_settings = StoreSettings()
        self.metrics = Metrics()
        self.activity = Activity(self._clock)
        self._tasks: set[asyncio.Task[None]] = set()
        self._failed: asyncio.Future[NoReturn] = asyncio.get_running_loop().create_future()
        self._closers: list[Callable[[], Coroutine[Any, Any, Any]]] = []
        self._forcing = asyncio.Lock()
        self._renewal = asyncio.Event()
        self._listeners: dict[str, Listener] = {}
        self._companions: tuple[str, ...] = ()
        """Names of the loops that the outfit adds."""
        self.feed: Feed
        self.catalog: Catalog = {}
        self.problems: dict[tuple[str, str], list[RouteProblem]] = {}
        """By namespace and name of the EventSource."""
        self.services: GatewayServices
        self.preparer: Preparer

    async def start(self) -> None:
        """Open the store, load the resources, and serve. What was opened is closed again when one of them fails."""
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        outfit = await open_outfit(self._settings, self._clock)
        self._closers.append(outfit.close)
        self._outfit = outfit
        self.feed = outfit.feed
        await self.feed.open()
        bus = await self._open_bus()
        self.services = GatewayServices(self, bus)
        # From here on the process says how it is, also while it waits to be the one that serves.
        await self._listen_for_probes()
        await outfit.lead(bus.store_key)
        runner = await bus.take_over()
        allow_outside(self._settings.reach)
        sandbox = Sandbox()
        self._closers.append(sandbox.close)
        self.preparer = SandboxPreparer(sandbox)
        self._decider = Decider(
            runner,
            bus.reader(),
            self._clock,
            store_key=bus.store_key,
            # The act loop is made after the Sensors are loaded: it looks up its triggers there.
            offer=self._offer,
            look_again=lambda: self._actor.look_again(),  # noqa: PLW0108
            preparer=self.preparer,
        )
        await self._decider.load(self._read_stored)
        self._haste = Haste(runner, self._clock, lambda: self._actor.look_again())  # noqa: PLW0108 - it is made next
        self._actor = self._make_actor(bus, runner, outfit)
        server_settings = ServerSettings(
            host=self._settings.listen.deliveries_host,
            ports=self._settings.listen.ports,
            drain_timeout_s=self._settings.drain_timeout_s,
            max_event_bytes=self._store_settings.max_event_bytes,
        )
        publish = self.activity.counting(bus.publish)
        self.services.publish = publish
        self._front = Front(
            server_settings,
            publish,
            outfit.secrets,
            self._clock,
            self.metrics,
            self._log,
            plan=outfit.plan,
        )
        self._supervisor = Supervisor(publish, outfit.secrets, self._clock, self.metrics)
        self.services.attach(self._decider, self._front, self._haste)
        await self._listen_for_commands()
        await self.force(await self.feed.first(self.catalog), is_first=True)
        self._quota = DeadLetterQuota(self._decider, bus.reader(), self._clock, self._store_settings)
        await self._quota.check()
        self._own(self._quota.run(), "dead-letters")
        self._own(self._actor.run(), "act")
        self._own(self._haste.run(), "haste")
        self._own(self._decider.run(), "decide")
        self._own(self._renew(), "renew")
        self._own(self.feed.run(self.force), "feed")
        companions = outfit.companions(self.services)
        self._companions = tuple(companions)
        for name, work in companions.items():
            self._own(work, name)
        self.services.is_started = True

    def _read_stored(self, versions: Sequence[ResourceVersion]) -> Mapping[str, CompiledSensor]:
        """What was in force when the last process ended; each text is compiled once, for the decider as well."""
        self.catalog = stored_catalog(versions)
        return {
            entry.uid: entry.spec for entry in self.catalog.values() if isinstance(entry.spec, CompiledSensor)
        }

    def renew_soon(self) -> None:
        """Look again at ports and certificates now, and not with the next round."""
        self._renewal.set()

    async def wait(self) -> None:
        """Until a loop fails (raises) or the caller is cancelled."""
        await asyncio.shield(self._failed)

    @property
    def faults(self) -> tuple[Finding, ...]:
        """Of places in which nobody knows what stands."""
        return self.feed.faults

    @property
    def dead_letters(self) -> Mapping[str, int]:
        """Dead letters of each Sensor, by uid, at the last look."""
        return self._quota.rows

    def now_us(self) -> int:
        """Wall time, microseconds since 1970."""
        return self._clock.now_us()

    def about(self) -> dict[str, str]:
        """Facts for `status`."""
        cluster, serve = self._settings.cluster, self._settings.serve
        about = {"data": str(self._settings.data), "cluster": "dry run" if cluster is None else cluster.label}
        if serve is not None:
            about["namespaces"] = ", ".join(serve.namespaces) or "all enabled namespaces"
        return about

    def listening(self) -> dict[str, str]:
        """Addresses of the two APIs."""
        return {name: listener.url for name, listener in self._listeners.items()}

    async def stop(self) -> None:
        """Stop in order; each step is bounded in time. Safe to call after a failed start."""
        if hasattr(self, "services"):
            self.services.is_draining = True
        if hasattr(self, "_front"):
            await self._outfit.leave()
            await asyncio.gather(self._supervisor.close(), self._front.drain())
            await self._front.close()
        await self._end_tasks("feed", *self._companions, "renew", "haste", "dead-letters", "decide")
        if hasattr(self, "_actor"):
            await self._actor.stop(self._settings.attempt_drain_timeout_s)
        await self._end_tasks("act")
        for close in reversed(self._closers):
            await close()
        self._closers.clear()
        if not self._failed.done():
            self._failed.cancel()

    async def _open_bus(self) -> Store:
        bus = await open_store(self._settings.data, self._store_settings, self._clock)
        bus.on_broken = self._exit_broken
        self._closers.append(bus.close)
        return bus

    def _make_actor(self, bus: Store, runner: Runner, outfit: Outfit) -> Actor:
        services = TriggerServices(
            kube=outfit.kube,
            secrets=outfit.secrets,
            clock=self._clock,
            store_key=bus.store_key,
            default_account=outfit.default_account,
            addresses=outfit.addresses,
        )
        renderer = PlannedRenderer(services, self.preparer, files=self._settings.reach.files)
        lookup = Lookup(self._decider.roster, runner, bus.reader(), services, renderer=renderer)
        self._closers.append(lookup.close)
        label = self._decider.roster.label
        name_sensors(label)
        observer = Observer(
            self.metrics, self._tell, as_json=self._as_json, label=label, settled=self._settled
        )
        is_dry_run = self._settings.cluster is None
        return Actor(
            runner,
            lookup,
            self._clock,
            observer,
            is_dry_run=is_dry_run,
            turn=outfit.turn,
            may_act=outfit.may_act,
        )

    async def _listen_for_probes(self) -> None:
        listen = self._settings.listen
        if (port := listen.metrics_port) is not None:
            host, registry = listen.metrics_host, self.metrics.registry
            await self._open_listener(
                "metrics", observability_listener(self.services, registry, host=host, port=port)
            )

    async def _listen_for_commands(self) -> None:
        listen = self._settings.listen
        if (port := listen.admin_port) is not None:
            await self._open_listener(
                "admin", admin_listener(self.services, host=listen.admin_host, port=port)
            )

    async def _open_listener(self, name: str, listener: Listener) -> None:
        self._listeners[name] = listener
        await listener.start()
        self._closers.append(listener.stop)

    async def force(self, catalog: Catalog, *, is_first: bool = False) -> None:
        """Put a catalog in force. When it raises, the one before is, and it can be tried again."""
        async with self._forcing:
            before = self.catalog
            specs = {entry.uid: entry.spec for entry in catalog.values()}
            sensors = [spec for spec in specs.values() if isinstance(spec, CompiledSensor)]
            sources = {uid: spec for uid, spec in specs.items() if isinstance(spec, EventSourceSpec)}
            # Sensors first: what a new source brings is then seen by the Sensors that came with it.
            deleted = [uid for uid in self._decider.roster.judged if uid not in specs]
            recorded = source_changes(sources, self._decider.roster.versions)
            await self._decider.apply(sensors, deleted=deleted, resources=recorded)
            problems = await self._front.apply(sources.values())
            await self._supervisor.apply(pull_specs(sources.values()))
            self.catalog = catalog
        await self._note_problems(problems)
        for change in () if is_first else changes_between(before, catalog):
            self._log_change(change)

    async def _renew(self) -> None:
        """Look again at what may have healed by itself: a taken port, a certificate that came late or was renewed."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.renew_interval_s):
                    await self._renewal.wait()
            self._renewal.clear()
            async with self._forcing:
                specs = [entry.spec for entry in self.catalog.values()]
                problems = await self._front.apply(
                    [spec for spec in specs if isinstance(spec, EventSourceSpec)]
                )
            await self._note_problems(problems)

    async def _note_problems(self, problems: list[RouteProblem]) -> None:
        """What is not served, for whatever reason outside the texts."""
        problems = problems + await self._front.look_at_secrets()
        by_source: dict[tuple[str, str], list[RouteProblem]] = {}
        for each in problems:
            by_source.setdefault(each.source, []).append(each)
        self.problems = by_source
        self._front.tell(problems)

    def _log_change(self, change: Change) -> None:
        entry = change.entry
        keys = {
            "kind": entry.key.kind,
            "resource": f"{entry.key.namespace}/{entry.key.name}",
            "state": entry.state,
        }
        if change.word != "refused":
            self._log.info(f"resource.{change.word}", **keys)
            return
        faults = [finding for finding in entry.findings if finding.severity is Severity.ERROR]
        self._log.error("resource.refused", **keys, findings=list(map(_placed, faults)))

    def _settled(self, effect: Effect, outcome: Outcome) -> None:
        self.activity.settled(effect, outcome)
        self._haste.settled(effect, outcome)

    def _offer(self, effects: Sequence[Effect]) -> None:
        self.activity.fired(effects)
        self._actor.offer(effects)

    def _own(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None or self._failed.done():
            return
        if isinstance(error, BusBroken):
            self._exit_broken(error)
        if not isinstance(error, KikkakeError):
            self._log.bug("gateway.loop_failed", error, loop=task.get_name())
            error = GatewayFailed(f"the {task.get_name()} loop failed: {type(error).__name__}; see the log")
        self._failed.set_exception(error)

    async def _end_tasks(self, *names: str) -> None:
        ending = [task for task in self._tasks if task.get_name() in names]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)

    def _exit_broken(self, error: BusBroken) -> None:
        self._log.error("gateway.storage_failed", detail=str(error))
        sys.stderr.flush()
        # No clean-up: a checkpoint or another write could make it worse (fsync is never tried twice).
        os._exit(EXIT_BROKEN)


def _placed(finding: Finding) -> str:
    """With its place in the file; an object of a cluster has none."""
    return f"{finding.file}:{finding.line}:{finding.column}: {finding}" if finding.file else str(finding)
