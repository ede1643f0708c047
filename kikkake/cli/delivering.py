"""How `kikkake send` finds a source in files, signs as its sender does, and sends over plain HTTP."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import ssl
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from events.ports import SecretRef, SecretUnavailable
from events.resource import nearest_name
from kikkake.cli.failure import CommandFailed, ExitCode
from kikkake.files import load_resources
from kikkake.secrets import EnvironmentSecrets, FileSecrets, FirstOf
from sources.ingest import Route, make_route
from sources.signing import SignedRequest, needs_secret_for_path, signed_request
from sources.source import PushSource
from sources.spec import EventSourceSpec, read_event_source
from sources.verify import SIGNATURE_HEADERS

_TIMEOUT_S = 30.0
_MAX_ANSWER_BYTES = 1_048_576
_NOT_TAKEN = SIGNATURE_HEADERS | {
    "host",
    "content-length",
    "connection",
    "transfer-encoding",
    "accept-encoding",
}
"""Headers of a recorded delivery that are made anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The event of an EventSource that deliveries go to."""

    route: Route
    files: tuple[Path, ...]
    """Where resources stand, for the folder `secrets` beside them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One delivery, ready to be sent any number of times."""

    method: str
    url: str
    shown_url: str
    """Without a token that is part of the path."""
    headers: Mapping[str, str]
    proof_text: str
    tls: ssl.SSLContext | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back; a body that is not JSON stands under `text`."""

    status: int
    took_us: int
    body: dict[str, Any]


def find_route(target: str, paths: Sequence[str]) -> Found:
    """The route of `[NS/]SOURCE/EVENT` in the files of `paths`. Raises CommandFailed."""
    parts = target.split("/")
    if len(parts) not in {2, 3} or not all(parts):
        raise CommandFailed(f"`{target}`: write SOURCE/EVENT or NAMESPACE/SOURCE/EVENT", code=ExitCode.USAGE)
    namespace, name, event = parts if len(parts) == 3 else ("", *parts)
    loaded = load_resources(paths)
    known: dict[str, list[Route]] = {}
    pulled: dict[str, str] = {}
    for document in loaded.of_kind("EventSource"):
        if document.name == name and namespace in {"", document.namespace}:
            spec = read_event_source(document)
            known.setdefault(f"{document.namespace}/{name}", []).extend(_routes(spec))
            pulled |= {each.name: each.kind for each in spec.pull_events()}
    if not known:
        raise CommandFailed(_no_source(target, paths, [d.name for d in loaded.of_kind("EventSource")]))
    if len(known) > 1:
        choices = " or ".join(f"{label}/{event}" for label in sorted(known))
        raise CommandFailed(f"`{target}` is in several namespaces: write {choices}")
    [(label, routes)] = known.items()
    names = [route.topic.event_name for route in routes]
    if event in pulled:
        raise CommandFailed(
            f"`{event}` of EventSource {label} is of kind {pulled[event]}: it fetches its events itself and listens "
            f"nowhere; put a record where it reads, with the tools of {pulled[event]}, or test it with `kikkake test`"
        )
    if event not in names:
        raise CommandFailed(
            f"EventSource {label} takes no deliveries for `{event}`{_did_you_mean(event, names)}"
        )
    return Found(route=routes[names.index(event)], files=tuple(loaded.files))


def file_headers(file: Path) -> dict[str, str]:
    """Headers recorded beside a body: FILE.headers in place of its suffix, one `Name: value` a line."""
    recorded = file.with_suffix(".headers") if file.suffix else None
    if recorded is None or not recorded.is_file():
        return {}
    headers = {}
    for line in recorded.read_text(encoding="utf-8").splitlines():
        name, colon, value = line.partition(":")
        if colon and name.strip().lower() not in _NOT_TAKEN:
            headers[name.strip()] = value.strip()
    return headers


def prepare(
    found: Found,
    body: bytes,
    headers: Mapping[str, str],
    *,
    delivery_id: str,
    is_signed: bool,
    url: str | None,
    secrets_folders: Sequence[Path],
) -> Request:
    """The delivery as its sender would send it. Raises CommandFailed when a secret is not there."""
    route = found.route
    wanted = [*route.proof.refs[:1], *([route.endpoint.cert] if route.endpoint.cert and not url else [])]
    folders = tuple(secrets_folders) or _folders_beside(found.files)
    secrets = _read_secrets(wanted, folders, needs_all=is_signed or needs_secret_for_path(route))
    signed = signed_request(route, body, headers, secrets, delivery_id=delivery_id, is_signed=is_signed)
    root, path = _address(route, url)
    return Request(
        method=route.source.methods[0],
        url=root + (path or signed.path),
        shown_url=root + (path or route.pattern.text),
        headers=signed.headers,
        proof_text=_proof_text(route, signed),
        tls=_tls(root, secrets.get(route.endpoint.cert) if route.endpoint.cert else None),
    )


