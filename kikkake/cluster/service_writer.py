"""One round for the Service and the EndpointSlice of an EventSource: read what stands there, write what differs.

Every write is bound to what was read (a resourceVersion, a uid, or that nothing was there): what somebody else did
meanwhile answers 409, and the next round sees it. What is not ours is never written to.
"""

from __future__ import annotations

import orjson

from events.ports import Kube, KubeError, Object
from kikkake.cluster import service_troubles
from kikkake.cluster.service_memory import Source
from kikkake.cluster.service_objects import (
    SERVICE,
    SLICE,
    Place,
    Wanted,
    address_type,
    has_other_address,
    is_made_for,
    service_name,
    service_of,
    slice_name,
    slice_of,
)
from kikkake.cluster.service_troubles import Trouble

_ABSENT = 404


class ServiceWriter:
    """With the gateway's own identity. All methods raise what the API client raises."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube

    async def provide(self, wanted: Wanted, place: Place) -> Trouble | None:
        """Both objects as they should be; a trouble where one of that name is somebody else's."""
        return await self._put_service(wanted, place) or await self.put_slice(wanted, place)

    async def put_slice(self, wanted: Wanted, place: Place) -> Trouble | None:
        """The slice alone."""
        found = await self._find(SLICE, wanted.source, slice_name(wanted.source))
        if found is not None:
            if not is_made_for(found, wanted.uid):
                return service_troubles.taken(found, wanted.source)
            if found.get("addressType") != address_type(place.address):
                await self._delete(SLICE, found)
                found = None
        await self._put(SLICE, slice_of(wanted, place, found), found)
        return None

    async def remove(self, source: Source, uid: str) -> None:
        """What was made for the EventSource with this uid."""
        for kind, name in ((SERVICE, service_name(source)), (SLICE, slice_name(source))):
            found = await self._find(kind, source, name)
            if found is not None and is_made_for(found, uid):
                await self._delete(kind, found)

    async def _put_service(self, wanted: Wanted, place: Place) -> Trouble | None:
        found = await self._find(SERVICE, wanted.source, service_name(wanted.source))
        if found is not None:
            if not is_made_for(found, wanted.uid):
                return service_troubles.taken(found, wanted.source)
            if has_other_address(wanted, found):
                await self._delete(SERVICE, found)
                found = None
        await self._put(SERVICE, service_of(wanted, place.gateway, found), found)
        return None

    async def _find(self, kind: tuple[str, str], source: Source, name: str) -> Object | None:
        try:
            return await self._kube.get(*kind, source.namespace, name)
        except KubeError as error:
            if error.status == _ABSENT:
                return None
            raise

    async def _put(self, kind: tuple[str, str], made: Object, found: Object | None) -> None:
        namespace, name = made["metadata"]["namespace"], made["metadata"]["name"]
        if found is None:
            await self._kube.create(*kind, namespace, orjson.dumps(made))
        elif made != found:
            await self._kube.update(*kind, namespace, name, orjson.dumps(made))

    async def _delete(self, kind: tuple[str, str], found: Object) -> None:
        metadata = found["metadata"]
        try:
            await self._kube.delete(*kind, metadata["namespace"], metadata["name"], uid=metadata["uid"])
        except KubeError as error:
            if error.status != _ABSENT:
                raise
