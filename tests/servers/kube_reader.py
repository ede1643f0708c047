"""A small synchronous client of the Kubernetes API, independent of the gateway's: it reads back what was created."""

import http.client
import json
import ssl
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

Object = dict[str, Any]
Objects = list[Object]

_PAGE = 500
_TIMEOUT_S = 30


class KubeRefused(Exception):
    """The API server answered with an error; `status` is the HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class KubeReader:
    """One keep-alive connection to an API server on loopback. Use it as a context manager, or close it.

    Paths are those of the API, such as `/api/v1/namespaces/x/configmaps`.
    """

    def __init__(self, port: int, ca_file: Path, token: str) -> None:
        tls = ssl.create_default_context(cafile=str(ca_file))
        self._connection = http.client.HTTPSConnection("127.0.0.1", port, context=tls, timeout=_TIMEOUT_S)
        self._headers = {"Authorization": f"Bearer {token}"}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def is_ready(self) -> bool:
        return self._request("GET", "/readyz")[0] == 200

    def get(self, path: str) -> Object | None:
        """The object at `path`, or None where there is none.

        Raises:
            KubeRefused: any other answer than success and 404; so do the other methods, 404 included.
        """
        status, body = self._request("GET", path)
        if status == 404:
            return None
        return _accepted(status, body)

    def list(self, path: str, *, labels: str | None = None) -> Objects:
        """All objects of a collection, page by page, restricted by a label selector where one is given."""
        query = {"limit": str(_PAGE), **({"labelSelector": labels} if labels else {})}
        items: Objects = []
        while True:
            page = _accepted(*self._request("GET", f"{path}?{urlencode(query)}"))
            items += page["items"]
            if not (following := page["metadata"].get("continue")):
                return items
            query["continue"] = following

    def create(self, path: str, body: Object) -> Object:
        """Create `body` in the collection `path`."""
        return _accepted(*self._request("POST", path, body))

    def patch(self, path: str, change: Object) -> Object:
        """Merge `change` into the object at `path`."""
        return _accepted(*self._request("PATCH", path, change, "application/merge-patch+json"))

    def delete(self, path: str) -> None:
        """Delete the object at `path`."""
        _accepted(*self._request("DELETE", path))

    def answer(self, method: str, path: str, body: Object | None = None) -> tuple[int, str]:
        """Status and text of whatever is answered."""
        status, content = self._request(method, path, body)
        return status, content.decode(errors="replace")

    def _request(
        self, method: str, path: str, body: Object | None = None, content_type: str = "application/json"
    ) -> tuple[int, bytes]:
        content = None if body is None else json.dumps(body).encode()
        headers = {**self._headers, "Content-Type": content_type}
        try:
            return self._exchange(method, path, content, headers)
        except http.client.RemoteDisconnected:
            # An idle connection that the server closed meanwhile; the request was not read.
            self._connection.close()
            return self._exchange(method, path, content, headers)
        except BaseException:
            self._connection.close()
            raise

    def _exchange(
        self, method: str, path: str, content: bytes | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        self._connection.request(method, path, body=content, headers=headers)
        with self._connection.getresponse() as response:
            return response.status, response.read()


def _accepted(status: int, body: bytes) -> Object:
    if status >= 300:
        raise KubeRefused(status, body.decode(errors="replace")[:500])
    accepted: Object = json.loads(body)
    return accepted