def deliver(request: Request, body: bytes) -> Answer:
    """Send it once; a GET carries the body as its query. Raises CommandFailed when nobody answers."""
    parts = urlsplit(request.url)
    query = parts.query
    if request.method == "GET":
        query, body = _query(body), b""
    connection = _connection(parts.hostname or "", parts.port, request.tls)
    started_ns = time.perf_counter_ns()
    try:
        connection.request(
            request.method, parts.path + (f"?{query}" if query else ""), body, dict(request.headers)
        )
        answer = connection.getresponse()
        content = answer.read(_MAX_ANSWER_BYTES)
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise CommandFailed(
            f"no answer from {request.shown_url} ({reason}): is `kikkake run` running with this EventSource?",
            code=ExitCode.OUTSIDE,
        ) from error
    finally:
        connection.close()
    took_us = (time.perf_counter_ns() - started_ns) // 1000
    return Answer(status=answer.status, took_us=took_us, body=_body(content))


def _proof_text(route: Route, signed: SignedRequest) -> str:
    """How it is proven, by the names of headers; never a value."""
    names = [name for name in signed.headers if name.lower() in route.proof.headers]
    if names:
        return f"{'signed' if 'signature' in names[-1].lower() else 'proven'} by {' and '.join(names)}"
    return "proven by the token in its path" if signed.path != route.pattern.text else "not signed"


def _query(body: bytes) -> str:
    text = body.decode("utf-8", "replace").strip()
    if text.startswith("{") or not text.isascii() or any(letter.isspace() for letter in text):
        raise CommandFailed(
            "this endpoint takes GET: FILE must hold its query, percent-encoded, such as ref=main&n=1"
        )
    return text


def _routes(spec: EventSourceSpec) -> list[Route]:
    return [
        make_route(event.source, spec.event_bus_name)
        for event in spec.events
        if isinstance(event.source, PushSource)
    ]


def _read_secrets(
    refs: Sequence[SecretRef], folders: tuple[Path, ...], *, needs_all: bool
) -> dict[SecretRef, bytes]:
    async def read() -> dict[SecretRef, bytes]:
        secrets = FirstOf([*map(FileSecrets, folders), EnvironmentSecrets(os.environ)])
        found = {}
        for ref in refs:
            try:
                found[ref] = await secrets.read(ref)
            except SecretUnavailable as error:
                if needs_all:
                    raise CommandFailed(_no_secret(error, folders)) from error
        return found

    return asyncio.run(read())


def _no_secret(error: SecretUnavailable, folders: Sequence[Path]) -> str:
    where = ", ".join(str(folder) for folder in folders) or "no folder `secrets` stands beside the resources"
    return f"cannot sign: {error} (looked in: {where}); name its folder with --secrets DIR, or send it --unsigned"


def _address(route: Route, url: str | None) -> tuple[str, str]:
    """Root of the URL, and its path where the URL has one of its own."""
    if url is None:
        scheme = "https" if route.endpoint.cert else "http"
        return f"{scheme}://127.0.0.1:{route.endpoint.port}", ""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise CommandFailed(
            f"--url {url}: write http://HOST:PORT or http://HOST:PORT/PATH", code=ExitCode.USAGE
        )
    return f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")


def _tls(root: str, certificate: bytes | None) -> ssl.SSLContext | None:
    if not root.startswith("https"):
        return None
    context = ssl.create_default_context()
    if certificate is not None:
        # The endpoint's own certificate is at hand, so exactly that one is trusted, whatever name it carries.
        context.load_verify_locations(cadata=certificate.decode("ascii", "replace"))
        context.check_hostname = False
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _connection(host: str, port: int | None, tls: ssl.SSLContext | None) -> http.client.HTTPConnection:
    if tls is not None:
        return http.client.HTTPSConnection(host, port, timeout=_TIMEOUT_S, context=tls)
    return http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)


def _body(content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content) if content else {}
    except ValueError:
        return {"text": content.decode("utf-8", "replace")}
    return value if isinstance(value, dict) else {"text": content.decode("utf-8", "replace")}


def _did_you_mean(name: str, known: Sequence[str]) -> str:
    nearest = nearest_name(name, known)
    if nearest:
        return f"; did you mean `{nearest}`?"
    return f"; it has: {', '.join(sorted(known))}" if known else "; it has no event that is pushed to it"


def _no_source(target: str, paths: Sequence[str], names: Sequence[str]) -> str:
    where = ", ".join(paths) if paths else "the current folder"
    hint = f"; there are: {', '.join(sorted(set(names)))}" if names else "; say where it stands with --path"
    return f"no EventSource for `{target}` in {where}{hint}"


def _folders_beside(files: Iterable[Path]) -> tuple[Path, ...]:
    folders = {folder / "secrets": None for file in files for folder in (file.parent, file.parent.parent)}
    return tuple(folder for folder in folders if folder.is_dir())
