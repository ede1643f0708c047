"""Settings of a process."""

import dataclasses
from pathlib import Path

import pytest

from kikkake.settings import ClusterSettings, ListenSettings, RunSettings


@pytest.mark.parametrize(
    ("settings", "label"),
    [
        (ClusterSettings(context="kind-dev"), "kind-dev"),
        (ClusterSettings(context="kind-dev", kubeconfig="k"), "kind-dev"),
        (ClusterSettings(kubeconfig="dir/k.yaml"), "kubeconfig dir/k.yaml"),
        (ClusterSettings(in_cluster=True), "in-cluster"),
    ],
)
def test_a_target_is_named_for_the_first_line(settings, label):
    assert settings.label == label


def test_by_default_nothing_listens_to_other_machines():
    listen = ListenSettings()
    assert {listen.deliveries_host, listen.metrics_host, listen.admin_host} == {"127.0.0.1"}


def test_settings_are_frozen():
    settings = RunSettings(paths=(), data=Path("data"), cluster=None)
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.watch = False
