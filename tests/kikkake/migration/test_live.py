"""Looking at a cluster where Argo Events was never installed."""

import asyncio

import pytest
from click.testing import CliRunner

from kikkake.cli.main import main

pytestmark = pytest.mark.kube


async def test_a_cluster_without_the_kinds_is_told_apart_from_an_empty_namespace(kube_server):
    arguments = ["migrate", "--all-namespaces", "--kubeconfig", str(kube_server.kubeconfig)]
    answer = await asyncio.to_thread(CliRunner().invoke, main, arguments)
    assert answer.exit_code == 3
    assert "Argo Events is not installed here; name files to look at those" in answer.output
