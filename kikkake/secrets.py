"""Values of Secrets and ConfigMaps: from mounted files, the environment, and a cluster.

Each is an adapter of `events.ports.Secrets`; `FirstOf` asks several in order. No value ever stands in a message,
a repr or a log line.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from events.clock import US_PER_S, Clock
from events.ports import (
    KindUnknown,
    Kube,
    KubeError,
    KubeInDoubt,
    KubeNotSent,
    SecretRef,
    Secrets,
    SecretUnavailable,
)
from events.shell import command

_NAME = re.compile(r"[-._a-zA-Z0-9]{1,253}", re.ASCII)
_MAX_VALUE_BYTES = 1_048_576
"""A Secret is at most 1 MiB in Kubernetes."""
_KEEP_S = 30.0
"""Seconds that a Secret read from a cluster is used again: how long a rotation may take to arrive."""
_KEEP_FAILURE_S = 2.0
"""Seconds after which a Secret that could not be read is asked for again."""
_MAX_KEPT = 1024


@dataclass(frozen=True, slots=True)
class _Kept:
    """A value with its file, and what that looked like."""

    file: str
    mark: tuple[int, int, int]
    value: bytes = field(repr=False)


class FileSecrets:
    """A folder with one file a key: `FOLDER/NAME/KEY`, as upstream and Kubernetes mount them.

    ConfigMaps stand in a folder of their own where one is given, else beside the Secrets. A file is read again when
    it has changed, so that a rotated mount is seen at once.
    """

    def __init__(self, folder: Path, config_folder: Path | None = None) -> None:
        self._folders = {"Secret": folder, "ConfigMap": config_folder or folder}
        self._kept: dict[SecretRef, _Kept] = {}

    async def read(self, ref: SecretRef) -> bytes:
        """Raises SecretUnavailable: no such file, or a name that would lead out of the folder."""
        kept = self._kept.get(ref)
        file = self._file(ref) if kept is None else kept.file
        try:
            # 2 us each delivery, on the text of the path; through the links that Kubernetes swaps on rotation.
            found = os.stat(file)  # noqa: PTH116
            mark = (found.st_mtime_ns, found.st_size, found.st_ino)
            if kept is None or kept.mark != mark:
                if found.st_size > _MAX_VALUE_BYTES:
                    raise SecretUnavailable(f"{ref}: its file is larger than 1 MiB")
                kept = _Kept(file, mark, _without_newline(Path(file).read_bytes()))  # noqa: ASYNC240 - a local file
                self._kept[ref] = kept
        except OSError as error:
            self._kept.pop(ref, None)
            where = f"{ref.name}/{ref.key} in its folder"
            raise SecretUnavailable(f"{ref}: {error.strerror} ({where})") from error
        return kept.value

    def _file(self, ref: SecretRef) -> str:
        folder = self._folders.get(ref.kind)
        if folder is None or not (_is_name(ref.name) and _is_name(ref.key)):
            raise SecretUnavailable(f"{ref} is not a name and key that a file can have")
        return str(folder / ref.name / ref.key)


class EnvironmentSecrets:
    """Environment variables `KIKKAKE_SECRET__NAME__KEY` and `KIKKAKE_CONFIGMAP__NAME__KEY`.

    Name and key in upper case, every other character than letters and digits as `_`; of two keys that give the same
    variable neither is told from the other, so that such names need another way. The environment is read once.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._values = {
            name: value
            for name, value in environment.items()
            if name.startswith(("KIKKAKE_SECRET__", "KIKKAKE_CONFIGMAP__"))
        }

    async def read(self, ref: SecretRef) -> bytes:
        """Raises SecretUnavailable: no such variable."""
        variable = environment_name(ref)
        try:
            return _without_newline(self._values[variable].encode("utf-8", "surrogateescape"))
        except KeyError:
            raise SecretUnavailable(f"{ref}: no environment variable {variable}") from None


def environment_name(ref: SecretRef) -> str:
    """The variable of a reference: `KIKKAKE_SECRET__GITHUB__WEBHOOK_SECRET`."""
    name, key = (re.sub(r"[^A-Z0-9]", "_", part.upper()) for part in (ref.name, ref.key))
    return f"KIKKAKE_{ref.kind.upper()}__{name}__{key}"


