"""The rights that the ServiceAccount of a Sensor needs: of all of its triggers. Pure."""

from __future__ import annotations

from events.errors import KikkakeError
from sensors.access import Needs
from sensors.compile import CompiledSensor
from sensors.compile_trigger import CompiledTrigger


def needs_of(sensor: CompiledSensor) -> Needs:
    """What `sensor.account` needs; triggers that are stopped need nothing."""
    found = Needs()
    for trigger in sensor.triggers:
        found += needs_of_trigger(trigger, sensor.namespace)
    return found


def needs_of_trigger(trigger: CompiledTrigger, namespace: str) -> Needs:
    """What one trigger needs, with its `dlqTrigger`."""
    found = Needs()
    if trigger.kind_class is not None and not trigger.is_stopped:
        prefix = f"{trigger.kind}."
        written = [
            dest.removeprefix(prefix) if dest != trigger.kind else ""
            for dest in (parameter.dest for parameter in trigger.parameters)
            if dest == trigger.kind or dest.startswith(prefix)
        ]
        try:
            own = trigger.kind_class.needs(trigger.member, namespace, written=written)
        except KikkakeError as error:
            # Its parameters may make a good member of one that cannot be read as it stands.
            own = Needs((), (str(error),))
        found = Needs(own.accesses, tuple(f"trigger `{trigger.name}`: {each}" for each in own.unknown))
    return found if trigger.dlq is None else found + needs_of_trigger(trigger.dlq, namespace)
