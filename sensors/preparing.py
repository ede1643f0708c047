"""Who prepares events for the Sensors of a process: its sandbox."""

from __future__ import annotations

from collections.abc import Mapping

from events.event import Event
from events.log import Logger
from events.topic import Topic
from sensors.compile import CompiledSensor
from sensors.dependency import CompiledDependency
from sensors.filter import Code, Reading, pack_verdict
from sensors.prepared import Prepared
from sensors.sandbox import Sandbox, SandboxBusy, SandboxError, SandboxUnavailable, ScriptFailed
from sensors.scripted import prepare, transformed
from sensors.trigger import RenderFailed, RenderUnavailable

log = Logger("decide")

_CRASHED = "a fault of kikkake when its programs were run: see its log"


class SandboxPreparer:
    """The port `Preparer` over one sandbox.

    `prepare` raises SandboxBusy and SandboxUnavailable where a program was not run: that says nothing of the event.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def prepare(self, sensor: CompiledSensor, event: Event, topic: Topic) -> Mapping[int, Prepared]:
        return {
            each.index: await self._prepare(sensor, each, event)
            for each in sensor.dependencies
            if each.topic == topic and each.needs_worker and not each.is_stopped
        }

    async def _prepare(
        self, sensor: CompiledSensor, dependency: CompiledDependency, event: Event
    ) -> Prepared:
        try:
            return await prepare(self._sandbox, dependency, event, sensor.uid)
        except (SandboxBusy, SandboxUnavailable):
            raise
        except Exception as error:  # noqa: BLE001 - a bug that one Sensor meets must not stop every other Sensor
            log.bug("prepare.crashed", error, sensor=sensor.uid, dependency=dependency.name)
            return Prepared(Reading(event), pack_verdict(Code.FAILED), _CRASHED)

    async def transform(self, sensor: CompiledSensor, dependency: CompiledDependency, event: Event) -> Event:
        try:
            return await transformed(self._sandbox, dependency, event, sensor.uid)
        except SandboxError as error:
            # It went well when the event was judged: the machine is busy, or the program is at its limit.
            # What a program says of its data may quote it, and this goes to the log.
            said = "its program failed, other than before" if isinstance(error, ScriptFailed) else str(error)
            raise RenderUnavailable(f"transform of {dependency.name}: {said}") from error
        except Exception as error:  # a bug that one Sensor meets must not stop every other Sensor
            log.bug("prepare.crashed", error, sensor=sensor.uid, dependency=dependency.name)
            raise RenderFailed(f"{dependency.name}: {_CRASHED}", reason="TransformFailed") from error
