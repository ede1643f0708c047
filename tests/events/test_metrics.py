"""Metrics: families that can be collected, one registry a process."""

from prometheus_client import generate_latest

from events.metrics import Metrics


def test_every_family_is_ours_and_can_be_collected():
    metrics = Metrics()
    metrics.ingest_rejected.labels("ci/in", "token").inc()
    text = generate_latest(metrics.registry).decode()
    assert 'kikkake_ingest_rejected_total{cause="token",event_source="ci/in"} 1.0' in text
    names = {family.name for family in metrics.registry.collect()}
    assert names
    assert all(name.startswith("kikkake_") for name in names)


def test_two_of_them_do_not_share_anything():
    first, second = Metrics(), Metrics()
    first.connections.set(3)
    assert second.registry.get_sample_value("kikkake_connections") == 0
