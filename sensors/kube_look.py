"""Looking at an object without leaving a doubt: nothing is sent that could change it."""

from __future__ import annotations

from events.ports import Kube, KubeError, KubeInDoubt, KubeNotSent, Object
from sensors.kube_target import Target


async def look(kube: Kube, target: Target, account: str | None) -> Object | None:
    """The object as it is; None where there is none. Raises KubeError, KubeNotSent, KindUnknown."""
    try:
        return await kube.get(target.api_version, target.kind, target.namespace, target.name, account=account)
    except KubeInDoubt as error:
        raise KubeNotSent(f"looking at {target.label}: {error}") from error
    except KubeError as error:
        if error.status == 404:
            return None
        raise
