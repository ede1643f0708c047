"""Printing one value by a verb of a format string, as Go's package fmt does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from events.languages.go_template.errors import MAX_OUTPUT
from events.languages.go_template.floats import format_float
from events.languages.go_template.functions import FunctionError
from events.languages.go_template.plain import MAX_DEPTH, POINTER
from events.languages.go_template.quoting import can_backquote, is_printable, quote, quote_rune, to_char
from events.languages.go_values import (
    ANY,
    Duration,
    GoError,
    GoObject,
    Uint8,
    Uint32,
    Uint64,
    element_type,
    kind_of,
    type_name,
)

_UNSIGNED = (Uint8, Uint32, Uint64)
_BASES = {"d": "d", "v": "d", "b": "b", "o": "o", "O": "o", "x": "x", "X": "X"}
_FLOAT_VERBS = "vbgGxXfFeE"


@dataclass(slots=True)
class Flags:
    """What stands between `%` and the verb."""

    plus: bool = False
    minus: bool = False
    sharp: bool = False
    space: bool = False
    zero: bool = False
    names: bool = False
    """`%+v`: structs print the names of their fields."""
    syntax: bool = False
    """`%#v`: values print in the syntax of Go."""
    width: int | None = None
    precision: int | None = None

    def set(self, char: str) -> None:
        """Note one of the characters `#0+- `."""
        match char:
            case "+":
                self.plus = True
            case "-":
                self.minus = True
            case "#":
                self.sharp = True
            case " ":
                self.space = True
            case "0":
                self.zero = True


class Printer:
    """Collects the text of a format; its flags are those of the directive at hand."""

    def __init__(self) -> None:
        self.flags = Flags()
        self._parts: list[str] = []
        self._room = MAX_OUTPUT
        self._reporting = False

    def text(self) -> str:
        """Everything that was written."""
        return "".join(self._parts)

    def clear_flags(self) -> Flags:
        """Start a new directive."""
        self.flags = Flags()
        return self.flags

    def write(self, text: str) -> None:
        """Add a text as it is.

        Raises:
            FunctionError: it all gets too long.
        """
        self._room -= len(text) + 1
        if self._room < 0:
            raise FunctionError(f"printf prints more than {MAX_OUTPUT} characters")
        self._parts.append(text)

    def _pad(self, text: str, *, zeros: bool = True) -> None:
        flags = self.flags
        missing = (flags.width or 0) - len(text)
        if missing <= 0:
            self.write(text)
        elif flags.minus:
            self.write(text + " " * missing)
        else:
            self.write(("0" if flags.zero and zeros else " ") * missing + text)

    def print_argument(self, value: Any, verb: str) -> None:
        """Print an argument; `v` (and `w`, which prints nothing else) takes over the flags `#` and `+`."""
        flags = self.flags
        if verb in "vw":
            flags.syntax, flags.sharp = flags.sharp, False
            flags.names, flags.plus = flags.plus, False
        if value is None:
            if verb in "Tv":
                self._pad("<nil>")
            else:
                self.write(f"%!{verb}(<nil>)")
        elif verb == "T":
            self._text(type_name(value))
        elif verb == "p":
            self._pointer(value, verb)
        else:
            self._value(value, verb, 0)

    def _bad_verb(self, value: Any, verb: str) -> None:
        self.write(f"%!{verb}({type_name(value)}=")
        self._reporting = True
        self._value(value, "v", 0)
        self._reporting = False
        self.write(")")

    def _value(self, value: Any, verb: str, depth: int) -> None:
        if self._by_method(value, verb):
            return
        match kind_of(value):
            case "string":
                self._string(value, verb)
            case "float64":
                self._float(value, verb)
            case "bool":
                if verb in "tv":
                    self._pad("true" if value else "false")
                else:
                    self._bad_verb(value, verb)
            case "slice":
                self._slice(value, verb, depth)
            case "map":
                self._map(value, verb, depth)
            case "complex128":
                self._complex(value, verb)
            case "struct" | "ptr":
                self._object(value, verb, depth)
            case _:
                self._integer(value, verb)

    def _by_method(self, value: Any, verb: str) -> bool:
        """Values with a method String or Error print its answer by the verbs of strings."""
        if verb == "w":
            self._bad_verb(value, verb)
            return True
        if self._reporting or self.flags.syntax or verb not in "vsxXq":
            return False
        text = None
        if isinstance(value, (Duration, GoError)):
            text = str(value)
        elif isinstance(value, GoObject):
            text = value.go_string()
        if text is None:
            return False
        self._string(text, verb)
        return True

    # Strings

    def _text(self, text: str) -> None:
        precision = self.flags.precision
        self._pad(text if precision is None else text[:precision])

    def _string(self, value: str, verb: str) -> None:
        if verb == "s" or (verb == "v" and not self.flags.syntax):
            self._text(value)
        elif verb in "qv":
            self._quoted(value)
        elif verb in "xX":
            self._hex(value.encode("utf-8", "surrogateescape"), verb)
        else:
            self._bad_verb(value, verb)

    def _quoted(self, value: str) -> None:
        flags = self.flags
        text = value if flags.precision is None else value[: flags.precision]
        if flags.sharp and can_backquote(text):
            self._pad(f"`{text}`")
        else:
            self._pad(quote(text, ascii_only=flags.plus))

    def _hex(self, raw: bytes, verb: str) -> None:
        flags = self.flags
        raw = raw if flags.precision is None else raw[: flags.precision]
        prefix = f"0{verb}" if flags.sharp else ""
        if not raw:
            self._pad("")
            return
        text = raw.hex() if verb == "x" else raw.hex().upper()
        self._pad(prefix + (f" {prefix}".join(_pairs(text)) if flags.space else text))

    # Numbers

    def _integer(self, value: int, verb: str) -> None:
        if verb in _BASES:
            if verb == "v" and self.flags.syntax and isinstance(value, _UNSIGNED):
                self._hex_number(value)
            else:
                self._digits(value, verb)
        elif verb == "c":
            self._pad(to_char(int(value)))
        elif verb == "q":
            self._pad(quote_rune(int(value), ascii_only=self.flags.plus))
        elif verb == "U":
            self._unicode(int(value))
        else:
            self._bad_verb(value, verb)

    def _hex_number(self, value: int) -> None:
        sharp, self.flags.sharp = self.flags.sharp, True
        self._digits(value, "x")
        self.flags.sharp = sharp

    def _digits(self, value: int, verb: str) -> None:
        flags = self.flags
        digits = f"{abs(int(value)):{_BASES[verb]}}"
        sign = "-" if value < 0 else "+" if flags.plus else " " if flags.space else ""
        if flags.precision is not None:
            if flags.precision == 0 and value == 0:
                self.write(" " * (flags.width or 0))
                return
            digits = digits.rjust(flags.precision, "0")
        elif flags.zero and not flags.minus and flags.width is not None:
            digits = digits.rjust(flags.width - len(sign), "0")
        prefix = ""
        if flags.sharp:
            prefix = {"b": "0b", "x": "0x", "X": "0X"}.get(verb, "")
            if verb in "oO" and not digits.startswith("0"):
                prefix = "0"
        if verb == "O":
            prefix = "0o" + prefix
        self._pad(sign + prefix + digits, zeros=False)

    def _unicode(self, value: int) -> None:
        code = value % (1 << 64)
        text = f"U+{code:0{max(4, self.flags.precision or 0)}X}"
        if self.flags.sharp and code <= 0x10FFFF and is_printable(chr(code)):
            text += f" '{chr(code)}'"
        self._pad(text, zeros=False)

    def _float(self, value: float, verb: str) -> None:
        if verb not in _FLOAT_VERBS:
            self._bad_verb(value, verb)
            return
        flags = self.flags
        shape = {"v": "g", "F": "f"}.get(verb, verb)
        precision = flags.precision
        if precision is None and shape in "eEf":
            precision = 6
        text = format_float(value, shape, precision)
        if text[0] not in "+-":
            text = "+" + text
        if flags.space and text[0] == "+" and not flags.plus:
            text = " " + text[1:]
        if text[1] in "IN":  # an infinity keeps its sign
            is_bare = text[1] == "N" and not flags.space and not flags.plus
            self._pad(text[1:] if is_bare else text, zeros=False)
            return
        if flags.sharp and verb != "b":
            text = _with_point(text, verb, -1 if precision is None else precision)
        if not flags.plus and text[0] == "+":
            self._pad(text[1:])
        elif flags.zero and not flags.minus and (flags.width or 0) > len(text):
            self.write(text[0] + text[1:].rjust((flags.width or 0) - 1, "0"))
        else:
            self._pad(text)

    def _complex(self, value: complex, verb: str) -> None:
        if verb not in _FLOAT_VERBS:
            self._bad_verb(value, verb)
            return
        plus = self.flags.plus
        self.write("(")
        self._float(value.real, verb)
        self.flags.plus = True
        self._float(value.imag, verb)
        self.write("i)")
        self.flags.plus = plus

    # Containers

    def _slice(self, value: Any, verb: str, depth: int) -> None:
        if isinstance(value, bytes) and verb in "sqxX":
            if verb in "xX":
                self._hex(value, verb)
            else:
                self._string(value.decode("utf-8", "surrogateescape"), verb)
            return
        syntax = self.flags.syntax
        elements = [Uint8(byte) for byte in value] if isinstance(value, bytes) else value
        name = "[]byte" if isinstance(value, bytes) and not depth else type_name(value)
        self.write(name + "{" if syntax else "[")
        for index, element in enumerate(elements):
            if index:
                self.write(", " if syntax else " ")
            self._member(element, verb, depth, element_type(value))
        self.write("}" if syntax else "]")

    def _map(self, value: dict[str, Any], verb: str, depth: int) -> None:
        syntax = self.flags.syntax
        self.write(type_name(value) + "{" if syntax else "map[")
        for index, name in enumerate(sorted(value)):
            if index:
                self.write(", " if syntax else " ")
            self._string(name, verb)
            self.write(":")
            self._member(value[name], verb, depth, element_type(value))
        self.write("}" if syntax else "]")

    def _member(self, value: Any, verb: str, depth: int, static_type: str) -> None:
        if depth > MAX_DEPTH:
            raise FunctionError(f"a value nests deeper than {MAX_DEPTH}")
        if value is None:
            self.write(f"{ANY}(nil)" if self.flags.syntax and static_type == ANY else "<nil>")
        elif isinstance(value, bytes) or type(value) is not Uint8:
            self._value(value, verb, depth + 1)
        elif self.flags.syntax:
            self._hex_number(value)
        else:
            self._integer(value, verb)

    def _object(self, value: Any, verb: str, depth: int) -> None:
        if not isinstance(value, GoObject) or (value.go_kind == "ptr" and depth):
            self._pointer(value, verb)
            return
        flags = self.flags
        name = type_name(value).removeprefix("*") if flags.syntax else ""
        self.write(("&" if value.go_kind == "ptr" else "") + name + "{")
        for index, (label, attribute) in enumerate(value.go_fields.items()):
            if index:
                self.write(", " if flags.syntax else " ")
            if flags.names or flags.syntax:
                self.write(label + ":")
            self._member(getattr(value, attribute), verb, depth, "")
        self.write("}")

    def _pointer(self, value: Any, verb: str) -> None:
        if kind_of(value) in ("slice", "map", "ptr") and verb in "vpbodxX":
            self._pad(POINTER.removeprefix("0x") if self.flags.sharp else POINTER)
        else:
            self._bad_verb(value, verb)


def _pairs(digits: str) -> list[str]:
    return [digits[at : at + 2] for at in range(0, len(digits), 2)]


def _with_point(text: str, verb: str, precision: int) -> str:
    """The flag `#`: a decimal point always, and for `g` its trailing zeros."""
    digits = 0
    if verb in "vgGx":
        digits = 6 if precision < 0 else precision
    ends = "pP" if verb in "xX" else "eEpP"
    cut = next((at for at, char in enumerate(text) if char in ends), len(text))
    body, tail = text[:cut], text[cut:]
    significant = body[1:].lstrip("0.")
    digits -= sum(char != "." for char in significant)
    if "." not in body:
        if body[1:] == "0":
            digits -= 1
        body += "."
    return body + "0" * max(digits, 0) + tail
