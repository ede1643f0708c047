"""One HTTP exchange for an artifact: whatever goes wrong with it is either for good, or may pass."""

from __future__ import annotations

from sensors.artifact_source import ArtifactUnavailable, ArtifactUnusable, Reach
from sensors.http_client import (
    AddressNotAllowed,
    Answer,
    HttpClient,
    NoAnswer,
    RedirectRefused,
    Request,
    RequestNotSent,
    UrlUnusable,
)

_MAY_PASS = frozenset({408, 425, 429})


def may_pass(status: int) -> bool:
    """Whether another try may be answered better."""
    return status in _MAY_PASS or status >= 500


async def send(request: Request, reach: Reach, prefix: str = "") -> Answer:
    """What is answered, whatever its status; errors begin with `prefix`.

    Raises:
        ArtifactUnavailable: nobody answered.
        ArtifactUnusable: the address, or that of a redirect, is not allowed or no address.
    """
    client = HttpClient(reach.exchange, reach.allowed)
    try:
        return await client.send(request, timeout_s=reach.timeout_s)
    except (RequestNotSent, NoAnswer) as error:
        raise ArtifactUnavailable(f"{prefix}{error}") from error
    except (AddressNotAllowed, RedirectRefused, UrlUnusable) as error:
        raise ArtifactUnusable(f"{prefix}{error}") from error
    finally:
        await client.close()
