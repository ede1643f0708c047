"""`urlParse` and `urlJoin`: a URL as a dictionary of its parts, and back."""

from __future__ import annotations

from typing import Any

from events.languages.go_template.functions import FunctionError, declare
from events.languages.go_values import kind_of
from events.languages.sprig.bounds import bounded
from events.languages.sprig.go_url import BadUrl, Url, parse_url
from events.languages.sprig.lists import NIL_POINTER

_JOINED = ("scheme", "host", "path", "query", "opaque", "fragment")


def _url_parse(text: str) -> dict[str, Any]:
    try:
        url = parse_url(text)
    except BadUrl as err:
        raise FunctionError(f"unable to parse url: {err}") from None
    return {
        "scheme": url.scheme,
        "host": url.host,
        "hostname": url.hostname,
        "path": url.path,
        "query": url.query,
        "opaque": url.opaque,
        "fragment": url.fragment,
        "userinfo": url.userinfo,
    }


def _text_member(parts: dict[str, Any], name: str) -> str:
    value = parts.get(name, "")
    if isinstance(value, str):
        return value
    if value is None:
        raise FunctionError(NIL_POINTER)
    raise FunctionError(f"unable to parse {name} key, must be of type string, but {kind_of(value)} found")


def _url_join(parts: dict[str, Any] | None) -> str:
    known = parts or {}
    scheme, host, path, query, opaque, fragment = (_text_member(known, name) for name in _JOINED)
    user = None
    userinfo = _text_member(known, "userinfo")
    if userinfo:
        try:
            user = parse_url(f"proto://{userinfo}@host").user
        except BadUrl as err:
            raise FunctionError(f"unable to parse userinfo in dict: {err}") from None
    url = Url(scheme=scheme, opaque=opaque, user=user, host=host, path=path, query=query, fragment=fragment)
    return bounded(url.text())


FUNCTIONS = {
    "urlParse": declare("func(string) map[string]any", _url_parse),
    "urlJoin": declare("func(map[string]any) string", _url_join),
}
