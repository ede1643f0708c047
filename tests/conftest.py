"""Real servers for all tests. One of each kind a run; a test that needs one carries its marker and its fixture."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.servers.argo import install_argo
from tests.servers.http_sink import HttpSink
from tests.servers.inventory import reason_missing
from tests.servers.kafka import KafkaServer
from tests.servers.kube import KubeServer
from tests.servers.kube_reader import KubeReader


@pytest.fixture(scope="session", autouse=True)
def main_event_loop() -> Iterator[None]:
    """pytest-asyncio asks for the thread's loop, which Python makes for the asking and nobody would close."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    loop.close()


def require(name: str) -> None:
    """Skip the test where what it needs is not there; in continuous integration that is a failure."""
    if reason := reason_missing(name):
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def kube_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubeServer]:
    require("kube")
    server = KubeServer.start(tmp_path_factory.mktemp("kube"))
    yield server
    server.stop()


@pytest.fixture
def kube_reader(kube_server: KubeServer) -> Iterator[KubeReader]:
    with kube_server.reader() as reader:
        yield reader


@pytest.fixture
async def kube_client(kube_server: KubeServer) -> AsyncIterator[Any]:
    """The gateway's own client, as the admin."""
    from kikkake.kube import connect_kubeconfig  # noqa: PLC0415 - heavy, and only some tests need it

    client = await connect_kubeconfig(kube_server.kubeconfig)
    yield client
    await client.close()


@pytest.fixture
def kube_namespace(kube_reader: KubeReader) -> str:
    """A namespace of its own for the test; it stays, since nothing here could remove it."""
    name = f"test-{secrets.token_hex(4)}"
    kube_reader.create("/api/v1/namespaces", {"metadata": {"name": name}})
    return name


@pytest.fixture
def argo(kube_reader: KubeReader) -> None:
    """The kinds of Argo Workflows, without a controller."""
    install_argo(kube_reader)


@pytest.fixture(scope="session")
def kafka_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    require("kafka")
    server = KafkaServer.start(tmp_path_factory.mktemp("kafka"))
    yield server
    server.stop()


@pytest.fixture
async def http_sink() -> AsyncIterator[HttpSink]:
    async with HttpSink() as sink:
        yield sink
