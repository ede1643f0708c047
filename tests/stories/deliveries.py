"""Deliveries as their senders make them, without any code of the gateway."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import NamedTuple

HOOK_SECRET = "a-secret-that-github-knows-6fe1"
REGISTRY_SECRET = "Bearer a-secret-that-harbor-knows-0c77"


class Delivery(NamedTuple):
    """One POST."""

    path: str
    headers: dict[str, str]
    body: bytes


def signature(body: bytes, secret: str = HOOK_SECRET) -> str:
    """`X-Hub-Signature-256`, as GitHub documents it."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def push(delivery_id: str, *, branch: str = "main", commit: str = "", secret: str = HOOK_SECRET) -> Delivery:
    """A push as GitHub delivers it; `commit` is the delivery's id unless given."""
    body = json.dumps(
        {
            "ref": f"refs/heads/{branch}",
            "after": commit or delivery_id,
            "deleted": False,
            "repository": {"id": 7, "name": "shop", "full_name": "octo/shop", "owner": {"login": "octo"}},
            "sender": {"login": "mika", "id": 1},
        }
    ).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/0000000",
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": delivery_id,
        "X-Hub-Signature-256": signature(body, secret),
    }
    return Delivery("/github", headers, body)


def image(tag: str, *, digest: str = "", secret: str = REGISTRY_SECRET) -> Delivery:
    """A pushed artifact as Harbor reports it in its default format."""
    digest = digest or f"sha256:{hashlib.sha256(tag.encode()).hexdigest()}"
    resource = {"digest": digest, "tag": tag, "resource_url": f"registry.example.com/shop/cart:{tag}"}
    repository = {"name": "cart", "namespace": "shop", "repo_full_name": "shop/cart", "repo_type": "private"}
    body = json.dumps(
        {
            "type": "PUSH_ARTIFACT",
            "occur_at": 1795170000,
            "operator": "robot",
            "event_data": {"resources": [resource], "repository": repository},
        }
    ).encode()
    return Delivery("/harbor", {"Content-Type": "application/json", "Authorization": secret}, body)
