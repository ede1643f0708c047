"""The Sensor resource (spec-sensors, sections 1.2 to 1.6): every documented field, as models.

Upstream checks emptiness by its own rules and texts (`check.py`), so a text that is required there defaults to
the empty text here. Kinds of triggers bring their own models (`Trigger.Config`); shared small types are here.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from events.model import SpecModel
from events.pod_template import PodTemplate


class SecretKeySelector(SpecModel):
    """A key of a Secret (or ConfigMap) in the Sensor's own namespace."""

    name: str = ""
    key: str = ""
    optional: bool | None = None
    """Read and without effect, as upstream."""


class ValueFrom(SpecModel):
    """Where a header's value comes from; the Secret leads."""

    secret_key_ref: SecretKeySelector | None = None
    config_map_key_ref: SecretKeySelector | None = None


class SecureHeader(SpecModel):
    """A header whose value is kept in a Secret or ConfigMap."""

    name: str = ""
    value_from: ValueFrom | None = None


class BasicAuth(SpecModel):
    """User and password; a missing half is empty text."""

    username: SecretKeySelector | None = None
    password: SecretKeySelector | None = None


class TLSConfig(SpecModel):
    """Certificates of a client connection (spec-sensors 1.5)."""

    ca_cert_secret: SecretKeySelector | None = Field(default=None, alias="caCertSecret")
    client_cert_secret: SecretKeySelector | None = None
    client_key_secret: SecretKeySelector | None = None
    insecure_skip_verify: bool = False
    """Certificates are not verified, and nothing else of this block is read."""
    enabled: bool = False


class Backoff(SpecModel):
    """Waiting between attempts (spec-sensors 9.1): `duration * factor^i * (1 + U[0,1) * jitter)`."""

    duration: int | str | None = None
    """Nanoseconds as a number, or a Go duration such as `1m30s`; default 1s."""
    factor: float | str | None = None
    """Default 1.0. A text is accepted by upstream's decoder and then unusable."""
    jitter: float | str | None = None
    """Default 1."""
    steps: int | None = None
    """Attempts in all; 5 where absent or not positive."""


class RateLimit(SpecModel):
    """How many attempts of a trigger may begin in a unit of time (spec-sensors 9.3)."""

    unit: str = "Second"
    """`Second`, `Minute` or `Hour`; any other text counts as Second."""
    requests_per_unit: int | None = None


class ParameterSource(SpecModel):
    """Where a value comes from (spec-sensors 6.2)."""

    dependency_name: str = ""
    context_key: str = ""
    """gjson path into the event's attributes."""
    context_template: str = ""
    """Go template over the event's attributes; before `contextKey`."""
    data_key: str = ""
    """gjson path into the event's data; replaces `contextKey`."""
    data_template: str = ""
    """Go template over the event's data; before `dataKey`."""
    value: str | None = None
    """Used where the event or the key is absent; without any key it replaces the event."""
    use_raw_data: bool = False
    """Keep the JSON type that the key found."""
    all: bool = False
    """Ours: a list of the values of every held event of the dependency, oldest first (`hold: all`, `batch`)."""


class Parameter(SpecModel):
    """A value from an event, and where it goes."""

    src: ParameterSource | None = None
    dest: str = ""
    """sjson path."""
    operation: str = ""
    """`overwrite` (also when empty), `append` or `prepend`."""


class Until(SpecModel):
    """Ours: how an object comes to its end; for Workflows, Jobs, Pods and Tekton's runs it is known."""

    condition: str = ""
    """Type of the condition in `status.conditions` whose status is looked at."""
    failed_condition: str = ""
    """Type of the condition whose status `True` is a failure."""
    path: str = ""
    """gjson path of a value in the object, in place of a condition."""
    succeeded: list[str] = []
    """Values that are a success; of a condition, `True` where none is given."""
    failed: list[str] = []
    """Values that are a failure; with any other the object goes on."""
    timeout: int | str = "24h"
    """A Go duration; then it is given up, and the object left as it is."""


class LabelPolicy(SpecModel):
    """Success by what becomes of the object: its labels (spec-sensors 7.2), or (ours) its end."""

    labels: dict[str, str] | None = None
    backoff: Backoff | None = None
    error_on_backoff_timeout: bool = False
    until: Until | None = None
    """The effect is done when the object has ended well, and a dead letter when it has failed."""


class StatusPolicy(SpecModel):
    """Success by the status of an answer (spec-sensors 7.2)."""

    allow: list[int] | None = None


class Policy(SpecModel):
    """When an attempt counts as a success."""

    k8s: LabelPolicy | None = Field(default=None, alias="k8s")
    status: StatusPolicy | None = None


class ByTime(SpecModel):
    """Times at which held events are dropped."""

    cron: str = ""
    timezone: str = ""


class ConditionsReset(SpecModel):
    """One reason to drop held events."""

    by_time: ByTime | None = None


class OnTimeout(SpecModel):
    """What happens to events that waited too long."""

    trigger: str = ""
    """A trigger of the same Sensor: it fires with the held events. One without `conditions` fires by this alone."""


class Correlate(SpecModel):
    """Which events belong together, and how long they wait for one another."""

    key: dict[str, str | CorrelationKey] | None = None
    """`{dataKey: PATH}` for every dependency, or one for each: `{DEPENDENCY: {dataKey: PATH}}`. Absent: all events
    belong together, and only the time counts."""
    within: int | str = "24h"
    """A Go duration, from the first held event on; then the key times out."""
    on_timeout: OnTimeout | None = None
    """Absent: the events are let go, and `explain` says so."""
    max_keys: int = 10_000
    """Keys held at once; beyond, the oldest times out."""


