"""Every row of upstream's validation of an EventBus (spec-sensors 2.5)."""

import pytest

from events.resource import ResourceDocument
from kikkake.event_bus_check import event_bus_faults


def faults(spec: object) -> list[tuple[str, str]]:
    value = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "EventBus",
        "metadata": {"name": "default"},
        "spec": spec,
    }
    return [(found.at, found.what) for found in event_bus_faults(ResourceDocument(value, "bus.yaml", {}))]


NONE = 'invalid spec: either "nats", "jetstream", "jetstreamExotic", or "kafka" needs to be specified'


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, [("spec", NONE)]),
        (None, [("spec", NONE)]),
        ("text", [("spec", NONE)]),
        (
            {"nats": {"native": {}, "exotic": {"clusterID": "c", "url": "u"}}},
            [("spec.nats", '"spec.nats.native" and "spec.nats.exotic" can not be defined together')],
        ),
        ({"nats": {}}, [("spec.nats", 'either "native" or "exotic" must be defined')]),
        (
            {"nats": {"exotic": {}}},
            [
                ("spec.nats.exotic.clusterID", '"spec.nats.exotic.clusterID" is missing'),
                ("spec.nats.exotic.url", '"spec.nats.exotic.url" is missing'),
            ],
        ),
        (
            {"jetstream": {}},
            [("spec.jetstream.version", "invalid spec: a version for jetstream needs to be specified")],
        ),
        (
            {"jetstream": {"version": "latest", "replicas": 2}},
            [
                (
                    "spec.jetstream.replicas",
                    "invalid spec: a jetstream eventbus requires 1 replica or >= 3 replicas",
                )
            ],
        ),
        (
            {"jetstream": {"version": "latest", "replicas": 0}},
            [
                (
                    "spec.jetstream.replicas",
                    "invalid spec: a jetstream eventbus requires 1 replica or >= 3 replicas",
                )
            ],
        ),
        ({"kafka": {}}, [("spec.kafka.url", '"spec.kafka.url" is missing')]),
        ({"jetstreamExotic": {}}, [("spec.jetstreamExotic.url", '"spec.jetstreamExotic.url" is missing')]),
        ({"jetstream": {"version": "latest"}}, []),
        ({"jetstream": {"version": "latest", "replicas": 3}}, []),
        ({"nats": {"native": {"replicas": 3}}}, []),
        ({"kafka": {"url": "broker:9092"}, "jetstream": {"version": "latest"}}, []),
    ],
)
def test_an_event_bus_is_refused_as_upstream_refuses_it(spec, expected):
    assert faults(spec) == expected
