"""IP addresses in the brackets of a URL, as Go's `netip.ParseAddr` checks them."""

from __future__ import annotations

import re

from events.languages.go_template.quoting import quote

_HEX = re.compile(r"[0-9A-Fa-f]*")
_FIELDS = 8


class BadAddress(ValueError):
    """The text is no address; the message is Go's."""


def check_address(text: str) -> int:
    """The version, 4 or 6, of a good address. Raises BadAddress."""
    first = re.search(r"[.:%]", text)
    try:
        if first is not None and first[0] == ".":
            _check_ipv4(text)
            return 4
        _check_ipv6(text, "" if first is None else first[0])
    except _Fault as fault:
        where = f" (at {quote(fault.at)})" if fault.at else ""
        raise BadAddress(f"ParseAddr({quote(text)}): {fault.what}{where}") from None
    return 6


class _Fault(Exception):
    def __init__(self, what: str, at: str = "") -> None:
        self.what = what
        self.at = at
        super().__init__(what)


def _check_ipv4(text: str) -> None:
    fields = 0
    value: int | None = None
    for at, char in enumerate(text):
        if "0" <= char <= "9":
            if value == 0:
                raise _Fault("IPv4 field has octet with leading zero")
            value = (value or 0) * 10 + int(char)
            if value > 255:
                raise _Fault("IPv4 field has value >255")
        elif char != ".":
            raise _Fault("unexpected character", text[at:])
        elif value is None or at == len(text) - 1:
            raise _Fault("IPv4 field must have at least one digit", text[at:])
        elif fields == 3:
            raise _Fault("IPv4 address too long")
        else:
            fields += 1
            value = None
    if fields < 3:
        raise _Fault("IPv4 address too short")


def _check_ipv6(text: str, first: str) -> None:
    """`first` is the first separator in the text, "" if it has none."""
    if first != ":":
        raise _Fault("missing IPv6 address" if first else "unable to parse IP")
    rest, percent, zone = text.partition("%")
    if percent and not zone:
        raise _Fault("zone must be a non-empty string")
    shortened = rest.startswith("::")
    if shortened:
        rest = rest[2:]
    fields = 0
    while fields < _FIELDS and rest:
        size = _field_size(rest)
        if rest[size : size + 1] == ".":
            _check_embedded(rest, fields, shortened=shortened)
            fields += 2
            rest = ""
            break
        fields += 1
        rest = _after_field(rest[size:])
        if rest.startswith(":"):
            if shortened:
                raise _Fault("multiple :: in address", rest)
            shortened = True
            rest = rest[1:]
    _check_count(fields, rest, shortened=shortened)


def _after_field(rest: str) -> str:
    """What follows the colon behind a field; "" at the end."""
    if not rest:
        return ""
    if rest[0] != ":":
        raise _Fault("unexpected character, want colon", rest)
    if len(rest) == 1:
        raise _Fault("colon must be followed by more characters", rest)
    return rest[1:]


def _check_count(fields: int, rest: str, *, shortened: bool) -> None:
    if rest:
        raise _Fault("trailing garbage after address", rest)
    if fields < _FIELDS and not shortened:
        raise _Fault("address string too short")
    if fields == _FIELDS and shortened:
        raise _Fault("the :: must expand to at least one field of zeros")


def _field_size(rest: str) -> int:
    found = _HEX.match(rest)
    size = found.end() if found else 0
    if size > 4:
        raise _Fault("each group must have 4 or less digits", rest)
    if size == 0:
        raise _Fault("each colon-separated field must have at least one digit", rest)
    return size


def _check_embedded(rest: str, fields: int, *, shortened: bool) -> None:
    """An IPv4 address in place of the last two fields."""
    if not shortened and fields != _FIELDS - 2:
        raise _Fault("embedded IPv4 address must replace the final 2 fields of the address", rest)
    if fields > _FIELDS - 2:
        raise _Fault("too many hex fields to fit an embedded IPv4 at the end of the address", rest)
    _check_ipv4(rest)
