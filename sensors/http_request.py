"""The HTTP request of a trigger as it is rendered and stored: secrets stay references. Pure."""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
import orjson
import pydantic
from yarl import URL

from events.event import Event
from events.model import SpecModel
from events.ports import SecretRef
from sensors.parameters import apply_parameters, build_payload, resolve
from sensors.spec import BasicAuth, Parameter, SecureHeader, TLSConfig, ValueFrom
from sensors.tls import TLSRefs, secret_ref, tls_refs
from sensors.trigger import RenderContext, RenderFailed

METHODS = ("", "GET", "DELETE", "PATCH", "POST", "PUT")
NOT_SENT = frozenset({"host", "content-length", "transfer-encoding", "trailer"})
"""Headers that Go does not send from a header map either: `host` is a field, the rest belongs to the connection."""
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
MASK = "***"

_TIMEOUT_S = 60
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)


class HttpConfig(SpecModel):
    """The template's member `http`."""

    url: str = ""
    """Where to send it: http or https."""
    method: str = ""
    """GET, DELETE, PATCH, POST (also when empty) or PUT."""
    payload: list[Parameter] = []
    """The body, built from values of the events; none = no body."""
    headers: dict[str, str] | None = None
    """Sent as they are typed."""
    dynamic_headers: list[Parameter] = []
    """Headers with values from events; `dest` is the name."""
    secure_headers: list[SecureHeader] = []
    """Headers with values from Secrets or ConfigMaps."""
    basic_auth: BasicAuth | None = None
    """Sets `Authorization`."""
    host: str = ""
    """Overrides the Host header."""
    tls: TLSConfig | None = None
    """Certificates; absent = the system's roots."""
    timeout: int = 0
    """Seconds for all of it, redirects included; 60 where not positive."""
    parameters: list[Parameter] = []
    """Values from events into these fields."""


class SecureValue(msgspec.Struct, frozen=True):
    """A header whose value is read from a Secret at each attempt."""

    name: str
    ref: SecretRef


