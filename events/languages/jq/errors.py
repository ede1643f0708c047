"""What can go wrong in a jq program, in gojq's words."""

from __future__ import annotations

from typing import Any

from events.errors import KikkakeError
from events.languages.jq.encoding import encode, preview, type_name


class JqError(KikkakeError):
    """A program that cannot be read, or that failed. `line` counts from 1; 0 where no place is known."""

    def __init__(self, text: str, line: int = 0) -> None:
        self.line = line
        super().__init__(text)


class Failure(JqError):
    """A failure while the program runs; `try` catches it."""

    @property
    def value(self) -> Any:
        """What `catch` sees."""
        return str(self)


class Raised(Failure):
    """`error(value)`."""

    def __init__(self, value: Any) -> None:
        self._value = value
        super().__init__("error: " + (value if isinstance(value, str) else encode(value)))

    @property
    def value(self) -> Any:
        """What the program raised."""
        return self._value


class Halted(JqError):
    """`halt` and `halt_error`: `try` does not catch it."""

    def __init__(self, value: Any = None) -> None:
        super().__init__("halt error: " + (value if isinstance(value, str) else encode(value)))


class Broken(Exception):
    """`break $label`; `label` is the very activation that it leaves."""

    def __init__(self, label: object) -> None:
        self.label = label
        super().__init__("label not defined")


def told(value: Any) -> str:
    """Type and beginning of a value."""
    return "null" if value is None else f"{type_name(value)} ({preview(value)})"


def cannot_apply(name: str, value: Any, *arguments: Any) -> Failure:
    """`NAME(ARGUMENTS) cannot be applied to: VALUE`."""
    inside = f"({'; '.join(preview(each) for each in arguments)})" if arguments else ""
    return Failure(f"{name}{inside} cannot be applied to: {told(value)}")


def failed_on(name: str, value: Any, reason: str, *arguments: Any) -> Failure:
    """`NAME(ARGUMENTS) cannot be applied to VALUE: REASON`."""
    inside = f"({'; '.join(preview(each) for each in arguments)})" if arguments else ""
    return Failure(f"{name}{inside} cannot be applied to {preview(value)}: {reason}")


def expected(what: str, value: Any) -> Failure:
    """`expected WHAT but got: VALUE`."""
    return Failure(f"expected {what} but got: {told(value)}")
