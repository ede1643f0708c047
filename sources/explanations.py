"""What the codes mean that reading and serving an EventSource can give, besides those of the rules."""

from __future__ import annotations

from events.errors import Severity
from events.rule import Explanation

EXPLANATIONS: tuple[Explanation, ...] = (
    Explanation(
        code="InvalidEventSource",
        name="invalid-event-source",
        title="An event of an EventSource that cannot be used",
        why="Where upstream refuses it too the whole EventSource is refused; everything that only Kikkake "
        "finds stops its own event, and the rest works.",
        fix="mend what the message names",
        severity=Severity.ERROR,
        bad="""
webhook:
  push: {port: "12000", endpoint: /push, method: post, authSecret: {name: tokens, key: push}}
""",
        good="""
webhook:
  push: {port: "12000", endpoint: /push, method: POST, authSecret: {name: tokens, key: push}}
""",
    ),
    Explanation(
        code="AuthenticationMissing",
        name="authentication-missing",
        title="An endpoint without a secret",
        why="Anyone who can reach it can create events. Upstream allows that, so it is a warning; for kinds "
        'that upstream does not have, and with the annotation kikkake/strict: "true", it is an error.',
        fix="set a secret, or write `unauthenticated: true` beside the endpoint to say that it is meant so",
        severity=Severity.ERROR,
        bad="""
webhook:
  push: {port: "12000", endpoint: /push, method: POST}
""",
        good="""
webhook:
  push: {port: "12000", endpoint: /push, method: POST, authSecret: {name: tokens, key: push}}
""",
    ),
    Explanation(
        code="HookNotRegistered",
        name="hook-not-registered",
        title="A hook that has to be made by hand",
        why="Argo Events registers hooks at the sender with the given token. This version does not: the "
        "fields are read, and no hook is made, changed or removed.",
        fix="make the hook at the sender, with this endpoint as its URL and the same secret",
    ),
    Explanation(
        code="TLSIncomplete",
        name="tls-incomplete",
        title="Half a certificate",
        why="Of `serverCertSecret` and `serverKeySecret` one alone means plain HTTP, as upstream, which is "
        "hardly what was meant.",
        fix="give both, or none",
        bad="""
webhook:
  push:
    port: "12000"
    endpoint: /push
    method: POST
    authSecret: {name: tokens, key: push}
    serverCertSecret: {name: tls, key: tls.crt}
""",
    ),
    Explanation(
        code="KafkaWithoutGroup",
        name="kafka-without-group",
        title="A Kafka source that remembers no offset",
        why="With `partition` and no `consumerGroup` reading begins at the newest record at every start, as "
        "upstream: what is written while no process reads is lost.",
        fix="use consumerGroup.groupName; a group with `oldest: true` also reads what is there already",
        bad="""
kafka:
  orders: {url: "broker:9092", topic: orders, partition: "0", jsonBody: true}
""",
        good="""
kafka:
  orders: {url: "broker:9092", topic: orders, consumerGroup: {groupName: gateway}, jsonBody: true}
""",
    ),
    Explanation(
        code="KafkaPartitionIgnored",
        name="kafka-partition-ignored",
        title="A partition beside a consumer group",
        why="A group reads all partitions, and `partition` is ignored, as upstream.",
        fix="remove one of the two",
        bad="""
kafka:
  orders:
    url: broker:9092
    topic: orders
    partition: "0"
    consumerGroup: {groupName: gateway}
    jsonBody: true
""",
    ),
    Explanation(
        code="NoSources",
        name="no-sources",
        title="An EventSource without any event",
        why="It is valid upstream too, where its pod ends at once, for ever.",
        fix="add an event, for example under `webhook`",
        bad="""
webhook: {}
""",
    ),
    Explanation(
        code="FieldWithoutEffect",
        name="field-without-effect",
        title="Settings of a pod that does not exist",
        why="`replicas` and `template` of an EventSource mean the pod that Argo Events makes for it. Here one "
        "gateway serves all. A Service of type ClusterIP has no `nodePort`.",
        fix="remove it when you have left Argo Events",
        bad="""
replicas: 2
""",
    ),
    Explanation(
        code="KindNotBuilt",
        name="kind-not-built",
        title="A kind of source that this version does not have yet",
        why="Argo Events documents it. Events of this kind are stopped; the others of the same EventSource "
        "work.",
        fix="remove the event, or wait for a version that has the kind",
        severity=Severity.ERROR,
    ),
    Explanation(
        code="FieldNotBuilt",
        name="field-not-built",
        title="A field of a source that this version does not carry out yet",
        why="Argo Events documents it, and nothing is ever ignored in silence: the event that has it is "
        "stopped.",
        fix="remove it, or wait for a version that has it",
        severity=Severity.ERROR,
    ),
    Explanation(
        code="InvalidFilter",
        name="invalid-filter",
        title="A filter of an event source that cannot be used",
        why="The expression is empty, cannot be read, or never gives a boolean. Upstream finds that out anew "
        "with every event, drops it, and answers the sender 200. Here it stops the event when the "
        "resource is read.",
        fix="mend the expression; the language is expr 1.15",
        severity=Severity.ERROR,
        bad="""
webhook:
  push:
    port: "12000"
    endpoint: /push
    method: POST
    authSecret: {name: tokens, key: push}
    filter: {expression: "body.ref =="}
""",
        good="""
webhook:
  push:
    port: "12000"
    endpoint: /push
    method: POST
    authSecret: {name: tokens, key: push}
    filter: {expression: body.ref == "refs/heads/main"}
""",
    ),
    Explanation(
        code="TooManyEvents",
        name="too-many-events",
        title="More events than one EventSource may have",
        why="The limit is 1,000: each costs time at every edit.",
        fix="split the EventSource",
        severity=Severity.ERROR,
    ),
    Explanation(
        code="SecretNotFound",
        name="secret-not-found",
        title="A secret that the running gateway cannot read",
        why="Deliveries to the endpoint are answered 503 until the secret is there: nothing is ever taken "
        "unverified.",
        fix="create the secret with the key that is named",
        severity=Severity.ERROR,
    ),
    Explanation(
        code="SecretEmpty",
        name="secret-empty",
        title="A secret without a value",
        why="It is empty, or white space alone, and would prove nothing. Deliveries are answered 503.",
        fix="write a value of at least 16 random bytes into the key that is named",
        severity=Severity.ERROR,
    ),
    Explanation(
        code="SecretKnown",
        name="secret-known",
        title="A secret that stands in documentation",
        why="A sample such as `changeme` is known to everybody. Deliveries are answered 503.",
        fix="write a random value into the key that is named",
        severity=Severity.ERROR,
    ),
    Explanation(
        code="SecretHasNewline",
        name="secret-has-newline",
        title="A secret with a line break",
        why="One line break at the end is removed, as upstream; this is another one, as an editor of Windows "
        "or a second blank line brings it. No header and no path can carry one: deliveries are answered "
        "503. The key of a signature may have one, and a warning says so.",
        fix="write the key anew with `printf %s`",
        severity=Severity.ERROR,
    ),
    Explanation(
        code="SecretTooShort",
        name="secret-too-short",
        title="A secret that can be guessed",
        why="Below 16 bytes a warning is given. A token in a path needs 22 characters, or deliveries are answered 503.",
        fix="write a longer random value into the key that is named",
        severity=Severity.ERROR,
    ),
    Explanation(
        code="OldSecretInUse",
        name="old-secret-in-use",
        title="A former secret that is still needed",
        why="A delivery was proven with it since the gateway began. Once it is removed, that sender is answered 401.",
        fix="give the sender the new secret; remove the former one when the warning is gone after a restart",
    ),
    Explanation(
        code="PayloadLimitMismatch",
        name="payload-limit-mismatch",
        title="An endpoint that takes more than the store",
        why="`maxPayloadSize` allows bodies from which events become that are larger than the store takes. Those are "
        "answered 413.",
        fix="lower `maxPayloadSize`",
    ),
    Explanation(
        code="NoDedup",
        name="no-dedup",
        title="A sender that names no deliveries",
        why="Without an id a repeated delivery is recognised by what stands in it: two that say the same are one "
        "event, and a repeated one that says something else is two.",
        fix="treat its events as hints",
    ),
    Explanation(
        code="ServicePortNotDeclared",
        name="service-port-not-declared",
        title="A port of the Service that leads nowhere",
        why="A port of `spec.service` leads to the endpoints that declare its `targetPort` (without one: its "
        "`port`). The name of a container's port names nothing: there is no container. Endpoints speak TCP only.",
        fix="name a port that an endpoint declares, as a number",
        bad="""
service:
  ports: [{port: 80}]
webhook:
  push: {port: "12000", endpoint: /push, method: POST, authSecret: {name: tokens, key: push}}
""",
        good="""
service:
  ports: [{port: 80, targetPort: 12000}]
webhook:
  push: {port: "12000", endpoint: /push, method: POST, authSecret: {name: tokens, key: push}}
""",
    ),
    Explanation(
        code="HeadlessService",
        name="headless-service",
        title="A Service that translates no ports",
        why="The name of a headless Service leads straight to the gateway, where another port listens than the "
        "one that is declared. The SRV record of the Service has it, and so has `status.addresses`.",
        fix="leave `clusterIP` out",
        bad="""
service:
  clusterIP: None
  ports: [{port: 12000}]
webhook:
  push: {port: "12000", endpoint: /push, method: POST, authSecret: {name: tokens, key: push}}
""",
        good="""
service:
  ports: [{port: 12000}]
webhook:
  push: {port: "12000", endpoint: /push, method: POST, authSecret: {name: tokens, key: push}}
""",
    ),
    Explanation(
        code="NoPort",
        name="no-port",
        title="No port is left for a Service",
        why="In a cluster each port of an EventSource with a Service or a certificate has a port of the gateway "
        "to itself, of the range --own-ports. One that was given back rests for an hour. The shared port "
        "still serves the event.",
        fix="give the gateway more with --own-ports, and let the NetworkPolicy have the same range",
        severity=Severity.ERROR,
    ),
    Explanation(
        code="PortUnavailable",
        name="port-unavailable",
        title="A port that cannot be opened",
        why="Another process of the machine has it, or it is not allowed to the gateway.",
        fix="--port DECLARED=ACTUAL moves it",
        severity=Severity.ERROR,
    ),
)
