"""What a template can call: a Python function with the signature that it has in Go.

Declare one with its Go signature, and list it under the name that templates use:

    from events.languages.go_template.functions import FunctionError, declare

    def _trunc(length: int, text: str) -> str: ...
    def _atoi(text: str) -> int: ...
    def _now(context: RenderContext) -> GoTime: ...

    FUNCTIONS = {
        "trunc": declare("func(int, string) string", _trunc),
        "atoi": declare("func(string) int", _atoi),
        "cat": declare("func(...any) string", _cat),
        "regexMatch": declare("func(string, string) (bool, error)", _match),
        "now": declare("func() time.Time", _now, context=True),
        "set": declare("func(map[string]any, string, any) map[string]any", _set, mutates=True),
    }

- The call gets positional arguments, one a parameter, the variadic ones after them, all checked and converted by
  the engine as Go's reflection does it: it never sees a type that the signature does not name. Values are those
  of `events.languages.go_values`; a parameter `any` may be None, a `map[string]any` or `[]any` parameter too (nil).
- The result is put into the class of the declared result type (`int64`, `[]string`, ...), so a plain `int` or
  `list` will do there; a result declared `any` must be of the right class already.
- An `error` result and a panic of the Go function are both `raise FunctionError(text)` with Go's text; the
  engine adds `error calling NAME: `.
- `context=True`: the call gets the `RenderContext` before the other arguments (time, randomness, the outside).
- `mutates=True`: the call changes an argument in place; a template that names it works on a copy of its data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from events.errors import KikkakeError


class FunctionError(KikkakeError):
    """A function of a template failed: an `error` result of Go, or its panic. The text is Go's."""


class Randomness(Protocol):
    """Where random values come from; the caller of `render` owns it."""

    def bytes(self, count: int) -> bytes:
        """That many random bytes."""

    def integer(self, below: int) -> int:
        """A random integer of 0 up to, not including, `below`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderContext:
    """What a run of a template may know of the world."""

    now_ns: int
    """The time, in nanoseconds since 1970 UTC."""
    randomness: Randomness
    environment: Mapping[str, str] | None = None
    """The variables that `env` and `expandenv` read; None turns the two off."""
    should_stop: Callable[[], bool] | None = None
    """Asked at each round of a loop and each call of a template: True ends the run with an error."""
    resolve_host: Callable[[str], str] | None = None
    """What `getHostByName` asks, an address of the host or ""; None turns it off."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function and its Go signature; see `declare`."""

    call: Callable[..., Any]
    parameters: tuple[str, ...]
    """Go's type names, `interface {}` for `any`; of a variadic one the last is the type of one element."""
    result: str
    variadic: bool = False
    needs_context: bool = False
    mutates: bool = False
    signature: str = field(default="", compare=False)


def declare(
    signature: str, call: Callable[..., Any], *, context: bool = False, mutates: bool = False
) -> Function:
    """A function of the signature `func(int, ...string) (string, error)`.

    Raises:
        ValueError: the signature cannot be read.
    """
    if not signature.startswith("func("):
        raise ValueError(f"{signature!r} is no signature of a Go function")
    inside, _, results = signature.removeprefix("func(").partition(")")
    parameters = [go_type(part) for part in inside.split(",") if part.strip()]
    variadic = bool(parameters) and parameters[-1].startswith("...")
    if variadic:
        parameters[-1] = go_type(parameters[-1].removeprefix("..."))
    result = go_type(results.strip().removeprefix("(").partition(",")[0].removesuffix(")"))
    if not result or any(not name for name in parameters):
        raise ValueError(f"{signature!r} is no signature of a function that answers something")
    return Function(call, tuple(parameters), result, variadic, context, mutates, signature)


def go_type(text: str) -> str:
    """A type as Go prints it: `any` is `interface {}`, `byte` is `uint8`, `rune` is `int32`."""
    name = text.strip()
    for prefix in ("...", "[]", "map[string]"):
        if name.startswith(prefix):
            return prefix + go_type(name[len(prefix) :])
    return {"any": "interface {}", "interface{}": "interface {}", "byte": "uint8", "rune": "int32"}.get(
        name, name
    )
