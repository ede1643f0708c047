"""`printf`: Go's format strings, with `%!d(string=x)`, `%!d(MISSING)` and `%!(EXTRA int=1)` for what does not fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from events.languages.go_template.verbs import Printer
from events.languages.go_values import type_name

_MAX_NUMBER = 1_000_000
"""Beyond it a width or a precision does not count."""


def sprintf(template: str, values: Sequence[Any]) -> str:
    """`fmt.Sprintf`.

    Raises:
        FunctionError: the text gets too long, or a value is too deep.
    """
    return _Format(template, values).run()


class _Format:
    def __init__(self, template: str, values: Sequence[Any]) -> None:
        self._template = template
        self._values = values
        self._at = 0
        self._index = 0
        self._reordered = False
        self._good_index = True
        self._after_index = False
        self._printer = Printer()

    def run(self) -> str:
        template, printer = self._template, self._printer
        while self._at < len(template):
            percent = template.find("%", self._at)
            if percent < 0:
                printer.write(template[self._at :])
                break
            if percent > self._at:
                printer.write(template[self._at : percent])
            self._at = percent + 1
            self._directive()
        if not self._reordered and self._index < len(self._values):
            self._report_extra()
        return printer.text()

    def _char(self) -> str:
        return self._template[self._at : self._at + 1]

    def _directive(self) -> None:
        flags = self._printer.clear_flags()
        self._good_index = True
        while (char := self._char()) and char in "#0+- ":
            flags.set(char)
            self._at += 1
        # A plain lower-case verb right after the flags: what an index before it said no longer counts.
        if not ("a" <= char <= "z" and self._index < len(self._values)):
            self._read_index()
            self._read_width()
            self._read_precision()
            if not self._after_index:
                self._read_index()
        verb = self._char()
        if not verb:
            self._printer.write("%!(NOVERB)")
            return
        self._at += 1
        self._print(verb)

    def _print(self, verb: str) -> None:
        printer = self._printer
        if verb == "%":
            printer.write("%")
        elif not self._good_index:
            printer.write(f"%!{_shown(verb)}(BADINDEX)")
        elif self._index >= len(self._values):
            printer.write(f"%!{_shown(verb)}(MISSING)")
        else:
            printer.print_argument(self._values[self._index], _shown(verb))
            self._index += 1

    def _read_index(self) -> None:
        """An argument's number in brackets, `[2]`."""
        self._after_index = False
        if self._char() != "[":
            return
        self._reordered = True
        start = self._at + 1
        close = self._template.find("]", start)
        if close < 0:
            self._good_index = False
            self._at = start
            return
        self._at = close + 1
        digits = self._template[start:close]
        number = int(digits) if _is_number(digits) else -1
        self._after_index = number >= 0
        if 1 <= number <= len(self._values):
            self._index = number - 1
        else:
            self._good_index = False

    def _read_number(self) -> int | None:
        start = self._at
        while "0" <= self._char() <= "9" and self._char():
            self._at += 1
        digits = self._template[start : self._at]
        if digits and not _is_number(digits):
            self._at = len(self._template)  # Go gives up on the whole format
            return None
        return int(digits) if digits else None

    def _read_star(self) -> int | None:
        """The number that an argument gives for a `*`; None when it is none."""
        self._at += 1
        self._after_index = False
        if self._index >= len(self._values):
            return None
        value = self._values[self._index]
        self._index += 1
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _MAX_NUMBER:
            return int(value)
        return None

    def _read_width(self) -> None:
        flags = self._printer.flags
        if self._char() != "*":
            flags.width = self._read_number()
            if self._after_index and flags.width is not None:  # "%[3]2d"
                self._good_index = False
            return
        width = self._read_star()
        if width is None:
            self._printer.write("%!(BADWIDTH)")
        elif width < 0:
            flags.minus, flags.zero = True, False
            width = -width
        flags.width = width

    def _read_precision(self) -> None:
        if self._char() != "." or self._at + 1 >= len(self._template):
            return
        self._at += 1
        if self._after_index:  # "%[3].2d"
            self._good_index = False
        self._read_index()
        flags = self._printer.flags
        if self._char() != "*":
            flags.precision = self._read_number() or 0
            return
        precision = self._read_star()
        flags.precision = None if precision is None or precision < 0 else precision
        if flags.precision is None:
            self._printer.write("%!(BADPREC)")

    def _report_extra(self) -> None:
        printer = self._printer
        printer.clear_flags()
        printer.write("%!(EXTRA ")
        for index, value in enumerate(self._values[self._index :]):
            if index:
                printer.write(", ")
            if value is None:
                printer.write("<nil>")
            else:
                printer.write(f"{type_name(value)}=")
                printer.print_argument(value, "v")
        printer.write(")")


def _is_number(digits: str) -> bool:
    """Digits that Go's reader takes: it stops once the number so far is beyond the limit."""
    return digits.isascii() and digits.isdigit() and (len(digits) == 1 or int(digits[:-1]) <= _MAX_NUMBER)


def _shown(verb: str) -> str:
    return "\ufffd" if "\ud800" <= verb <= "\udfff" else verb