class KubeSecrets:
    """Secrets and ConfigMaps of a cluster, kept for some seconds."""

    def __init__(self, kube: Kube, clock: Clock, accounts: Mapping[str, str] | None = None) -> None:
        """`accounts`: the ServiceAccount (NAMESPACE/NAME) to read with, by namespace; others with our own."""
        self._kube = kube
        self._clock = clock
        self._accounts = accounts or {}
        self._kept: dict[tuple[str, str, str], tuple[int, dict[str, bytes] | SecretUnavailable]] = {}

    async def read(self, ref: SecretRef) -> bytes:
        """Raises SecretUnavailable: not there, not readable with that account, or no answer."""
        at = (ref.kind, ref.namespace, ref.name)
        until_us, kept = self._kept.get(at, (0, SecretUnavailable("")))
        if until_us <= self._clock.now_us():
            kept = await self._fetch(ref)
            seconds = _KEEP_FAILURE_S if isinstance(kept, SecretUnavailable) else _KEEP_S
            if len(self._kept) >= _MAX_KEPT:
                self._kept.clear()
            self._kept[at] = (self._clock.now_us() + round(seconds * US_PER_S), kept)
        if isinstance(kept, SecretUnavailable):
            raise SecretUnavailable(str(kept))
        if ref.key not in kept:
            raise SecretUnavailable(f"{ref}: there is no such key; keys: {', '.join(sorted(kept)) or 'none'}")
        return kept[ref.key]

    async def _fetch(self, ref: SecretRef) -> dict[str, bytes] | SecretUnavailable:
        try:
            found = await self._kube.get(
                "v1", ref.kind, ref.namespace, ref.name, account=self._accounts.get(ref.namespace)
            )
            return values_of(found, is_secret=ref.kind == "Secret")
        except KubeError as error:
            return SecretUnavailable(f"{ref}: {_why(error, ref)}")
        except (KubeNotSent, KubeInDoubt, KindUnknown) as error:
            return SecretUnavailable(f"{ref}: {error}")
        except ValueError:
            return SecretUnavailable(f"{ref}: its data is not base64")


class FirstOf:
    """Several places in order; the first that has the value gives it."""

    def __init__(self, places: Sequence[Secrets]) -> None:
        self._places = tuple(places)

    async def read(self, ref: SecretRef) -> bytes:
        """Raises SecretUnavailable, with what each place said."""
        said: list[str] = []
        for place in self._places:
            try:
                return await place.read(ref)
            except SecretUnavailable as error:
                said.append(str(error).removeprefix(f"{ref}: "))
        raise SecretUnavailable(f"{ref}: {'; '.join(said) or 'no place to read it from: give --secrets DIR'}")


def _is_name(text: str) -> bool:
    return bool(_NAME.fullmatch(text)) and text not in {".", ".."}


def _without_newline(value: bytes) -> bytes:
    # One, as upstream: a value that ends in two keeps the first (spec-sensors 1.5).
    return value.removesuffix(b"\n")


def values_of(found: dict[str, Any], *, is_secret: bool) -> dict[str, bytes]:
    """The values of a Secret or ConfigMap, each without one trailing newline. Raises ValueError: not base64."""
    values = {
        str(key): base64.b64decode(value, validate=True) if is_secret else str(value).encode()
        for key, value in (found.get("data") or {}).items()
    }
    for key, value in (found.get("binaryData") or {}).items():
        values[str(key)] = base64.b64decode(value, validate=True)
    return {key: _without_newline(value) for key, value in values.items()}


def _why(error: KubeError, ref: SecretRef) -> str:
    if error.status == 404:
        return "it does not exist"
    if error.status == 403:
        resource = "secrets" if ref.kind == "Secret" else "configmaps"
        allow = command(
            *("kubectl", "-n", ref.namespace, "create", "role", f"kikkake-{ref.name}"),
            *("--verb=get,watch", f"--resource={resource}", f"--resource-name={ref.name}"),
        )
        return f"{error.message}. To allow: {allow}, and bind it to that account"
    return str(error)
