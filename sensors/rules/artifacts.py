"""Rules about where the object of a trigger comes from (spec-sensors 1.5, 8 and 13, defects 68 and 69)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from events.node import Node
from events.rule import Hit, Rule
from sensors.rules.subject import TriggerSubject

_ORDER = ("s3", "inline", "file", "url", "git", "configmap", "resource")
"""Upstream's precedence (spec-sensors 8)."""
_UNREAD_OF_S3 = ("events", "filter", "metadata", "caCertificate")
_NEXT_DOCUMENT = re.compile(r"^---(?:\s[^\n]*)?\n(?=[\s\S]*\S)", re.MULTILINE)


def _sources(trigger: TriggerSubject) -> Iterator[Node]:
    if trigger.kind in {"k8s", "argoWorkflow"}:
        yield trigger.member.child("source")


def _several_sources(trigger: TriggerSubject) -> Iterator[Hit]:
    for source in _sources(trigger):
        given = [name for name in _ORDER if source.has(name)]
        for name in given[1:]:
            yield Hit(source.at(name), f"is ignored, since `{given[0]}` comes first, as upstream")


def _several_objects(trigger: TriggerSubject) -> Iterator[Hit]:
    for source in _sources(trigger):
        text = source.text("inline").lstrip("\n \t")
        text = text[3:].lstrip("\n \t") if text.startswith("---") else text
        if _NEXT_DOCUMENT.search(text):
            yield Hit(source.at("inline"), "holds several documents: only the first is used")


def _unverified_url(trigger: TriggerSubject) -> Iterator[Hit]:
    # A Sensor that is strict always verifies.
    for source in () if trigger.is_strict else _sources(trigger):
        url = source.child("url")
        if url.text("path").lower().startswith("https:") and not url.is_true("verifyCert"):
            yield Hit(
                url.path, "without `verifyCert: true` nobody checks whose certificate it is, as upstream"
            )


def _file_of_the_gateway(trigger: TriggerSubject) -> Iterator[Hit]:
    for source in _sources(trigger):
        if source.has("file"):
            yield Hit(source.at("file"), "is a file where the gateway runs, which all Sensors share")


def _branch_master(trigger: TriggerSubject) -> Iterator[Hit]:
    for source in _sources(trigger):
        git = source.child("git")
        if git.has("url") and not any(git.has(name) for name in ("ref", "tag", "branch")):
            yield Hit(git.path, "names no branch, tag or ref, so the branch `master` is read")


def _unread_member(trigger: TriggerSubject) -> Iterator[Hit]:
    for source in _sources(trigger):
        s3 = source.child("s3")
        for name in _UNREAD_OF_S3:
            if s3.has(name):
                yield Hit(s3.at(name), f"`{name}` has no effect on an object that is read, as upstream")


def _any_host_key(trigger: TriggerSubject) -> Iterator[Hit]:
    for source in _sources(trigger):
        git = source.child("git")
        if git.is_true("insecureIgnoreHostKey"):
            yield Hit(
                git.at("insecureIgnoreHostKey"), "nobody checks that the server is the one that was meant"
            )


def _optional_ignored(trigger: TriggerSubject) -> Iterator[Hit]:
    for node in trigger.member.walk():
        if node.is_true("optional") and node.has("name") and node.has("key") and "resource" not in node.path:
            yield Hit(node.at("optional"), "has no effect: without the secret the attempt fails, as upstream")


_RESOURCE = "{apiVersion: v1, kind: ConfigMap, metadata: {generateName: push-}}"

