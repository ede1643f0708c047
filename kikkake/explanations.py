"""What the codes mean that looking across files can give, and those about suppressions."""

from __future__ import annotations

from events.errors import Severity
from events.rule import Explanation

UNUSED = "KK301"
UNKNOWN = "KK302"
FOREIGN_MEMBER = "KK303"

EXPLANATIONS: tuple[Explanation, ...] = (
    Explanation(
        code="DependencyNotFound",
        name="dependency-not-found",
        title="A dependency on an event that nobody has",
        why="Among the files that were given, or in the Sensor's namespace of a cluster, no EventSource of that name "
        "and bus has the event. The order in which resources are applied must not matter, so it is only a warning; "
        "without any EventSource in the files nothing is said.",
        fix="take the name that is proposed, give lint the file with the EventSource, or apply it",
    ),
    Explanation(
        code="DuplicateResource",
        name="duplicate-resource",
        title="The same resource twice",
        why="Two documents have the same kind, namespace and name: the one applied last would win, by chance.",
        fix="remove one, or give it another name",
        severity=Severity.ERROR,
    ),
    Explanation(
        code="EndpointConflict",
        name="endpoint-conflict",
        title="Two events on one port and path",
        why="Upstream has a pod, and so a port, for each EventSource. `kikkake run` serves all from one "
        "process and can give a path to one of them only, whatever the methods.",
        fix="give it another endpoint or port",
        severity=Severity.ERROR,
    ),
    Explanation(
        code="MisplacedTest",
        name="misplaced-test",
        title="A test in a file of resources",
        why="Tests are local documents: `kubectl apply -f .` and Argo CD would try to apply them. They live "
        "in *_test.yaml or below a folder tests/.",
        fix="move it to a file named *_test.yaml",
    ),
    Explanation(
        code="FileOutOfReach",
        name="file-out-of-reach",
        title="An object from a file, in a cluster",
        why="One gateway serves all teams of a cluster, and `kikkake serve` reads no file of its disk for any of them. "
        "Where an operator names a folder (`kikkake run --artifact-files`) it works, so that lint only warns (KK159).",
        fix="use `configmap`, `url`, `git`, `inline` or `resource`",
        severity=Severity.ERROR,
    ),
    Explanation(
        code="FieldNotAllowed",
        name="field-not-allowed",
        title="A pod's settings in a resource",
        why="Through `spec.template` whoever could write a Sensor once took over clusters (CVE-2025-32445). Kikkake "
        "makes no pod: `kikkake serve` says so. It refuses the resource where they ask for power over a node (a "
        "privileged `securityContext`, `hostPath`) or a program of their own (`command`), and all of them where it has "
        '`kikkake/strict: "true"`.',
        fix="remove it when you have left Argo Events",
    ),
    Explanation(
        code="InternalError",
        name="internal-error",
        title="A fault of Kikkake",
        why="A resource that Kikkake stumbles over is left out, so that every other is served. The gateway's log has "
        "where it happened.",
        fix="report it with the resource",
        severity=Severity.ERROR,
    ),
    Explanation(
        code="InvalidEventBus",
        name="invalid-event-bus",
        title="An EventBus that Argo Events refuses",
        why="The texts are upstream's. Kikkake stores events itself and reads no EventBus; the resource is "
        "checked for those who run both.",
        fix="mend what the message names",
        severity=Severity.ERROR,
    ),
    Explanation(
        code="ServiceTaken",
        name="service-taken",
        title="A Service of that name is somebody else's",
        why="Kikkake changes no Service or EndpointSlice that it has not made for this EventSource. Argo Events "
        "gives its own the same name. The shared port still serves the events.",
        fix="delete it when nobody needs it any more, as the message says; Kikkake makes its own within half a minute",
        severity=Severity.ERROR,
    ),
    Explanation(
        code="ServiceForbidden",
        name="service-forbidden",
        title="The gateway may not make a Service here",
        why="Nothing gives the gateway this right by itself: a team's namespace binds the ClusterRole "
        "kikkake-team. The shared port still serves the events.",
        fix="run the command of the message",
        severity=Severity.ERROR,
    ),
    Explanation(
        code="ServiceRefused",
        name="service-refused",
        title="The API server does not take the Service",
        why="A value of `spec.service` is not what it allows, a quota is used up, or a policy of the cluster "
        "says no. The message has its own words.",
        fix="mend what they name",
        severity=Severity.ERROR,
    ),
    Explanation(
        code="NoAddress",
        name="no-address",
        title="The gateway does not know where it is",
        why="A Service leads to an address, and nobody has told the gateway its own.",
        fix="start it with --advertise-address, or with POD_IP in its environment, as the manifests do",
        severity=Severity.ERROR,
    ),
    Explanation(
        code="CertificateWithoutService",
        name="certificate-without-service",
        title="A certificate that no Service leads to",
        why="In a cluster the shared port speaks plain HTTP. An endpoint with a certificate has a port of the "
        "gateway to itself as well; without `spec.service` only those who know that port reach it.",
        fix="add `spec.service.ports`, or remove the certificate where an Ingress or a Gateway ends TLS",
    ),
    Explanation(
        code=UNUSED,
        name="unused-suppression",
        title="A suppression that suppresses nothing",
        why="The annotation kikkake/lint-ignore names a rule that says nothing about this resource (any "
        "more), or a place that it does not have, or an error: errors cannot be suppressed.",
        fix="remove it from the annotation",
        bad="""
metadata: {annotations: {kikkake/lint-ignore: KK101}}
""",
        good="""
metadata: {annotations: {kikkake/lint-ignore: KK101}}
dependencies:
- filters:
    data:
    - {path: body.branch, type: string, value: ["main"]}
""",
    ),
    Explanation(
        code=UNKNOWN,
        name="unknown-suppression",
        title="A suppression of a rule that does not exist",
        why="The annotation kikkake/lint-ignore takes codes and names of rules, separated by commas, each "
        "with a place behind a colon where it is narrowed: `KK101:dependency/push`.",
        fix="write a code that kikkake lint --rules lists",
        bad="""
metadata: {annotations: {kikkake/lint-ignore: KK999}}
""",
        good="""
metadata: {annotations: {kikkake/lint-ignore: "KK101:dependency/push"}}
dependencies:
- filters:
    data:
    - {path: body.branch, type: string, value: ["main"]}
""",
    ),
    Explanation(
        code=FOREIGN_MEMBER,
        name="foreign-member",
        title="A path into data that events of this kind do not have",
        why="The data of an event wraps what was sent: `body` holds it, and the headers are `header` for the "
        "kind `webhook` and `headers` for `github`, as upstream. A path that begins with anything else "
        "finds nothing. It is known only where the EventSource is among the files.",
        fix="begin the path with a member that the kind has",
        bad="""
dependencies:
- eventSourceName: github
  eventName: push
  filters:
    data:
    - {path: commits.0.id, type: string, value: ["^[0-9a-f]+$"]}
""",
        good="""
dependencies:
- eventSourceName: github
  eventName: push
  filters:
    data:
    - {path: body.commits.0.id, type: string, value: ["^[0-9a-f]+$"]}
""",
    ),
)
