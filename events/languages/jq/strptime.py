"""Reading dates as gojq does: the directives of `strptime`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from events.languages.jq.strftime import COMPOSED, DAYS, MONTHS

_SHORT_MONTHS = [name[:3] for name in MONTHS]
_SHORT_DAYS = [name[:3] for name in DAYS]

_NUMBERS: dict[str, tuple[str, int, int, int]] = {
    "m": ("month", 2, 1, 12),
    "d": ("day", 2, 1, 31),
    "e": ("day", 2, 1, 31),
    "H": ("hour", 2, 0, 23),
    "k": ("hour", 2, 0, 23),
    "I": ("hour", 2, 1, 12),
    "l": ("hour", 2, 1, 12),
    "M": ("minute", 2, 0, 59),
    "S": ("second", 2, 0, 60),
    "j": ("yearday", 3, 1, 366),
    "w": ("weekday", 1, 0, 6),
    "u": ("weekday", 1, 1, 7),
    "U": ("week", 2, 0, 53),
    "W": ("week", 2, 0, 53),
    "V": ("week", 2, 1, 53),
}
"""Field, digits at most, least and greatest."""
_NAMES: dict[str, tuple[str, Sequence[str]]] = {
    "B": ("month", MONTHS),
    "b": ("month", _SHORT_MONTHS),
    "h": ("month", _SHORT_MONTHS),
    "A": ("weekday", DAYS),
    "a": ("weekday", _SHORT_DAYS),
    "p": ("afternoon", ("AM", "PM")),
    "P": ("afternoon", ("AM", "PM")),
}


class NoDate(ValueError):
    """The text does not have the form."""


@dataclass(slots=True)
class Read:
    """What was read; parts may overflow. `offset` is seconds east of UTC."""

    year: int = 1900
    month: int = 1
    day: int = 0
    hour: int = 0
    minute: int = 0
    second: int = 0
    nanosecond: int = 0
    offset: int = 0
    yearday: int = 0
    weekday: int = -1
    week: int = -1
    week_rule: str = ""
    is_iso: bool = False
    afternoon: int = 0
    century: int = -1


def read(text: str, form: str) -> Read:
    """The parts of the date. Raises NoDate."""
    reader = _Reader(text)
    try:
        reader.read(form)
        reader.expect_end()
        _complete(reader.found)
    except NoDate as error:
        shown, wanted = orjson.dumps(text).decode(), orjson.dumps(form).decode()
        raise NoDate(f"failed to parse {shown} with {wanted}: {error}") from None
    return reader.found


def _complete(found: Read) -> None:
    """The date of a day of the year, or of a week."""
    if found.afternoon == 2:
        found.hour += 12
    if found.century >= 0:
        found.year = found.century * 100 + found.year % 100
    if found.day:
        return
    if found.yearday:
        if found.is_iso:
            raise NoDate('use "%Y" to parse non-ISO year for "%j"')
        found.month, found.day = 1, found.yearday
    elif found.week_rule:
        _complete_week(found)
    else:
        found.day = 1


def _complete_week(found: Read) -> None:
    if found.week_rule == "V" and not found.is_iso:
        raise NoDate('use "%G" to parse ISO year for "%V"')
    if found.week_rule != "V" and found.is_iso:
        raise NoDate('use "%Y" to parse non-ISO year for "%U" or "%W"')
    starts_on = {"U": 0, "W": 1, "V": 4}[found.week_rule]
    weekday = found.weekday if found.weekday >= 0 else (0 if found.week_rule == "U" else 1)
    week = found.week + (1 if starts_on and weekday == 0 else 0)
    # The weekday of the day `starts_on` days before January 1, counted as the calendar counts.
    before = _weekday(found.year, -starts_on)
    found.month, found.day = 1, -starts_on + week * 7 - before + weekday


def _weekday(year: int, day: int) -> int:
    last = year - 1
    days = last * 365 + last // 4 - last // 100 + last // 400 + day
    return days % 7


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self.at = 0
        self.found = Read()

    def read(self, form: str) -> None:
        place = 0
        while place < len(form):
            letter = form[place]
            place += 1
            if letter != "%":
                self._expect(letter)
                continue
            if place == len(form):
                raise NoDate('stray "%"')
            letter = form[place]
            place += 1
            colons = 0
            while letter == ":" and colons < 3 and place < len(form):
                colons += 1
                letter = form[place]
                place += 1
            if colons and letter != "z":
                raise NoDate(f"expected 'z' after \"%{':' * colons}\"")
            self._directive(letter, colons)

    def expect_end(self) -> None:
        if self.at < len(self._text):
            raise NoDate(f"unparsed string {orjson.dumps(self._text[self.at :]).decode()}")

    def _directive(self, letter: str, colons: int) -> None:
        found = self.found
        if letter in COMPOSED:
            self.read(COMPOSED[letter])
        elif letter in _NUMBERS:
            self._number_field(letter)
        elif letter in _NAMES:
            field, names = _NAMES[letter]
            value = self._name(names, letter)
            setattr(found, field, value - 1 if field == "weekday" else value)
        elif letter in "YG":
            found.is_iso = found.is_iso or letter == "G"
            sign = self._sign()
            found.year = sign * self._number(4, 0, 9999, letter)
        elif letter in "yg":
            found.is_iso = found.is_iso or letter == "g"
            year = self._number(2, 0, 99, letter)
            found.year = year + (2000 if year < 69 else 1900)
        elif letter == "C":
            if self._sign() < 0:
                raise NoDate('negative century is not supported for "%C"')
            found.century = self._number(2, 0, 99, "C")
        else:
            self._rare(letter, colons)

    def _rare(self, letter: str, colons: int) -> None:
        match letter:
            case "s":
                self._seconds()
            case "f":
                start = self.at
                value = self._number(6, 0, 999_999, "f")
                self.found.nanosecond = value * 10 ** (6 - (self.at - start)) * 1000
            case "z":
                self._offset(colons)
            case "Z":
                self._zone()
            case "t" | "n":
                start = self.at
                while self.at < len(self._text) and self._text[self.at] in " \t\n\v\f\r":
                    self.at += 1
                if start == self.at:
                    raise NoDate(f'expected a space for "%{letter}"')
            case "%":
                self._expect("%")
            case _:
                raise NoDate(f'unexpected format "%{letter}"')

    def _number_field(self, letter: str) -> None:
        field, digits, least, greatest = _NUMBERS[letter]
        if letter in "ekl" and self._text[self.at : self.at + 1] == " ":
            self.at += 1
        value = self._number(digits, least, greatest, letter)
        if letter in "Il" and value == 12:
            value = 0
        if letter == "u":
            value %= 7
        if field == "week":
            self.found.week_rule = letter
        setattr(self.found, field, value)

    def _expect(self, letter: str) -> None:
        if self._text[self.at : self.at + 1] != letter:
            raise NoDate(f"expected {_quoted(letter)}")
        self.at += 1

    def _sign(self) -> int:
        if self._text[self.at : self.at + 1] == "-":
            self.at += 1
            return -1
        return 1

    def _number(self, digits: int, least: int, greatest: int, letter: str) -> int:
        start = self.at
        while self.at < len(self._text) and self.at - start < digits and "0" <= self._text[self.at] <= "9":
            self.at += 1
        if start == self.at or not least <= int(self._text[start : self.at]) <= greatest:
            raise NoDate(f'cannot parse "%{letter}"')
        return int(self._text[start : self.at])

    def _name(self, names: Sequence[str], letter: str) -> int:
        for place, name in enumerate(names, 1):
            if self._text[self.at : self.at + len(name)].lower() == name.lower():
                self.at += len(name)
                return place
        raise NoDate(f'cannot parse "%{letter}"')

    def _seconds(self) -> None:
        sign = self._sign()
        value = sign * self._number(19, 0, 2**63 - 1, "s")
        days, of_day = divmod(value, 86_400)
        found = self.found
        found.year, found.month, found.day = 1970, 1, days + 1
        found.hour, found.minute, found.second = of_day // 3600, of_day // 60 % 60, of_day % 60

    def _offset(self, colons: int) -> None:
        shown = f'"%{":" * colons}z"'
        sign = self._text[self.at : self.at + 1]
        if sign == "Z":
            self.at += 1
            self.found.offset = 0
            return
        if sign not in {"+", "-"} or not sign:
            raise NoDate(f"cannot parse {shown}")
        self.at += 1
        hours = self._two_digits(23)
        if hours is None:
            raise NoDate(f"cannot parse {shown}")
        has_colon = self._text[self.at : self.at + 1] == ":"
        if has_colon:
            self.at += 1
        elif colons in {1, 2}:
            raise NoDate(f"expected ':' for {shown}")
        minutes = self._two_digits(59)
        if minutes is None:
            if colons not in {0, 3}:
                raise NoDate(f"cannot parse {shown}")
            minutes = 0
        seconds = 0
        if (colons > 1 or (colons == 0 and has_colon)) and self._text[self.at : self.at + 1] == ":":
            self.at += 1
            seconds = self._two_digits(59) or 0
        total = (hours * 60 + minutes) * 60 + seconds
        self.found.offset = -total if sign == "-" else total

    def _two_digits(self, greatest: int) -> int | None:
        text = self._text[self.at : self.at + 2]
        if len(text) == 2 and text.isascii() and text.isdigit() and int(text) <= greatest:
            self.at += 2
            return int(text)
        return None

    def _zone(self) -> None:
        start = self.at
        while self.at < len(self._text) and "A" <= self._text[self.at] <= "Z":
            self.at += 1
        name = self._text[start : self.at]
        # Go knows the letters of a zone, not where it lies: any name of three or four letters counts as UTC.
        if not 3 <= len(name) <= 5:
            raise NoDate(f'cannot parse {orjson.dumps(name).decode()} with "%Z"')


def _quoted(letter: str) -> str:
    return "'\\''" if letter == "'" else f"'{letter}'"
