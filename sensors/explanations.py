"""What the codes mean that compiling a Sensor can give, besides those of the rules."""

from __future__ import annotations

from events.errors import Severity
from events.rule import Explanation

EXPLANATIONS: tuple[Explanation, ...] = (
    Explanation(
        code="InvalidDependencies",
        name="invalid-dependencies",
        title="A dependency that cannot be used",
        why="Where the text is upstream's own, Argo Events refuses the whole Sensor, and so does Kikkake. "
        "Everything that only Kikkake finds (a pattern, number, expression or program that cannot be "
        "read, a name that no condition can hold, two dependencies of one name) stops this dependency and "
        "the triggers that wait for it; the rest works.",
        fix="mend what the message names",
        severity=Severity.ERROR,
        bad="""
dependencies:
- filters:
    data:
    - {path: body.branch, type: string, value: ["(main"]}
""",
        good="""
dependencies:
- filters:
    data:
    - {path: body.branch, type: string, value: ["^main$"]}
""",
    ),
    Explanation(
        code="InvalidTriggers",
        name="invalid-triggers",
        title="A trigger that cannot be used",
        why="Where the text is upstream's own, Argo Events refuses the whole Sensor, and so does Kikkake. "
        "Everything that only Kikkake finds (a condition, `rateLimit`, `retryStrategy`, template, URL or "
        "object that cannot work, a parameter of an unknown dependency, no action at all) stops this "
        "trigger; the rest works. Upstream would drop each of its events.",
        fix="mend what the message names",
        severity=Severity.ERROR,
        bad="""
triggers:
- template:
    conditions: push && (
""",
        good="""
triggers:
- template:
    conditions: push
""",
    ),
    Explanation(
        code="DependencyStopped",
        name="dependency-stopped",
        title="A trigger whose dependency is stopped",
        why="Its condition names a dependency that has an error of its own. As nobody can say what that "
        "dependency would let pass, the trigger stops too.",
        fix="mend the dependency; its own error stands at its place",
        severity=Severity.ERROR,
    ),
    Explanation(
        code="NotCarriedOut",
        name="not-carried-out",
        title="A documented field or kind that this version does not carry out yet",
        why="Argo Events documents it, and nothing is ever ignored in silence: the part of the Sensor that "
        "needs it is stopped, the rest works.",
        fix="remove it, or wait for a version that lists it",
        severity=Severity.ERROR,
    ),
    Explanation(
        code="TooManyTriggers",
        name="too-many-parts",
        title="More dependencies or triggers than one Sensor may have",
        why="The limit is 1,000 of each: what each event costs grows with them.",
        fix="split the Sensor",
        severity=Severity.ERROR,
    ),
    Explanation(
        code="Ignored",
        name="ignored",
        title="A field that something else leaves without effect",
        why="It is read, as upstream, and another field or the kind of the action means that it changes "
        "nothing: a second action in one template, a policy for another kind, a header that the "
        "connection sets itself.",
        fix="remove it",
        bad="""
triggers:
- template:
    log: {intervalSeconds: 10}
""",
        good="""
triggers:
- template:
    log: {}
""",
    ),
    Explanation(
        code="NeverGiven",
        name="never-given",
        title="A parameter of a dependency that the trigger does not wait for",
        why="Only the dependencies of its condition ever come to a trigger, as upstream. Of any other a "
        "parameter has its `value`, or is left out.",
        fix="name the dependency in `conditions`",
        bad="""
dependencies:
- {name: push, eventName: push}
- {name: image, eventName: image}
triggers:
- template:
    conditions: push
    log: {}
  parameters:
  - {src: {dependencyName: image, dataKey: body.tag}, dest: name}
- template: {name: other, conditions: image}
""",
    ),
    Explanation(
        code="TTLTooShort",
        name="ttl-too-short",
        title="An object that may be gone before a crash is cleared up",
        why="After a crash Kikkake looks whether the object exists before it creates it. One that is removed "
        "within 120 s of its end may be created a second time.",
        fix="let it live 120 s or longer after it has ended",
        bad="""
triggers:
- template:
    k8s:
      source:
        resource:
          apiVersion: argoproj.io/v1alpha1
          kind: Workflow
          metadata: {generateName: build-}
          spec: {ttlStrategy: {secondsAfterCompletion: 10}}
""",
    ),
    Explanation(
        code="DestNotAllowed",
        name="dest-not-allowed",
        title="An event that chooses what is created, or where something is sent",
        why="Whoever can send events decides what stands in them. Upstream lets a parameter write anywhere, "
        "so an event may choose namespace, image, account or the address of a request. It is a warning, "
        'and an error with the annotation kikkake/strict: "true". Names, labels, annotations, data and '
        "the values of parameters and environment variables are always allowed.",
        fix="write that part into the resource itself",
        severity=Severity.ERROR,
        bad="""
triggers:
- template:
    http:
      url: https://example.com/
      parameters:
      - {src: {dependencyName: push, dataKey: body.callback}, dest: url}
""",
        good="""
triggers:
- template:
    http:
      url: https://example.com/
      parameters:
      - {src: {dependencyName: push, dataKey: body.team}, dest: headers.X-Team}
""",
    ),
    Explanation(
        code="InnerAddress",
        name="inner-address",
        title="A request to an inner address",
        why="The URL names an address of a private network or of a cloud's metadata service, which a Sensor "
        'can reach and its author perhaps should not. The annotation kikkake/strict: "true" makes it an '
        "error (AddressNotAllowed).",
        fix="nothing to do if that is meant",
        bad="""
triggers:
- template:
    http: {url: "http://169.254.169.254/latest/meta-data/"}
""",
        good="""
triggers:
- template:
    http: {url: "https://example.com/"}
""",
    ),
    Explanation(
        code="AddressNotAllowed",
        name="address-not-allowed",
        title="A strict Sensor that sends to an inner address",
        why='With the annotation kikkake/strict: "true" an http trigger connects to no address of a private '
        "network, of the machine itself or of a cloud's metadata service.",
        fix="send to a public address, or remove the annotation",
        severity=Severity.ERROR,
        bad="""
metadata: {annotations: {kikkake/strict: "true"}}
triggers:
- template:
    http: {url: "http://10.0.0.1/"}
""",
    ),
    Explanation(
        code="InsecureSkipVerify",
        name="insecure-skip-verify",
        title="A certificate that nobody checks",
        why="With `insecureSkipVerify` anybody between the gateway and the receiver can read and answer; the "
        "rest of `tls` is not read then, as upstream.",
        fix="give `caCertSecret` instead",
        bad="""
triggers:
- template:
    http: {url: "https://example.com/", tls: {insecureSkipVerify: true}}
""",
        good="""
triggers:
- template:
    http: {url: "https://example.com/", tls: {caCertSecret: {name: ca, key: ca.crt}}}
""",
    ),
    Explanation(
        code="DeadLettersFull",
        name="dead-letters-full",
        title="A Sensor with too many dead letters",
        why="The running gateway keeps what could not be done, up to a quota for each Sensor. Over it the "
        "Sensor decides nothing and its events wait; others go on.",
        fix="mend it and replay them: kikkake replay --failed",
        severity=Severity.ERROR,
    ),
)