RULES: tuple[Rule, ...] = (
    Rule(
        code="KK156",
        name="several-sources",
        title="Of several sources of an object, the first in upstream's order is used",
        why="A `source` may name several places, and upstream takes the first of s3, inline, file, url, git, "
        "configmap, resource. The others are never looked at.",
        fix="keep one",
        bad=f"""
triggers:
- template:
    k8s:
      source:
        inline: "{_RESOURCE}"
        resource: {_RESOURCE}
""",
        good=f"""
triggers:
- template:
    k8s:
      source: {{resource: {_RESOURCE}}}
""",
        checks=((TriggerSubject, _several_sources),),
    ),
    Rule(
        code="KK157",
        name="several-objects",
        title="Of several documents, the first is created",
        why="A trigger makes one object. Of a text with several documents the first is taken, as upstream, "
        "and the others are dropped in silence.",
        fix="write a trigger for each object",
        bad="""
triggers:
- template:
    k8s:
      source:
        inline: |
          {apiVersion: v1, kind: ConfigMap, metadata: {generateName: first-}}
          ---
          {apiVersion: v1, kind: ConfigMap, metadata: {generateName: second-}}
""",
        good="""
triggers:
- template:
    k8s:
      source:
        inline: |
          {apiVersion: v1, kind: ConfigMap, metadata: {generateName: first-}}
""",
        checks=((TriggerSubject, _several_objects),),
    ),
    Rule(
        code="KK158",
        name="unverified-url",
        title="An object from a URL whose certificate is not checked",
        why="Upstream does not check the certificate of a `url` source unless `verifyCert` is true: anybody "
        'in between can say what is created. With the annotation kikkake/strict: "true" it is always '
        "checked.",
        fix="add `verifyCert: true`",
        bad="""
triggers:
- template:
    k8s: {source: {url: {path: "https://example.com/job.yaml"}}}
""",
        good="""
triggers:
- template:
    k8s: {source: {url: {path: "https://example.com/job.yaml", verifyCert: true}}}
""",
        checks=((TriggerSubject, _unverified_url),),
    ),
    Rule(
        code="KK159",
        name="file-of-the-gateway",
        title="An object from a file of the gateway",
        why="Upstream reads any file of the Sensor's own pod. Here one gateway serves all Sensors and has no "
        "volumes of theirs: only files below the folder that its operator names are read.",
        fix="use `configmap`, `inline` or `resource`",
        bad="""
triggers:
- template:
    k8s: {source: {file: {path: /objects/job.yaml}}}
""",
        good="""
triggers:
- template:
    k8s: {source: {configmap: {name: objects, key: job.yaml}}}
""",
        checks=((TriggerSubject, _file_of_the_gateway),),
    ),
    Rule(
        code="KK160",
        name="branch-master",
        title="A git source reads the branch master",
        why="Without `branch`, `tag` or `ref` upstream reads `refs/heads/master`, not the branch that the "
        "server calls its default. Most repositories have no such branch today.",
        fix="write `branch: main`, or what it is",
        bad="""
triggers:
- template:
    k8s: {source: {git: {url: "https://example.com/objects.git", filePath: job.yaml}}}
""",
        good="""
triggers:
- template:
    k8s: {source: {git: {url: "https://example.com/objects.git", filePath: job.yaml, branch: main}}}
""",
        checks=((TriggerSubject, _branch_master),),
    ),
    Rule(
        code="KK161",
        name="unread-of-s3",
        title="Fields of an S3 source that are for events",
        why="The block `s3` of a trigger shares its fields with upstream's event source for buckets. "
        "`events`, `filter`, `metadata` and `caCertificate` are not looked at when an object is read.",
        fix="remove it",
        bad="""
triggers:
- template:
    k8s:
      source:
        s3:
          endpoint: s3.example.com
          bucket: {name: objects, key: job.yaml}
          accessKey: {name: s3, key: access}
          secretKey: {name: s3, key: secret}
          filter: {suffix: .yaml}
""",
        good="""
triggers:
- template:
    k8s:
      source:
        s3:
          endpoint: s3.example.com
          bucket: {name: objects, key: job.yaml}
          accessKey: {name: s3, key: access}
          secretKey: {name: s3, key: secret}
""",
        checks=((TriggerSubject, _unread_member),),
    ),
    Rule(
        code="KK162",
        name="any-host-key",
        title="A git server whose key is not checked",
        why="With `insecureIgnoreHostKey` anybody between the gateway and the server can say what is created.",
        fix="remove it, and let the operator add the server to the gateway's known hosts",
        bad="""
triggers:
- template:
    k8s:
      source:
        git:
          url: git@example.com:acme/objects.git
          filePath: job.yaml
          branch: main
          sshKeySecret: {name: git, key: id}
          insecureIgnoreHostKey: true
""",
        good="""
triggers:
- template:
    k8s:
      source:
        git:
          url: git@example.com:acme/objects.git
          filePath: job.yaml
          branch: main
          sshKeySecret: {name: git, key: id}
""",
        checks=((TriggerSubject, _any_host_key),),
    ),
    Rule(
        code="KK163",
        name="optional-ignored",
        title="`optional` of a secret is ignored",
        why="Kubernetes has `optional` in selectors of keys, and upstream reads it, but a secret that is "
        "missing fails the action all the same.",
        fix="remove it",
        bad="""
triggers:
- template:
    http:
      url: https://example.com/
      secureHeaders:
      - {name: X-Token, valueFrom: {secretKeyRef: {name: login, key: token, optional: true}}}
""",
        good="""
triggers:
- template:
    http:
      url: https://example.com/
      secureHeaders:
      - {name: X-Token, valueFrom: {secretKeyRef: {name: login, key: token}}}
""",
        checks=((TriggerSubject, _optional_ignored),),
    ),
)
