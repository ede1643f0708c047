"""Namespaces that are named: served with their label, also where an account may see nothing but them."""

import asyncio

import pytest

from events.clock import ManualClock
from kikkake.cluster.namespaces import NamedNamespaces
from kikkake.cluster.resources import is_labelled

pytestmark = pytest.mark.kube


async def test_it_tells_of_each_at_once_and_of_a_label_at_the_next_look(
    kube_client, kube_reader, kube_namespace
):
    clock, told = ManualClock(0), []

    def changed(kind, name, found):
        told.append((kind, name[1], found is not None and is_labelled(found)))

    named = NamedNamespaces(kube_client, clock, [kube_namespace, "not-there"], changed)
    task = asyncio.create_task(named.run(), name="namespaces")
    async with asyncio.timeout(20):
        await named.is_synced.wait()
    assert told == [("Namespace", kube_namespace, False), ("Namespace", "not-there", False)]

    kube_reader.patch(
        f"/api/v1/namespaces/{kube_namespace}", {"metadata": {"labels": {"kikkake/enabled": "true"}}}
    )
    async with asyncio.timeout(20):
        while len(told) < 3:
            clock.advance(10)
            await asyncio.sleep(0.01)  # the answer is on its way
    assert told[2] == ("Namespace", kube_namespace, True)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
