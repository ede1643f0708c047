"""URLs as Go's net/url takes them apart and puts them together.

Errors are those of `url.Parse`: `parse "http://a b/": invalid character " " in host name`.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from events.errors import KikkakeError
from events.languages.go_bytes import to_bytes, to_text
from events.languages.go_template.quoting import quote
from events.languages.sprig.go_address import BadAddress, check_address


class BadUrl(KikkakeError):
    """A text is no URL to Go."""


class Part(enum.Enum):
    """Where a text stands: each place has its own characters that need no escape."""

    PATH = enum.auto()
    USER = enum.auto()
    HOST = enum.auto()
    ZONE = enum.auto()
    FRAGMENT = enum.auto()


_ALWAYS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"
_PLAIN = {
    Part.PATH: frozenset(_ALWAYS + b"$&+,/:;=@"),
    Part.USER: frozenset(_ALWAYS + b"$&+,;="),
    Part.HOST: frozenset(_ALWAYS + b"!$&'()*+,;=:[]<>\""),
    Part.ZONE: frozenset(_ALWAYS + b"!$&'()*+,;=:[]<>\""),
    Part.FRAGMENT: frozenset(_ALWAYS + b"$&+,/:;=?@!()*"),
}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)?:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_USERINFO = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*")
_PORT = re.compile(r"(?::[0-9]*)?")
_ESCAPE = re.compile(rb"%([0-9a-fA-F]{2})")
_PERCENT = re.compile(rb"%")
_STRANGE_IN_HOST = re.compile(rb"[^-A-Za-z0-9_.~!$&'()*+,;=:\[\]<>\"\x80-\xff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Url:
    """The parts of a URL, decoded except for `query`; `user` is None where there is no `@`."""

    scheme: str = ""
    opaque: str = ""
    user: tuple[str, str | None] | None = None
    """Name and password; the password is None without a colon."""
    host: str = ""
    path: str = ""
    query: str = ""
    fragment: str = ""

    @property
    def userinfo(self) -> str:
        """Name and password, escaped, as they stand before the `@`."""
        if self.user is None:
            return ""
        name, password = self.user
        return escape(name, Part.USER) + ("" if password is None else ":" + escape(password, Part.USER))

    @property
    def hostname(self) -> str:
        """The host without its port, and without the brackets of an IPv6 address."""
        head, colon, port = self.host.rpartition(":")
        name = head if colon and _PORT.fullmatch(colon + port) else self.host
        return name[1:-1] if name.startswith("[") and name.endswith("]") else name

    def text(self) -> str:
        """The URL; Go's `URL.String`."""
        start = f"{self.scheme}:" if self.scheme else ""
        if self.opaque:
            start += self.opaque
        else:
            start += self._authority() + self._path(alone=not start)
        query = f"?{self.query}" if self.query else ""
        return start + query + (f"#{escape(self.fragment, Part.FRAGMENT)}" if self.fragment else "")

    def _authority(self) -> str:
        if not (self.scheme or self.host or self.user) or not (self.host or self.path or self.user):
            return ""
        return "//" + (f"{self.userinfo}@" if self.user else "") + escape(self.host, Part.HOST)

    def _path(self, *, alone: bool) -> str:
        path = "*" if self.path == "*" else escape(self.path, Part.PATH)
        if path and path[0] != "/" and self.host:
            return f"/{path}"
        if alone and not self.host and self.user is None and ":" in path.partition("/")[0]:
            return f"./{path}"  # else it would read as a scheme
        return path


def escape(text: str, part: Part) -> str:
    """The text with `%XX` for each byte that may not stand there."""
    plain = _PLAIN[part]
    raw = to_bytes(text)
    if all(byte in plain for byte in raw):
        return text
    return "".join(chr(byte) if byte in plain else f"%{byte:02X}" for byte in raw)


def unescape(text: str, part: Part) -> str:
    """The text with each `%XX` decoded.

    Raises:
        BadUrl: a `%` without two digits, or what may not stand in a host.
    """
    raw = to_bytes(text)
    strange = _STRANGE_IN_HOST if part in (Part.HOST, Part.ZONE) else _PERCENT
    at = 0
    while (found := strange.search(raw, at)) is not None:
        at = found.start()
        if raw[at] != ord("%"):
            raise BadUrl(f"invalid character {quote(chr(raw[at]))} in host name")
        escaped = _ESCAPE.match(raw, at)
        if escaped is None:
            raise BadUrl(f"invalid URL escape {quote(to_text(raw[at : at + 3]))}")
        _check_host_escape(escaped, part)
        at += 3
    return to_text(_ESCAPE.sub(lambda found: bytes((int(found[1], 16),)), raw))