class Rendered(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What every attempt sends, as it is stored: references instead of secrets."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    secure: tuple[SecureValue, ...] = ()
    has_basic_auth: bool = False
    user: SecretRef | None = None
    password: SecretRef | None = None
    tls: TLSRefs | None = None
    timeout_s: int = _TIMEOUT_S
    allow: tuple[int, ...] | None = None
    """Statuses that are a success; None = 2xx."""
    body: bytes = b""


_encode = msgspec.json.Encoder().encode
decode_request = msgspec.json.Decoder(Rendered).decode


def render_request(spec: bytes, events: Mapping[str, Event], context: RenderContext) -> bytes:
    """The request of one effect. Raises RenderFailed."""
    config = _config(spec)
    if config.parameters:
        config = _config(apply_parameters(spec, config.parameters, events, "http.parameters"))
    if config.method not in METHODS:
        raise RenderFailed("only GET, DELETE, PATCH, POST and PUT methods are supported")
    secure = tuple(_secure(header, context.namespace) for header in config.secure_headers)
    auth = config.basic_auth
    return _encode(
        Rendered(
            method=config.method or "POST",
            url=_checked_url(config.url),
            headers=_headers(config, events, context, {value.name.lower() for value in secure}),
            secure=secure,
            has_basic_auth=auth is not None,
            user=secret_ref(auth.username, context.namespace) if auth else None,
            password=secret_ref(auth.password, context.namespace) if auth else None,
            tls=tls_refs(config.tls, context.namespace) if config.tls else None,
            timeout_s=config.timeout if config.timeout > 0 else _TIMEOUT_S,
            allow=_allowed(context.policy),
            body=build_payload(config.payload, events, "http.payload"),
        )
    )


def refs_of(config: HttpConfig, namespace: str) -> Iterator[SecretRef]:
    """Every key of a Secret or ConfigMap that a request reads."""
    for header in config.secure_headers:
        if not secure_header_fault(header):
            yield _secure(header, namespace).ref
    auth = config.basic_auth
    tls = tls_refs(config.tls, namespace) if config.tls else TLSRefs()
    pair = (auth.username, auth.password) if auth else ()
    found = (*(secret_ref(each, namespace) for each in pair), tls.ca, tls.certificate, tls.key)
    yield from (ref for ref in found if ref is not None)


def names_other_secrets(dests: Iterable[str]) -> bool:
    """Whether parameters that write there may have a request read other Secrets than its text names."""
    firsts = {dest.replace("\\", "").partition(".")[0] for dest in dests}
    return bool(firsts & {"", "secureHeaders", "basicAuth", "tls"})


def preview_request(rendered: bytes) -> dict[str, Any]:
    """The request for people, with `***` for every secret (`sensors.trigger.Preview.request`)."""
    request = decode_request(rendered)
    headers = {**dict(request.headers), **{value.name: MASK for value in request.secure}}
    if request.has_basic_auth:
        headers["Authorization"] = MASK
    url = URL(request.url)
    shown: dict[str, Any] = {
        "method": request.method,
        "url": str(url.with_user(MASK)) if url.user else request.url,
        "headers": headers,
        "body": None,
        "bodyText": request.body.decode("utf-8", "replace"),
    }
    with contextlib.suppress(orjson.JSONDecodeError):
        shown["body"] = orjson.loads(request.body)
    return shown


@functools.lru_cache(maxsize=1024)
def _config(spec: bytes) -> HttpConfig:
    try:
        return HttpConfig.model_validate_json(spec)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RenderFailed(f"http.{where} after its parameters: {first['msg']}") from error


@functools.lru_cache(maxsize=1024)
def url_fault(text: str) -> str:
    """Why nothing can be sent to that URL, or an empty text. Without the URL: it may hold a password."""
    try:
        url = URL(text)
    except ValueError:
        return "http.url is not a URL"
    if url.scheme not in {"http", "https"} or not url.host:
        return "http.url is not an http or https URL with a host"
    return ""


def secure_header_fault(header: SecureHeader) -> str:
    """Why such a header cannot be sent, or an empty text."""
    source = header.value_from
    if not _TOKEN.fullmatch(header.name) or source is None:
        return "a secure header has no usable name or no `valueFrom`"
    if source.secret_key_ref is None and source.config_map_key_ref is None:
        return f"secure header `{header.name}` has neither secretKeyRef nor configMapKeyRef"
    return ""


def _checked_url(text: str) -> str:
    if fault := url_fault(text):
        raise RenderFailed(fault)
    return text


def _headers(
    config: HttpConfig, events: Mapping[str, Event], context: RenderContext, secure: set[str]
) -> tuple[tuple[str, str], ...]:
    """In upstream's order, names as typed; the later of two equal names wins."""
    headers = dict(config.headers or {})
    for index, parameter in enumerate(config.dynamic_headers):
        if parameter.src is None:
            continue
        value = resolve(parameter.src, events, f"http.dynamicHeaders[{index}].src")
        if value is not None:
            headers[parameter.dest] = value.text
    for name, text in headers.items():
        if not _TOKEN.fullmatch(name):
            raise RenderFailed(
                "the name of an http header is empty or holds characters that a name cannot have"
            )
        if CONTROL.search(text):
            raise RenderFailed(f"http header `{name}` would hold control characters or line breaks")
    kept = {name: text for name, text in headers.items() if name.lower() not in NOT_SENT}
    if config.basic_auth is not None:
        kept = {name: text for name, text in kept.items() if name.lower() != "authorization"}
    given = secure | {name.lower() for name in kept}
    effect_id = context.effect_id.hex()
    own = {
        "Idempotency-Key": f'"{effect_id}"',
        "ce-id": effect_id,
        "ce-source": f"kikkake/{context.namespace}/{context.sensor}/{context.trigger}",
        "User-Agent": "kikkake",
    }
    kept |= {name: text for name, text in own.items() if name.lower() not in given}
    if config.host:
        kept["Host"] = config.host
    return tuple(kept.items())


def _secure(header: SecureHeader, namespace: str) -> SecureValue:
    source = header.value_from or ValueFrom()
    ref = secret_ref(source.secret_key_ref, namespace) or secret_ref(
        source.config_map_key_ref, namespace, "ConfigMap"
    )
    fault = secure_header_fault(header)
    if ref is None or fault:
        raise RenderFailed(fault)
    return SecureValue(header.name, ref)


def _allowed(policy: Mapping[str, Any] | None) -> tuple[int, ...] | None:
    status = (policy or {}).get("status")
    return None if status is None else tuple(status.get("allow") or ())
