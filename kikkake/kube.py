"""Logging in to a cluster: kubeconfig, context, or the pod's own account. The only importer of kubernetes_asyncio.

Importing this module costs about 400 ms and 60 MB: import it where a cluster is used, and nowhere else.
The library reads kubeconfig files (exec plugins, OIDC, token files); the requests are made by `kube_client.py`.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from pathlib import Path
from typing import Any

import yaml
from kubernetes_asyncio.client import Configuration
from kubernetes_asyncio.config import (
    ConfigException,
    load_incluster_config,
    load_kube_config,
)
from kubernetes_asyncio.config.kube_config import KUBE_CONFIG_DEFAULT_LOCATION

from events.errors import KikkakeError
from kikkake.kube_client import KubeClient
from kikkake.kube_http import Login

_TOKEN = "BearerToken"  # noqa: S105 - the library's name for the place where it keeps the header's value
_EXEC_TIMEOUT_S = 60.0
"""An exec plugin may open a browser; after this the login has failed."""


class ClusterUnusable(KikkakeError):
    """No usable way into the cluster: the text says which file or context, and what is wrong with it."""


async def connect_kubeconfig(
    file: Path | None = None,
    context: str | None = None,
    *,
    timeout_s: float = 30.0,
    impersonates: bool = False,
) -> KubeClient:
    """A client for a context of a kubeconfig; None means $KUBECONFIG or the home folder's, and its current context.

    Reads files and may run an exec plugin, but sends nothing to the API server. Raises ClusterUnusable.
    """
    where = str(file) if file is not None else KUBE_CONFIG_DEFAULT_LOCATION
    configuration = Configuration()
    await _load_kubeconfig(where, context, configuration)

    async def authorization() -> str | None:
        token: str | None = configuration.api_key.get(_TOKEN)
        return token

    async def renew() -> None:
        # A new loader reads the file again and runs the exec plugin again: either may have a new token.
        await _load_kubeconfig(where, context, configuration)

    return KubeClient(
        _login(configuration, authorization, renew), timeout_s=timeout_s, impersonates=impersonates
    )


async def connect_in_cluster(*, timeout_s: float = 30.0, impersonates: bool = False) -> KubeClient:
    """A client with the pod's own account; its token file is read again every minute. Raises ClusterUnusable."""
    configuration = Configuration()
    _load_in_cluster(configuration)

    async def authorization() -> str | None:
        token: str | None = await configuration.get_api_key_with_prefix(_TOKEN)
        return token

    async def renew() -> None:
        _load_in_cluster(configuration)

    return KubeClient(
        _login(configuration, authorization, renew), timeout_s=timeout_s, impersonates=impersonates
    )


async def _load_kubeconfig(where: str, context: str | None, configuration: Configuration) -> None:
    try:
        if not any(Path(part).expanduser().exists() for part in where.split(os.pathsep) if part):  # noqa: ASYNC240 - once, a local file
            raise ClusterUnusable(f"{where}: no such kubeconfig file; give --kubeconfig FILE")
        async with asyncio.timeout(_EXEC_TIMEOUT_S):
            await load_kube_config(where, context, client_configuration=configuration, persist_config=False)
    except TimeoutError as error:
        raise ClusterUnusable(f"{where}: its exec plugin gave no token in {_EXEC_TIMEOUT_S:.0f} s") from error
    except (ConfigException, OSError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        # The library indexes what it expects: a kubeconfig with holes gives any of these.
        named = f", context {context}" if context else ""
        raise ClusterUnusable(f"{where}{named}: not a usable kubeconfig: {error}") from error


def _load_in_cluster(configuration: Configuration) -> None:
    try:
        load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]  # the library's
    except (ConfigException, OSError) as error:
        raise ClusterUnusable(f"not inside a cluster: {error}; use --context or --kubeconfig") from error


def _login(configuration: Configuration, authorization: Any, renew: Any) -> Login:
    url = str(configuration.host).rstrip("/")
    return Login(
        url=url,
        tls=_tls(configuration) if url.startswith("https:") else None,
        server_name=configuration.tls_server_name,
        proxy=configuration.proxy,
        authorization=authorization,
        renew=renew,
    )


def _tls(configuration: Configuration) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, keyfile=configuration.key_file)
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
