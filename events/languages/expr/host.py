"""The functions that event sources give to expressions beside the data.

`asInt`, `asFloat`, `toJson`, `jsonpath`, and `sprig.NAME`: sprig's functions but for `env` and `expandenv`. Arguments
are checked as Go's reflection checks them, which converts nothing: a number of the event is a float64 and no `int`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from events.languages.expr.builtins_scalars import as_float, as_int
from events.languages.expr.builtins_text import bounded
from events.languages.expr.errors import Fault
from events.languages.expr.json_text import compact_json, read_value
from events.languages.expr.run import Run
from events.languages.expr.values import (
    MAX_LOOKED_AT,
    SLICES,
    AnyMap,
    EntryList,
    HostFunction,
    KeySet,
    NilList,
    type_of,
)
from events.languages.go_template.functions import Function, FunctionError, RenderContext
from events.languages.go_values import ANY, NO_VALUE, IntList, class_of
from events.languages.jsonpath import JsonPathError, compile_jsonpath
from events.languages.sprig import FUNCTIONS as SPRIG

_NOT_GIVEN: Final = frozenset({"env", "expandenv"})
_TOO_SLOW: Final = frozenset(
    {
        *("bcrypt", "buildCustomCert", "decryptAES", "derivePassword", "encryptAES", "genCA", "genCAWithKey"),
        *("genPrivateKey", "genSelfSignedCert", "genSelfSignedCertWithKey", "genSignedCert"),
        *("genSignedCertWithKey", "htpasswd"),
    }
)
"""Keys, certificates and slow hashes: up to seconds for one event, and nothing that a filter is for."""
_CALL_STEPS: Final = 50
"""A call of a function that is no builtin, beside what it looks at."""


def _check(arguments: Sequence[Any], wanted: Sequence[str], *, is_variadic: bool = False) -> None:
    """Raise Fault where Go's reflection would not make the call."""
    least = len(wanted) - is_variadic
    if len(arguments) < least or (len(arguments) > least and not is_variadic):
        size = "few" if len(arguments) < least else "many"
        raise Fault(f"reflect: Call with too {size} input arguments")
    for index, given in enumerate(arguments):
        parameter = wanted[min(index, len(wanted) - 1)]
        named = ANY if given is None else type_of(given)
        if parameter in {ANY, named}:
            continue
        if index >= least:
            raise Fault(f"reflect: cannot use {named} as type {parameter} in Call")
        raise Fault(f"reflect: Call using {named} as type {parameter}")


def _host(wanted: tuple[str, ...], call: Callable[[list[Any], Run], Any]) -> HostFunction:
    def checked(arguments: list[Any], run: Run) -> Any:
        _check(arguments, wanted)
        return call(arguments, run)

    return HostFunction(checked)


def _to_json(arguments: list[Any], _run: Run) -> str:
    try:
        return compact_json(arguments[0])
    except Fault:
        return ""  # as upstream, which keeps the reason to itself


def _jsonpath(arguments: list[Any], run: Run) -> Any:
    document = read_value(arguments[0])
    try:
        found, looked_at = compile_jsonpath(arguments[1]).search(document)
    except JsonPathError as error:
        raise Fault(str(error), quoted=arguments[1]) from None
    run.spend(_CALL_STEPS + looked_at)
    return found


class _NoRandomness:
    """An event is published or not: nothing random decides that here."""

    def bytes(self, count: int) -> bytes:
        raise FunctionError(f"{count} random bytes are not to be had in a filter")

    def integer(self, below: int) -> int:
        raise FunctionError(f"a random number below {below} is not to be had in a filter")


def _sprig(name: str, arguments: list[Any], run: Run) -> Any:
    if name in _TOO_SLOW:
        raise Fault(f"sprig.{name} is not carried out in filters: it computes too long")
    run.spend(_CALL_STEPS)
    function = SPRIG[name]
    _check(arguments, function.parameters, is_variadic=function.variadic)
    if function.mutates and any(each is _SPRIG for each in arguments):
        raise Fault("sprig itself cannot be changed")
    given = [_given(each) for each in arguments]
    try:
        if function.needs_context:
            if run.now_us is None:
                raise Fault("the time is not known here")
            context = RenderContext(now_ns=run.now_us * 1000, randomness=_NoRandomness())
            return _result(function, function.call(context, *given))
        return _result(function, function.call(*given))
    except FunctionError as error:
        raise Fault(str(error), quoted=str(error)) from None


def _given(value: Any) -> Any:
    """A value in the classes that templates know."""
    found = type(value)
    if found is range:
        return IntList(value)
    if found is NilList:
        return []
    if found is EntryList:
        return [[_given(each) for each in entry] for entry in value]
    if isinstance(value, AnyMap | KeySet | HostFunction) or (
        found in SLICES and type_of(value) == "[2]interface {}"
    ):
        raise Fault(f"a {type_of(value)} cannot be given to a function of sprig")
    if found is list:
        return [_given(each) for each in value]
    return value


def _result(function: Function, value: Any) -> Any:
    if value is NO_VALUE:
        return None
    if isinstance(value, str):
        bounded(len(value))
    elif isinstance(value, list | dict) and len(value) > MAX_LOOKED_AT:
        raise Fault("memory budget exceeded")
    cls = class_of(function.result)
    if cls is None or type(value) is cls:
        return value
    return cls() if value is None else cls(value)


_SPRIG: Final[dict[str, Any]] = {
    name: HostFunction(partial(_sprig, name)) for name in SPRIG if name not in _NOT_GIVEN
}
_FUNCTIONS: Final[dict[str, Any]] = {
    "asInt": _host((ANY,), lambda arguments, _run: as_int(arguments)),
    "asFloat": _host((ANY,), lambda arguments, _run: as_float(arguments)),
    "toJson": _host((ANY,), _to_json),
    "jsonpath": _host(("string", "string"), _jsonpath),
    "sprig": _SPRIG,
}


def host_functions() -> dict[str, Any]:
    """By name, for the environment of a run; they win over data of the same name."""
    return dict(_FUNCTIONS)