def _check_host_escape(found: re.Match[bytes], part: Part) -> None:
    """A host may escape only bytes beyond ASCII; a zone also `%` and a space."""
    value = int(found[1], 16)
    if found[0] == b"%25" or part not in (Part.HOST, Part.ZONE):
        return
    refused = value < 0x80 if part is Part.HOST else value != 0x20 and value not in _PLAIN[Part.HOST]
    if refused:
        raise BadUrl(f"invalid URL escape {quote(found[0].decode())}")


def parse_url(text: str) -> Url:
    """Take a URL apart.

    Raises:
        BadUrl: with the text of Go's `url.Error`.
    """
    before, _, fragment = text.partition("#")
    try:
        url = _parse_before_fragment(before)
    except BadUrl as err:
        raise BadUrl(f"parse {quote(before)}: {err}") from None
    try:
        decoded = unescape(fragment, Part.FRAGMENT)
    except BadUrl as err:
        raise BadUrl(f"parse {quote(text)}: {err}") from None
    scheme, opaque, user, host, path, query = url
    return Url(scheme=scheme, opaque=opaque, user=user, host=host, path=path, query=query, fragment=decoded)


_User = tuple[str, str | None] | None
_Parts = tuple[str, str, _User, str, str, str]


def _parse_before_fragment(text: str) -> _Parts:
    """Scheme, opaque part, user, host, path and query."""
    if _CONTROL.search(text):
        raise BadUrl("net/url: invalid control character in URL")
    if text == "*":
        return "", "", None, "", "*", ""
    scheme, rest = _split_scheme(text)
    rest, _, query = rest.partition("?")
    if not rest.startswith("/"):
        if scheme:
            return scheme, rest, None, "", "", query
        if ":" in rest.partition("/")[0]:
            raise BadUrl("first path segment in URL cannot contain colon")
    user: _User = None
    host = ""
    if rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, slash, path = rest[2:].partition("/")
        user, host = _parse_authority(authority)
        rest = slash + path
    return scheme, "", user, host, unescape(rest, Part.PATH), query


def _split_scheme(text: str) -> tuple[str, str]:
    found = _SCHEME.match(text)
    if found is None:
        return "", text
    if not found[1]:
        raise BadUrl("missing protocol scheme")
    return found[1].lower(), text[found.end() :]


def _parse_authority(authority: str) -> tuple[_User, str]:
    userinfo, at_sign, host_text = authority.rpartition("@")
    host = _parse_host(host_text)
    if not at_sign:
        return None, host
    if not _USERINFO.fullmatch(userinfo):
        raise BadUrl("net/url: invalid userinfo")
    name, colon, password = userinfo.partition(":")
    return (unescape(name, Part.USER), unescape(password, Part.USER) if colon else None), host


def _parse_host(host: str) -> str:
    if host.rfind("[") > 0:
        raise BadUrl("invalid IP-literal")
    if not host.startswith("["):
        colon = host.rfind(":")
        _check_port(host[colon:] if colon >= 0 else "")
        return unescape(host, Part.HOST)
    end = host.rfind("]")
    if end < 0:
        raise BadUrl("missing ']' in host")
    _check_port(host[end + 1 :])
    zone = host.find("%25", 0, end)
    if zone < 0:
        zone = end
    rest = unescape(host[:zone], Part.HOST) + unescape(host[zone:end], Part.ZONE)
    _check_literal(rest[1:])
    return rest + unescape(host[end:], Part.HOST)


def _check_literal(address: str) -> None:
    try:
        version = check_address(address)
    except BadAddress as err:
        raise BadUrl(f"invalid host: {err}") from None
    if version == 4:
        raise BadUrl("invalid IP-literal")


def _check_port(text: str) -> None:
    if not _PORT.fullmatch(text):
        raise BadUrl(f"invalid port {quote(text)} after host")
