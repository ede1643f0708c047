"""Names of Kubernetes objects as arguments: wrong ones are told at once; none can break a command that is printed."""

from __future__ import annotations

import re
from typing import Any

import click

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9]([-a-z0-9.]*[a-z0-9])?")


class _NamespaceName(click.ParamType[str]):
    """A namespace."""

    name = "namespace"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not _LABEL.fullmatch(value):
            self.fail(f"`{value}` is no name of a namespace: lower-case letters, digits and `-`", param, ctx)
        return str(value)


class _AccountName(click.ParamType[tuple[str, str]]):
    """NAMESPACE/NAME of a ServiceAccount."""

    name = "account"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        namespace, slash, name = value.partition("/")
        if not slash or not _LABEL.fullmatch(namespace) or not _SUBDOMAIN.fullmatch(name):
            self.fail(f"`{value}` is no account: write NAMESPACE/NAME, such as kikkake/kikkake", param, ctx)
        return namespace, name


NAMESPACE_NAME = _NamespaceName()
ACCOUNT = _AccountName()
