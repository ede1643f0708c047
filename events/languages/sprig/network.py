"""sprig: what reads the world outside (`env`, `expandenv`, `getHostByName`). Off unless the operator turns them on.

The templates belong to tenants, the gateway's environment does not: the context of a run carries variables and a
resolver only where the operator has set them.
"""

from __future__ import annotations

from events.languages.go_template.functions import Function, FunctionError, RenderContext, declare
from events.languages.sprig.expansion import expand

ENVIRONMENT_SETTING = "--template-env"
RESOLVER_SETTING = "--template-dns"
"""The operator's settings that turn the functions on."""


def _env(context: RenderContext, name: str) -> str:
    return _variables(context, "env").get(name, "")


def _expandenv(context: RenderContext, text: str) -> str:
    variables = _variables(context, "expandenv")
    return expand(text, lambda name: variables.get(name, ""))


def _variables(context: RenderContext, function: str) -> dict[str, str]:
    if context.environment is None:
        raise FunctionError(
            f"{function} reads the gateway's environment, which is off; "
            f"the operator's setting {ENVIRONMENT_SETTING} allows it"
        )
    return dict(context.environment)


def _get_host_by_name(context: RenderContext, name: str) -> str:
    if context.resolve_host is None:
        raise FunctionError(
            f"getHostByName asks the network, which is off; the operator's setting {RESOLVER_SETTING} allows it"
        )
    address = context.resolve_host(name)
    if not address:
        # Go draws one of no addresses.
        raise FunctionError("invalid argument to Intn")
    return address


FUNCTIONS: dict[str, Function] = {
    "env": declare("func(string) string", _env, context=True),
    "expandenv": declare("func(string) string", _expandenv, context=True),
    "getHostByName": declare("func(string) string", _get_host_by_name, context=True),
}
