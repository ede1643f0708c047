"""Asking a running process: a small client of the admin API on the standard library, so that commands start fast."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from events.errors import KikkakeError
from kikkake.api.refusal import Refusal

_TIMEOUT_S = 35.0
"""Above the server's own 30 s, so that its clear text arrives first."""
_MAX_ANSWER_BYTES = 67_108_864
"""More than a page of 500 events with long attributes; what is larger is no answer of ours."""


class ServerUnreachable(KikkakeError):
    """Nobody answers there. `reason` is what the operating system says."""

    retryable = True

    def __init__(self, url: str, reason: str) -> None:
        self.url = url
        self.reason = reason
        super().__init__(f"no Kikkake answers at {url} ({reason})")


class NotKikkake(KikkakeError):
    """Something else answers there."""

    retryable = True


class ApiClient:
    """Questions and orders to one server. `url` is its root: `http://127.0.0.1:7778`.

    Every method gives the answer's JSON object, and raises Refusal (the server said no, with its text),
    ServerUnreachable or NotKikkake.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise Refusal(400, "Bad URL", f"`{url}` is no URL of a server; write http://HOST:PORT")
        self._url = f"{parts.scheme}://{parts.netloc}"
        self._parts = parts

    def status(self) -> dict[str, Any]:
        return self._call("GET", "status")

    def resources(self) -> dict[str, Any]:
        return self._call("GET", "resources")

    def events(self, parameters: Mapping[str, str]) -> dict[str, Any]:
        return self._call("GET", f"events?{urlencode(parameters)}")

    def event(self, reference: str, *, with_data: bool = False) -> dict[str, Any]:
        return self._call("GET", f"events/{quote(reference, safe='')}{'?data=1' if with_data else ''}")

    def explanation(self, reference: str) -> dict[str, Any]:
        return self._call("GET", f"events/{quote(reference, safe='')}/explanation")

    def material(self, reference: str) -> dict[str, Any]:
        return self._call("GET", f"events/{quote(reference, safe='')}/material")

    def dead_letters(self, parameters: Mapping[str, str]) -> dict[str, Any]:
        return self._call("GET", f"dead-letters?{urlencode(parameters)}")

    def replay_event(self, reference: str, order: Mapping[str, Any]) -> dict[str, Any]:
        return self._call("POST", f"events/{quote(reference, safe='')}/replay", order)

    def replay_failed(self, order: Mapping[str, Any]) -> dict[str, Any]:
        return self._call("POST", "replay", {"failed": True, **order})

    def replay_dead_letter(self, number: str, order: Mapping[str, Any]) -> dict[str, Any]:
        return self._call("POST", f"dead-letters/{quote(number, safe='')}/replay", order)

    def _call(self, method: str, path: str, order: Mapping[str, Any] | None = None) -> dict[str, Any]:
        status, answer = self._exchange(method, f"/api/v1/{path}", order)
        if status == 200:
            return answer
        more = {name: value for name, value in answer.items() if name not in {"status", "title", "detail"}}
        raise Refusal(status, str(answer.get("title", "")), str(answer.get("detail", "")), **more)

    def _exchange(
        self, method: str, path: str, order: Mapping[str, Any] | None
    ) -> tuple[int, dict[str, Any]]:
        connection = self._connection()
        try:
            body = None if order is None else json.dumps(order).encode()
            headers = {"Accept": "application/json", **({"Content-Type": "application/json"} if body else {})}
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content = answer.read(_MAX_ANSWER_BYTES)
        except OSError as error:
            raise ServerUnreachable(
                self._url, error.strerror or str(error) or type(error).__name__
            ) from error
        except http.client.HTTPException as error:
            raise NotKikkake(f"{self._url} does not speak HTTP: is this Kikkake's admin port?") from error
        finally:
            connection.close()
        return answer.status, self._object(content, answer.headers.get_content_type())

    def _object(self, content: bytes, content_type: str) -> dict[str, Any]:
        if content_type in {"application/json", "application/problem+json"}:
            try:
                value = json.loads(content)
            except ValueError:
                value = None
            if isinstance(value, dict):
                return value
        raise NotKikkake(
            f"{self._url} answers, but not as Kikkake's admin API does: --server names another program or port "
            "(deliveries and /metrics have ports of their own)"
        )

    def _connection(self) -> http.client.HTTPConnection:
        host, port = str(self._parts.hostname), self._parts.port
        if self._parts.scheme == "https":
            return http.client.HTTPSConnection(
                host, port, timeout=_TIMEOUT_S, context=ssl.create_default_context()
            )
        return http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)