class CorrelationKey(SpecModel):
    """Where an event has the value that it is correlated by: exactly one of the two."""

    data_key: str = ""
    """gjson path into the event's data, after a transform."""
    context_key: str = ""
    """gjson path into the event's attributes."""


class Batch(SpecModel):
    """Collecting what comes after a condition has become complete; the first of the two ends it."""

    max: int | None = None
    """Events, over all dependencies; 2 to 1,000."""
    within: int | str | None = None
    """A Go duration, from the moment at which the condition became complete."""


class TriggerTemplate(SpecModel):
    """What a trigger does; the member named for its kind (`k8s`, `http`, ...) is read by that kind."""

    name: str = ""
    """Unique in the Sensor; a label value."""
    conditions: str = ""
    """`&&`, `||` and brackets over dependency names; empty = all of them."""
    conditions_reset: list[ConditionsReset] = []
    """Times at which everything that is held for the trigger is let go."""
    correlate: Correlate | None = None
    """Ours: one memory for each key, so that a condition waits for events of the same commit, digest or order."""
    hold: Literal["latest", "all"] | None = None
    """Ours: of several events of one dependency the newest is held (`latest`, as upstream) or every one (`all`)."""
    debounce: int | str | None = None
    """Ours, a Go duration: a complete condition fires when no further event has come for this long."""
    batch: Batch | None = None
    """Ours: a complete condition goes on collecting, and fires with everything that came."""


class TriggerSpec(SpecModel):
    """One action of a Sensor."""

    template: TriggerTemplate | None = None
    parameters: list[Parameter] = []
    """Changes to `template` itself, before anything else."""
    policy: Policy | None = None
    retry_strategy: Backoff | None = None
    rate_limit: RateLimit | None = None
    at_least_once: bool = False
    """Serial per trigger; in doubt, the action is done again also where that may repeat it."""
    dlq_trigger: TriggerSpec | None = None
    """Fires with the same events when this one has been given up."""


class ExprField(SpecModel):
    """A variable of an expression filter."""

    path: str = ""
    name: str = ""


class ExprFilter(SpecModel):
    """An expression over values of the event."""

    expr: str = ""
    fields: list[ExprField] = []


class DataFilter(SpecModel):
    """One test of the event's data (spec-sensors 3.4)."""

    path: str = ""
    """gjson path."""
    type: str = ""
    """`bool`, `number` or `string`: how both sides are read."""
    value: list[str] = []
    """Alternatives: one of them has to match, also for `!=`. Texts are RE2 patterns, searched anywhere."""
    comparator: str = ""
    """`=` (also when empty), `!=`, `>`, `>=`, `<`, `<=`."""
    template: str = ""
    """Go template over the found value's text as `.Input`; what it prints is tested in its place."""


class ContextFilter(SpecModel):
    """Exact values of attributes; only the non-empty ones of these four count (spec-sensors 3.5)."""

    type: str = ""
    subject: str = ""
    source: str = ""
    datacontenttype: str = ""
    id: str = ""
    """Read and ignored, as upstream."""
    specversion: str = ""
    """Read and ignored, as upstream."""
    time: str | None = None
    """Read and ignored, as upstream."""


class TimeFilter(SpecModel):
    """A daily window for the event's time."""

    start: str = ""
    stop: str = ""
    timezone: str = ""


class Filters(SpecModel):
    """The kinds of filter of a dependency, judged in the order exprs, data, context, time, script."""

    exprs: list[ExprFilter] = []
    expr_logical_operator: str = ""
    data: list[DataFilter] = []
    data_logical_operator: str = ""
    context: ContextFilter | None = None
    time: TimeFilter | None = None
    script: str = ""
    """Lua; passes when it returns true."""


class Transform(SpecModel):
    """A program that gives an event new data before its filters see it; `jq` wins over `script`."""

    jq: str = ""
    """jq program; its first output has to be an object."""
    script: str = ""
    """Lua; the table that it returns is the new data."""


class Dependency(SpecModel):
    """Events that a Sensor waits for."""

    name: str = ""
    event_source_name: str = ""
    event_name: str = ""
    filters: Filters | None = None
    filters_logical_operator: str = ""
    """How the kinds of filter are joined: `and` (also when empty) or `or`."""
    transform: Transform | None = None


class SensorSpec(SpecModel):
    """`spec` of a Sensor."""

    dependencies: list[Dependency] = []
    triggers: list[TriggerSpec] = []
    template: PodTemplate | None = None
    event_bus_name: str = "default"
    """EventBus in the same namespace; empty means `default`."""
    replicas: int | None = None
    """Pods upstream; one gateway serves all, so it has no effect."""
    revision_history_limit: int | None = None
    """Without effect here: there is no Deployment."""
    error_on_failed_round: bool | None = None
    """Without effect, as upstream."""
    logging_fields: dict[str, str] | None = None
    """Without effect, as upstream."""
    suspend: bool = False
    """Decides nothing while it is true, and catches up afterwards; its events wait within a quota."""


UPSTREAM_KINDS = (
    "k8s",
    "argoWorkflow",
    "http",
    "awsLambda",
    "azureEventHubs",
    "azureServiceBus",
    "kafka",
    "pulsar",
    "nats",
    "slack",
    "openWhisk",
    "custom",
    "log",
    "email",
)
"""Upstream's precedence where a template has several actions: the first of these runs (spec-sensors 1.4).
Not a list of what this build has: a documented kind that is missing is refused by name, a new one needs no entry.
"""
