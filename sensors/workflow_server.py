"""`retry` by argo's own server: only its code knows which nodes to reset and which Pods to delete.

Source: argo-workflows v3.7, docs/rest-api.md: PUT /api/v1/workflows/NAMESPACE/NAME/retry with `restartSuccessful`,
`nodeFieldSelector` and `parameters`. Nothing marks the workflow with our effect, so a retry in doubt is not repeated.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote

from yarl import URL

from events.model import SpecModel
from events.ports import SecretsAs
from sensors.addresses import policy_for
from sensors.http_answers import WITHOUT_ANSWER, SecretUnusable, failure_of, judge_answer
from sensors.http_client import HttpClient, Request
from sensors.kube_json import write_json
from sensors.kube_target import Target
from sensors.spec import SecretKeySelector, TLSConfig
from sensors.tls import TLSContexts, secret_ref, tls_refs
from sensors.trigger import AttemptContext, Done, Failed, TriggerServices
from sensors.workflow_args import WorkflowArgs

_TIMEOUT_S = 30.0
_CONTROLS = frozenset(map(chr, (*range(32), 127)))


class ArgoServer(SpecModel):
    """Where argo's server is, and how it knows us."""

    url: str = ""
    """`https://argo-server.argo:2746`, with the path in front of `/api` where there is one."""
    token: SecretKeySelector | None = None
    """A token of a ServiceAccount; sent as `Authorization: Bearer ...`."""
    tls: TLSConfig | None = None
    """Absent: the system's certificates."""


class ServerCalls:
    """Calls argo's servers; one connection pool for each trigger of a Sensor, so that no credentials are shared."""

    def __init__(self, services: TriggerServices) -> None:
        self._services = services
        self._peers: dict[tuple[str, str, str, bool, str | None], _Peer] = {}

    async def retry(
        self, server: ArgoServer, target: Target, args: WorkflowArgs, attempt: AttemptContext
    ) -> Done | Failed:
        """Ask for the retry of a workflow."""
        hidden: list[str] = []
        peer = self._peer(attempt)
        body = {
            "namespace": target.namespace,
            "name": target.name,
            "restartSuccessful": args.restarts_successful,
            "nodeFieldSelector": args.node_field_selector,
            "parameters": list(args.parameters),
        }
        place = f"{quote(target.namespace or '', safe='')}/{quote(target.name, safe='')}"
        try:
            answer = await peer.client.send(
                Request(
                    method="PUT",
                    url=URL(f"{server.url.rstrip('/')}/api/v1/workflows/{place}/retry"),
                    headers=(("Content-Type", "application/json"),),
                    secret_headers=await _authorization(server, peer, attempt, hidden),
                    body=write_json(body),
                    tls=None
                    if server.tls is None
                    else await peer.tls.context(tls_refs(server.tls, attempt.namespace)),
                ),
                timeout_s=_TIMEOUT_S,
            )
        except WITHOUT_ANSWER as error:
            return failure_of(error)
        return judge_answer(answer, None, hidden, self._services.clock.now_us())

    async def close(self) -> None:
        """Close the connections."""
        for peer in self._peers.values():
            await peer.client.close()

    def _peer(self, attempt: AttemptContext) -> _Peer:
        key = (attempt.namespace, attempt.sensor, attempt.trigger, attempt.is_strict, attempt.account)
        if key not in self._peers:
            services = self._services
            addresses = policy_for(services.addresses, is_strict=attempt.is_strict)
            secrets = SecretsAs(services.secrets, attempt.account)
            self._peers[key] = _Peer(HttpClient(services.exchange, addresses), secrets, TLSContexts(secrets))
        return self._peers[key]


class _Peer(NamedTuple):
    client: HttpClient
    secrets: SecretsAs
    tls: TLSContexts


async def _authorization(
    server: ArgoServer, peer: _Peer, attempt: AttemptContext, hidden: list[str]
) -> tuple[tuple[str, str], ...]:
    ref = secret_ref(server.token, attempt.namespace)
    if ref is None:
        return ()
    token = (await peer.secrets.read(ref)).decode("utf-8", "replace").strip()
    if _CONTROLS & set(token):
        raise SecretUnusable(f"{ref} holds control characters or line breaks: it cannot be a header")
    hidden.append(token)
    return (("Authorization", f"Bearer {token}"),)
