"""The Sensor resource (spec-sensors, sections 1.2 to 1.6): every documented field, as models.

Upstream checks emptiness by its own rules and texts (`check.py`), so a text that is required there defaults to
the empty text here. Kinds of triggers bring their own models (`Trigger.Config`); shared small types are here.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from events.model import SpecModel
from sensors.unbuilt import not_yet


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
    context_template: str | None = not_yet()
    data_key: str = ""
    """gjson path into the event's data; replaces `contextKey`."""
    data_template: str | None = not_yet()
    value: str | None = None
    """Used where the event or the key is absent; without any key it replaces the event."""
    use_raw_data: bool = False
    """Keep the JSON type that the key found."""


class Parameter(SpecModel):
    """A value from an event, and where it goes."""

    src: ParameterSource | None = None
    dest: str = ""
    """sjson path."""
    operation: str = ""
    """`overwrite` (also when empty), `append` or `prepend`."""


class ArtifactLocation(SpecModel):
    """Where the object of a `k8s` or `argoWorkflow` trigger comes from (spec-sensors 8)."""

    s3: dict[str, Any] | None = not_yet()
    inline: str | None = None
    """YAML or JSON of one object."""
    file: dict[str, Any] | None = not_yet()
    url: dict[str, Any] | None = not_yet()
    git: dict[str, Any] | None = not_yet()
    configmap: dict[str, Any] | None = not_yet()
    resource: dict[str, Any] | None = None
    """The object itself."""


class LabelPolicy(SpecModel):
    """Success by the labels of the object (spec-sensors 7.2)."""

    labels: dict[str, str] | None = None
    backoff: Backoff | None = None
    error_on_backoff_timeout: bool = False


class StatusPolicy(SpecModel):
    """Success by the status of an answer (spec-sensors 7.2)."""

    allow: list[int] | None = None


class Policy(SpecModel):
    """When an attempt counts as a success."""

    k8s: LabelPolicy | None = not_yet(alias="k8s")
    status: StatusPolicy | None = None


class ByTime(SpecModel):
    """Times at which held events are dropped."""

    cron: str = ""
    timezone: str = ""


class ConditionsReset(SpecModel):
    """One reason to drop held events."""

    by_time: ByTime | None = None


class TriggerTemplate(SpecModel):
    """What a trigger does; the member named for its kind (`k8s`, `http`, ...) is read by that kind."""

    name: str = ""
    """Unique in the Sensor; a label value."""
    conditions: str = ""
    """`&&`, `||` and brackets over dependency names; empty = all of them."""
    conditions_reset: list[ConditionsReset] | None = not_yet()


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
    template: str | None = not_yet()


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


class Dependency(SpecModel):
    """Events that a Sensor waits for."""

    name: str = ""
    event_source_name: str = ""
    event_name: str = ""
    filters: Filters | None = None
    filters_logical_operator: str = ""
    """How the kinds of filter are joined: `and` (also when empty) or `or`."""
    transform: dict[str, Any] | None = not_yet()


class Metadata(SpecModel):
    """Labels and annotations of the pods that upstream would make."""

    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None


class Container(SpecModel):
    """Container settings of the pods that upstream would make; nothing here runs in a pod of its own."""

    resources: dict[str, Any] | None = None
    env: list[dict[str, Any]] | None = None
    env_from: list[dict[str, Any]] | None = None
    volume_mounts: list[dict[str, Any]] | None = None
    security_context: dict[str, Any] | None = None
    image_pull_policy: str | None = None


class Template(SpecModel):
    """Pod settings. One gateway serves all Sensors, so that only the account has an effect."""

    metadata: Metadata | None = None
    service_account_name: str = ""
    """Account to act as; empty = the gateway's own, or `default` of the namespace in a cluster."""
    container: Container | None = None
    volumes: list[dict[str, Any]] | None = None
    security_context: dict[str, Any] | None = None
    node_selector: dict[str, str] | None = None
    tolerations: list[dict[str, Any]] | None = None
    affinity: dict[str, Any] | None = None
    image_pull_secrets: list[dict[str, Any]] | None = None
    priority_class_name: str | None = None
    priority: int | None = None


class SensorSpec(SpecModel):
    """`spec` of a Sensor."""

    dependencies: list[Dependency] = []
    triggers: list[TriggerSpec] = []
    template: Template | None = None
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
