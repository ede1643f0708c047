"""What each error of a Kubernetes API server means for a create or a change (spec: effects 3, bad-input section 5).

Pure: `KubeError` to `Failed`. The details are the API server's own words, cut, and what to do about them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from events.errors import KikkakeError
from events.ports import KindUnknown, KubeError, KubeNotSent
from sensors.granting import grant_commands
from sensors.trigger import Failed, OnFailure

_SHOWN_TEXT = 1024
"""Characters of the API server's text that are kept."""

_DENIED = re.compile(r'admission webhook "([^"]+)" denied the request|(ValidatingAdmissionPolicy \'[^\']+\')')
_UNAVAILABLE = re.compile(r'failed calling webhook "([^"]+)"')
_FORBIDDEN = re.compile(
    r'User "(?P<user>[^"]*)" cannot (?P<verb>\w+) resource "(?P<resource>[^"]*)" in API group "(?P<group>[^"]*)"'
    r'(?: in the namespace "(?P<namespace>[^"]*)")?'
)
_OF_ACCOUNTS = frozenset({"NoServiceAccount", "AccountForbidden"})
"""Reasons of our own side of the port: there is no such account, or nobody may act as it."""
_OF_MANAGERS = "(FieldManagerConflict)"
_MANAGER = re.compile(
    r'conflict with "((?:[^"\\]|\\.)*)"(?: with subresource "[^"]*")?(?: using \S+)?(?: at \S+)?$'
)
_SHOWN_FIELDS = 5
_SHOWN_MANAGER = 128


def refused(error: KubeError, size_bytes: int, verbs: Sequence[str] = ("get", "create")) -> Failed:
    """The failure of a request that was answered with `error`; not for AlreadyExists, which only a GET can judge.

    `verbs` are the rights that the operation needs, for a person who may give them.
    """
    if error.status == 403 and _by_text(error) is None:
        return _forbidden(error, verbs)
    judge = _by_text(error) or _BY_STATUS.get(error.status)
    if judge is None:
        judge = _server_error if error.status >= 500 else _rejected
    return judge(error, size_bytes)


def failure_of(error: KikkakeError, size_bytes: int, verbs: Sequence[str] = ("get", "create")) -> Failed:
    """The failure of a request of `size_bytes` that met one of the errors of the port `Kube`."""
    if isinstance(error, KubeError):
        return refused(error, size_bytes, verbs)
    if isinstance(error, KindUnknown):
        return failed("TargetNotFound", f"{error}: install it", "no such kind", OnFailure.RETRY_BRIEFLY)
    if isinstance(error, KubeNotSent):
        return failed("Unreachable", str(error), "not sent", OnFailure.RETRY)
    return Failed(
        reason="NoAnswer",
        detail=str(error),
        answer="no answer: in doubt",
        then=OnFailure.RETRY,
        in_doubt=True,
    )


def failed(reason: str, detail: str, answer: str, then: OnFailure) -> Failed:
    """A failure that is not in doubt."""
    return Failed(reason=reason, detail=detail, answer=answer, then=then)


def no_cluster() -> Failed:
    """The failure where this process has no API server to ask."""
    return failed(
        "NoCluster",
        "no cluster to create it in: give --context, --kubeconfig or --in-cluster",
        "not sent",
        OnFailure.RETRY_BRIEFLY,
    )


def answer_text(error: KubeError) -> str:
    """In a few words, for the history of an effect: `403 Forbidden`."""
    return f"{error.status} {error.reason}".rstrip()


def _by_text(error: KubeError) -> Callable[[KubeError, int], Failed] | None:
    """Answers whose status says less than their text."""
    if "exceeded quota" in error.message:
        return _quota
    if _DENIED.search(error.message):
        return _denied
    if _UNAVAILABLE.search(error.message):
        return _unavailable
    return _too_large if "request is too large" in error.message.lower() else None


def _failed(error: KubeError, reason: str, detail: str, then: OnFailure) -> Failed:
    return Failed(
        reason=reason,
        detail=detail,
        answer=answer_text(error),
        then=then,
        retry_after_s=error.retry_after_s,
    )


def _text(error: KubeError) -> str:
    return _cut(error.message or error.reason or f"status {error.status}")


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN_TEXT else text[: _SHOWN_TEXT - 1] + "…"


def _quota(error: KubeError, _size_bytes: int) -> Failed:
    return _failed(error, "QuotaExceeded", _text(error), OnFailure.RETRY)


def _denied(error: KubeError, _size_bytes: int) -> Failed:
    match = _DENIED.search(error.message)
    who = (match.group(1) or match.group(2)) if match else "admission"
    return _failed(error, "AdmissionDenied", _cut(f"{who} refused it: {error.message}"), OnFailure.GIVE_UP)


def _unavailable(error: KubeError, _size_bytes: int) -> Failed:
    match = _UNAVAILABLE.search(error.message)
    who = match.group(1) if match else "an admission webhook"
    detail = _cut(f"{who} could not be asked: {error.message}")
    return _failed(error, "AdmissionUnavailable", detail, OnFailure.RETRY)


def _too_large(error: KubeError, size_bytes: int) -> Failed:
    detail = f"the object has {size_bytes} bytes, the limit of etcd is 1.5 MiB: {_text(error)}"
    return _failed(error, "ObjectTooLarge", detail, OnFailure.GIVE_UP)


