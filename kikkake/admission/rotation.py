"""Keeping the certificates of the webhook: in one Secret for all replicas, and in the configuration that names us.

The account of `kikkake admission` may read and write that Secret and that configuration by name, and nothing else.
"""

from __future__ import annotations

import asyncio
import base64
import random
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from events.clock import US_PER_S, Clock
from events.log import Logger
from events.ports import KindUnknown, Kube, KubeError, KubeInDoubt, KubeNotSent, Object
from kikkake.admission.certificates import Certificates, CertificatesUnusable, renewed
from sources.server import load_certificate

_CONFIGURATION = ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration")
_STRATEGIC = "application/strategic-merge-patch+json"
_LEARN_S = 5.0
"""How long API servers may take to see the changed configuration."""
_TRIES = 5
"""Of a write that another replica was faster with."""

log = Logger("admission")


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationSettings:
    """Where everything is."""

    namespace: str
    secret: str = "kikkake-admission-certs"  # noqa: S105 - the name of one
    configuration: str = "kikkake-admission"
    names: Sequence[str] = ()
    """DNS names under which the API server calls: `SERVICE.NAMESPACE.svc`."""
    interval_s: float = 60.0
    """How soon another replica's renewal is seen."""


class Rotation:
    """Owns the certificates of this process. `begin` before serving, keep `run` running."""

    def __init__(
        self,
        kube: Kube,
        clock: Clock,
        settings: RotationSettings,
        *,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.current: Certificates | None = None
        """What is served."""
        self.trouble = "starting: no certificate yet"
        """Why the API server may not trust us; empty when all is well."""
        self._refused: Certificates | None = None
        """What the TLS library would not take: it is made anew."""
        self._kube = kube
        self._clock = clock
        self._settings = settings
        self._chance = chance

    async def begin(self) -> None:
        """Have a certificate, whatever the API server answers: tried until it works."""
        while not await self._round():
            await self._clock.sleep(1.0 + 2.0 * self._chance())

    async def run(self) -> None:
        """For ever."""
        while True:
            await self._clock.sleep(self._settings.interval_s * (0.8 + 0.4 * self._chance()))
            await self._round()

    async def _round(self) -> bool:
        try:
            certificates = await self._agree()
            # Trusted first, then served: a refused call would refuse somebody's resource.
            if await self._announce(certificates.bundle) and self.current is not None:
                await self._clock.sleep(_LEARN_S)
            if not await self._serve(certificates):
                return False
            if certificates != self.current:
                log.info("admission.certificate", names=list(self._settings.names))
            self.current = certificates
        except (KubeError, KubeNotSent, KubeInDoubt, KindUnknown) as error:
            return self._failed(str(error))
        self.trouble = ""
        return True

    async def _serve(self, certificates: Certificates) -> bool:
        """From now on; whether the TLS library takes them (a key may be too weak for it)."""
        try:
            await asyncio.to_thread(
                load_certificate, self.context, certificates.certificate, certificates.key
            )
        except ssl.SSLError as error:
            self._refused = certificates
            where = f"{self._settings.namespace}/{self._settings.secret}"
            return self._failed(f"those in the Secret {where} cannot be served and are made anew: {error}")
        return True

    def _failed(self, why: str) -> bool:
        self.trouble = f"certificates: {why}"
        log.limited_warning("admission.not-rotated", (), detail=why[:300])
        return False

    async def _agree(self) -> Certificates:
        """What stands in the Secret, renewed where that is due; the first replica to write wins."""
        settings = self._settings
        for _ in range(_TRIES):
            live = await self._read_secret()
            stored = _stored(live)
            if stored == self._refused:
                stored = None
            now = datetime.fromtimestamp(self._clock.now_us() / US_PER_S, UTC)
            wanted = _renewed(stored, settings.names, now)
            if wanted == stored:
                return wanted
            try:
                await self._write_secret(live, wanted)
            except KubeError as error:
                if error.status == 409:
                    continue
                raise
            return wanted
        raise KubeNotSent(f"secret {settings.namespace}/{settings.secret} is changed by others all the time")

    async def _read_secret(self) -> Object | None:
        try:
            return await self._kube.get("v1", "Secret", self._settings.namespace, self._settings.secret)
        except KubeError as error:
            if error.status == 404:
                return None
            raise

    async def _write_secret(self, live: Object | None, certificates: Certificates) -> None:
        settings = self._settings
        body: Object = live or {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": settings.secret, "namespace": settings.namespace},
        }
        body["data"] = {name: base64.b64encode(pem).decode() for name, pem in certificates.values().items()}
        if live is None:
            await self._kube.create("v1", "Secret", settings.namespace, orjson.dumps(body))
        else:
            await self._kube.update("v1", "Secret", settings.namespace, settings.secret, orjson.dumps(body))

    async def _announce(self, bundle: bytes) -> bool:
        """Have the API server trust the bundle, for every webhook of the configuration; whether that was new."""
        name = self._settings.configuration
        live = await self._kube.get(*_CONFIGURATION, None, name)
        text = base64.b64encode(bundle).decode()
        webhooks = [
            {"name": webhook["name"], "clientConfig": {"caBundle": text}}
            for webhook in live.get("webhooks") or ()
            if (webhook.get("clientConfig") or {}).get("caBundle") != text
        ]
        if webhooks:
            body = orjson.dumps({"webhooks": webhooks})
            await self._kube.patch(*_CONFIGURATION, None, name, body, content_type=_STRATEGIC)
        return bool(webhooks)


def _renewed(stored: Certificates | None, names: Sequence[str], now: datetime) -> Certificates:
    try:
        return renewed(stored, names, now)
    except CertificatesUnusable as error:
        log.warning("admission.certificates-unusable", detail=str(error))
        return renewed(None, names, now)


def _stored(live: Object | None) -> Certificates | None:
    if live is None or not live.get("data"):
        return None
    try:
        # As they are: a PEM text without its last newline cannot stand before another one.
        values = {name: base64.b64decode(text, validate=True) for name, text in live["data"].items()}
        return Certificates.read(values)
    except (CertificatesUnusable, ValueError) as error:
        log.warning("admission.certificates-unusable", detail=str(error))
        return None
