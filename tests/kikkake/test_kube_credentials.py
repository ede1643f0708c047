"""Credentials that fail while the process runs: nothing was sent, so that an attempt is tried again."""

from collections.abc import Awaitable, Callable

import pytest

from events.ports import KubeNotSent
from kikkake.kube import ClusterUnusable
from kikkake.kube_client import KubeClient
from kikkake.kube_http import Login
from tests.servers.http_sink import HttpSink, Reply


async def token() -> str:
    return "Bearer old"


async def no_token() -> str:
    raise FileNotFoundError(2, "No such file or directory", "/var/run/secrets/token")


async def no_renewal() -> None:
    raise ClusterUnusable("config: its exec plugin gave no token in 60 s")


def client(sink: HttpSink, authorization: Callable[[], Awaitable[str | None]]) -> KubeClient:
    login = Login(
        url=sink.url.rstrip("/"),
        tls=None,
        server_name=None,
        proxy=None,
        authorization=authorization,
        renew=no_renewal,
    )
    return KubeClient(login)


async def test_a_refused_token_that_cannot_be_renewed_is_no_crash(http_sink: HttpSink):
    http_sink.answers.append(Reply(401))
    kube = client(http_sink, token)
    try:
        with pytest.raises(KubeNotSent, match="no credentials for the API server: config: its exec plugin"):
            await kube.get("v1", "ConfigMap", "ci", "x")
    finally:
        await kube.close()


async def test_a_token_that_cannot_be_read_sends_nothing(http_sink: HttpSink):
    kube = client(http_sink, no_token)
    try:
        with pytest.raises(KubeNotSent, match="No such file or directory"):
            await kube.get("v1", "ConfigMap", "ci", "x")
    finally:
        await kube.close()
    assert http_sink.received == []