def _unauthorized(error: KubeError, _size_bytes: int) -> Failed:
    detail = f"the API server refused our token, also a new one: {_text(error)}"
    return _failed(error, "Unauthorized", detail, OnFailure.RETRY)


def apply_conflict(error: KubeError) -> Failed | None:
    """The failure of an apply whose fields belong to others; None where it is another answer."""
    fields = [
        cause.removesuffix(_OF_MANAGERS).rstrip() for cause in error.causes if cause.endswith(_OF_MANAGERS)
    ]
    if not fields:
        return None
    shown = "; ".join(fields[:_SHOWN_FIELDS])
    more = f"; and {len(fields) - _SHOWN_FIELDS} more" if len(fields) > _SHOWN_FIELDS else ""
    fix = "leave these fields out, or take them over with `k8s.force: true`"
    detail = f"other managers own fields of it: {shown}{more}"
    failed = _failed(
        error, "ApplyConflict", f"{detail[: _SHOWN_TEXT - len(fix) - 3]}: {fix}", OnFailure.GIVE_UP
    )
    # A field's path may come from an event; who owns it does not.
    managers = dict.fromkeys(
        match[1][:_SHOWN_MANAGER] for field in fields if (match := _MANAGER.search(field))
    )
    public = f"fields of {', '.join(list(managers)[:_SHOWN_FIELDS]) or 'other managers'}: {fix}"
    return replace(failed, public=public)


def patch_refused(error: KubeError, operations: Sequence[Mapping[str, Any]]) -> Failed:
    """The failure of a JSON patch of which an operation does not fit the object as it is."""
    # The API server does not say which one.
    shown = ", ".join(f"{operation['op']} {operation['path']}" for operation in operations)
    detail = f"an operation does not fit the object as it is, or its `test` failed: {shown}"
    return _failed(error, "PatchRefused", _cut(detail), OnFailure.GIVE_UP)


def _forbidden(error: KubeError, verbs: Sequence[str]) -> Failed:
    match = _FORBIDDEN.search(error.message)
    if match is not None:
        detail = _how_to_allow(match, verbs)
    elif error.reason in _OF_ACCOUNTS:
        detail = error.message
    else:
        # A plug-in of the API server, or its guard against escalation: in words that may quote the object.
        return _failed(error, "Rejected", _text(error), OnFailure.RETRY_BRIEFLY)
    return _failed(error, "Forbidden", _cut(detail), OnFailure.RETRY_BRIEFLY)


def _how_to_allow(match: re.Match[str], verbs: Sequence[str]) -> str:
    user, group, namespace = match["user"], match["group"], match["namespace"]
    resource = match["resource"] + (f".{group}" if group else "")
    place = f" in {namespace}" if namespace else " in the cluster"
    needed = list(dict.fromkeys([*verbs, match["verb"]]))
    allow = grant_commands(user, needed, resource, namespace=namespace)
    return f"{user} cannot {match['verb']} {resource}{place}. To allow: {allow}"


def _not_found(error: KubeError, _size_bytes: int) -> Failed:
    detail = f"{_text(error)}: create the namespace or install the kind"
    return _failed(error, "TargetNotFound", detail, OnFailure.RETRY_BRIEFLY)


def _conflict(error: KubeError, _size_bytes: int) -> Failed:
    # Not AlreadyExists: two writers of the quota of the namespace, for example. It passes.
    return _failed(error, "Conflict", _text(error), OnFailure.RETRY)


def _invalid(error: KubeError, _size_bytes: int) -> Failed:
    causes = "; ".join(error.causes)
    return _failed(error, "ObjectInvalid", _cut(causes or _text(error)), OnFailure.GIVE_UP)


def _busy(error: KubeError, _size_bytes: int) -> Failed:
    return Failed(
        reason="TooManyRequests",
        detail=f"the API server is busy: {_text(error)}",
        answer=answer_text(error),
        then=OnFailure.RETRY,
        retry_after_s=error.retry_after_s,
        counts=False,
    )


def _timed_out(error: KubeError, _size_bytes: int) -> Failed:
    # The API server gave up waiting for its own write, which may still happen.
    return Failed(
        reason="ServerError",
        detail=_text(error),
        answer=f"{answer_text(error)}: in doubt",
        then=OnFailure.RETRY,
        in_doubt=True,
        retry_after_s=error.retry_after_s,
    )


def _server_error(error: KubeError, _size_bytes: int) -> Failed:
    return _failed(error, "ServerError", _text(error), OnFailure.RETRY)


def _unsupported(error: KubeError, _size_bytes: int) -> Failed:
    fix = "a custom resource takes no strategic merge patch: leave `patchStrategy` out"
    return _failed(error, "Rejected", _cut(f"{_text(error)}: {fix}"), OnFailure.GIVE_UP)


def _rejected(error: KubeError, _size_bytes: int) -> Failed:
    return _failed(error, "Rejected", _text(error), OnFailure.GIVE_UP)


_BY_STATUS: dict[int, Callable[[KubeError, int], Failed]] = {
    400: _invalid,
    401: _unauthorized,
    404: _not_found,
    408: _server_error,
    409: _conflict,
    413: _too_large,
    415: _unsupported,
    422: _invalid,
    429: _busy,
    504: _timed_out,
}
