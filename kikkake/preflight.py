"""What an API server says of a request without carrying it out: `render --dry-run`, and checks of Sensors in force."""

from __future__ import annotations

from events.bus import Effect
from sensors.compile import CompiledSensor
from sensors.trigger import AttemptContext, Done, Failed, Trigger, TriggerServices


async def ask(
    sensor: CompiledSensor, kind: type[Trigger], effect: Effect, services: TriggerServices
) -> Done | Failed | None:
    """What the other side says of a rendered effect; None where the kind has nobody to ask.

    It is asked as the account of the Sensor. Nothing is changed outside and nothing is recorded.
    """
    now_us = services.clock.now_us()
    attempt = AttemptContext(
        namespace=sensor.namespace,
        sensor=sensor.name,
        trigger=effect.trigger,
        effect_id=effect.id,
        number=1,
        was_in_doubt=False,
        first_intent_us=now_us,
        at_least_once=False,
        account=services.account_of(sensor.namespace, sensor.account),
        is_strict=sensor.is_strict,
    )
    trigger = kind(services)
    try:
        return await trigger.dry_run(effect.rendered or b"", attempt)
    finally:
        await trigger.close()
