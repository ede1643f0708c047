"""`spec.template` of an EventSource or Sensor: the pod that upstream makes for each (spec-sensors 1.6)."""

from __future__ import annotations

from typing import Any

from events.model import SpecModel


class PodMetadata(SpecModel):
    """Labels and annotations of the pods that upstream would make."""

    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None


class Container(SpecModel):
    """Container settings of the pods that upstream would make; nothing here runs in a pod of its own."""

    resources: dict[str, Any] | None = None
    env: list[dict[str, Any]] | None = None
    env_from: list[dict[str, Any]] | None = None
    volume_mounts: list[dict[str, Any]] | None = None
    security_context: dict[str, Any] | None = None
    image_pull_policy: str | None = None


class PodTemplate(SpecModel):
    """Pod settings. One gateway serves all, so that only the account has an effect."""

    metadata: PodMetadata | None = None
    service_account_name: str = ""
    """ServiceAccount to act as and to read Secrets with; empty = `default` of the namespace in a cluster, and whoever
    runs the gateway for files."""
    container: Container | None = None
    volumes: list[dict[str, Any]] | None = None
    security_context: dict[str, Any] | None = None
    node_selector: dict[str, str] | None = None
    tolerations: list[dict[str, Any]] | None = None
    affinity: dict[str, Any] | None = None
    image_pull_secrets: list[dict[str, Any]] | None = None
    priority_class_name: str | None = None
    priority: int | None = None


def account_of(namespace: str, template: PodTemplate | None) -> str | None:
    """The ServiceAccount (NAMESPACE/NAME) that a resource of `namespace` names, if it names one."""
    name = template.service_account_name if template is not None else ""
    return f"{namespace}/{name}" if name else None
