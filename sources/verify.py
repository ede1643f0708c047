"""Proofs of origin over the raw bytes, and the same proofs from the sender's side.

Pure: secrets and bytes in, `Verified` or `Rejected` out. The rules are those of spec: signatures, section 1;
by number here: 2 (exact forms, one body for all causes), 3 (one to three secrets, none empty or known),
8 (a secret that is configured is enforced; one that cannot be used closes the endpoint), 10 (nothing expected
is ever echoed).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from events.ports import SecretRef
from sources.delivery import Headers, Rejected
from sources.secret_fitness import Unfit, key_fault, path_fault, sent_fault

SIGNATURE_HEADERS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "x-api-key",
        "x-auth-token",
        "x-cloudsmith-signature",
        "x-forgejo-signature",
        "x-forwarded-client-cert",
        "x-gitea-signature",
        "x-gitlab-token",
        "x-gogs-signature",
        "x-hub-signature",
        "x-hub-signature-256",
        "x-jfrog-event-auth",
        "x-nexus-webhook-signature",
        "x-slack-signature",
        "x-twilio-signature",
        "stripe-signature",
        "svix-signature",
        "webhook-signature",
    }
)
"""Never part of an event, whichever kind received it (design, section 5), and never given twice."""

MAX_SECRETS = 3
"""Active at once: the current one and two for a rotation without an interruption (rule 3)."""

_HEX_SHA256 = re.compile("[0-9a-f]{64}", re.ASCII)
_TITLE = "Signature or credentials missing or invalid"


class Verified(msgspec.Struct, frozen=True):
    """How a delivery was proven, in words for `explain`, and the MAC of its body where there is one."""

    how: str
    mac: bytes | None = None
    old_secret: SecretRef | None = None
    """The former one that it was proven with."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What a sender adds to a delivery: headers, and values of `{name}` segments of the path."""

    headers: Mapping[str, str] = field(default_factory=dict)
    segments: Mapping[str, str] = field(default_factory=dict)


class Evidence(msgspec.Struct, frozen=True):
    """What a proof may look at. `segments` are the values of `{name}` parts of the path."""

    headers: Headers
    segments: Mapping[str, str]
    body: bytes
    secrets: Mapping[SecretRef, bytes]


class Proof(ABC):
    """One scheme with its secrets. `refs` are read before every use; one that is missing means 503."""

    refs: tuple[SecretRef, ...] = ()
    headers: tuple[str, ...] = ()
    """Lower-case names of the headers that carry it."""
    scheme: str = ""
    """What `WWW-Authenticate` of a 401 names, for the schemes that HTTP knows."""

    fault_of: Callable[[bytes], Unfit | None] = staticmethod(key_fault)
    """Why a value must not be used for it."""

    def unfit(self, ref: SecretRef, value: bytes) -> Unfit | None:
        """Why the value that one of `refs` has must not be used: then every delivery is answered 503."""
        return self.fault_of(value)

    def old(self, index: int) -> SecretRef | None:
        """The secret with this number, where it is a former one."""
        return self.refs[index] if index > 0 else None

    @abstractmethod
    def verify(self, evidence: Evidence) -> Verified:
        """How the delivery is proven. Raises Rejected (401, or 503 for a secret that must not be used)."""

    @abstractmethod
    def sign(self, body: bytes, secrets: Mapping[SecretRef, bytes]) -> Signed:
        """What a genuine sender adds, with the first of the secrets."""


class HmacSha256(Proof):
    """`<prefix><64 lower-case hex digits>` in one header: HMAC-SHA256 over the raw body."""

    def __init__(self, header: str, prefix: str, refs: tuple[SecretRef, ...]) -> None:
        self.refs = refs
        self.headers = (header,)
        self._header = header
        self._prefix = prefix

    def verify(self, evidence: Evidence) -> Verified:
        given = hex_digest(single_value(evidence.headers, self._header), self._prefix)
        for index, ref in enumerate(self.refs):
            mac = hmac.digest(usable_secret(self, evidence.secrets, ref), evidence.body, "sha256")
            # The MAC is computed and compared also for a malformed header: one path, one duration.
            if hmac.compare_digest(mac, given or bytes(32)) and given is not None:
                return Verified(_with_index("HMAC-SHA256", index, len(self.refs)), mac, self.old(index))
        raise refused("signature")

    def sign(self, body: bytes, secrets: Mapping[SecretRef, bytes]) -> Signed:
        mac = hmac.digest(secrets[self.refs[0]], body, "sha256")
        return Signed({self._header: self._prefix + mac.hex()})


class BearerToken(Proof):
    """`Authorization: Bearer <token>`; upstream's `authSecret` with its two texts (spec-sources 3.3)."""

    headers = ("authorization",)
    scheme = "Bearer"
    fault_of = staticmethod(sent_fault)

    def __init__(self, refs: tuple[SecretRef, ...]) -> None:
        self.refs = refs

    def verify(self, evidence: Evidence) -> Verified:
        value = single_value(evidence.headers, "authorization")
        has_scheme = value is not None and value.startswith("Bearer ")
        token = value[7:] if value is not None and has_scheme else ""
        index = _equal_index(self, token, evidence.secrets)
        if not has_scheme:
            raise refused("token", "Invalid Authorization Header", scheme=self.scheme)
        if index is None:
            raise refused("token", "Invalid Auth token", scheme=self.scheme)
        return Verified(_with_index("bearer token", index, len(self.refs)), None, self.old(index))

    def sign(self, body: bytes, secrets: Mapping[SecretRef, bytes]) -> Signed:
        return Signed({"authorization": "Bearer " + _text(secrets[self.refs[0]])})


class FixedHeader(Proof):
    """A header whose whole value is the secret, as Harbor and distribution send what an admin typed in."""

    fault_of = staticmethod(sent_fault)

    def __init__(self, header: str, refs: tuple[SecretRef, ...]) -> None:
        self.refs = refs
        self.headers = (header,)
        self._header = header

    def verify(self, evidence: Evidence) -> Verified:
        index = _equal_index(self, single_value(evidence.headers, self._header) or "", evidence.secrets)
        if index is None:
            raise refused("token")
        how = f"fixed {self._header} header"
        return Verified(_with_index(how, index, len(self.refs)), None, self.old(index))

    def sign(self, body: bytes, secrets: Mapping[SecretRef, bytes]) -> Signed:
        return Signed({self._header: _text(secrets[self.refs[0]])})


class PathToken(Proof):
    """The last segment of the path is the secret: for senders that can prove nothing else (rule 8)."""

    segment = "token"
    fault_of = staticmethod(path_fault)

    def __init__(self, refs: tuple[SecretRef, ...]) -> None:
        self.refs = refs

    def verify(self, evidence: Evidence) -> Verified:
        index = _equal_index(self, evidence.segments.get(self.segment, ""), evidence.secrets)
        if index is None:
            raise refused("token")
        return Verified(_with_index("token in the path", index, len(self.refs)), None, self.old(index))

    def sign(self, body: bytes, secrets: Mapping[SecretRef, bytes]) -> Signed:
        return Signed(segments={self.segment: _text(secrets[self.refs[0]])})


class AllOf(Proof):
    """Several proofs, each of which must hold; the one that yields a MAC decides about replays."""

    def __init__(self, proofs: tuple[Proof, ...]) -> None:
        self.refs = tuple(ref for proof in proofs for ref in proof.refs)
        self.headers = tuple(header for proof in proofs for header in proof.headers)
        self.scheme = next((proof.scheme for proof in proofs if proof.scheme), "")
        self._proofs = proofs

    def unfit(self, ref: SecretRef, value: bytes) -> Unfit | None:
        faults = (proof.unfit(ref, value) for proof in self._proofs if ref in proof.refs)
        return next((fault for fault in faults if fault is not None), None)

    def verify(self, evidence: Evidence) -> Verified:
        found = [proof.verify(evidence) for proof in self._proofs]
        return Verified(
            " and ".join(verified.how for verified in found),
            next((verified.mac for verified in found if verified.mac is not None), None),
            next((verified.old_secret for verified in found if verified.old_secret is not None), None),
        )

    def sign(self, body: bytes, secrets: Mapping[SecretRef, bytes]) -> Signed:
        parts = [proof.sign(body, secrets) for proof in self._proofs]
        return Signed(
            {name: value for part in parts for name, value in part.headers.items()},
            {name: value for part in parts for name, value in part.segments.items()},
        )


class Unproven(Proof):
    """No proof is configured: upstream's default for its own kinds, an explicit choice for ours."""

    def verify(self, evidence: Evidence) -> Verified:
        return _UNPROVEN

    def sign(self, body: bytes, secrets: Mapping[SecretRef, bytes]) -> Signed:
        return Signed()


_UNPROVEN = Verified("not verified")


def all_of(*proofs: Proof | None) -> Proof:
    """The given ones together; `Unproven` when there is none."""
    present = tuple(proof for proof in proofs if proof is not None)
    if not present:
        return Unproven()
    return present[0] if len(present) == 1 else AllOf(present)


def single_value(headers: Headers, name: str) -> str | None:
    """The value of a header that carries a proof. Raises Rejected when it is given twice (rule 2)."""
    values = headers.get(name)
    if not values:
        return None
    if len(values) > 1:
        raise refused("duplicate-header")
    value = values[0]
    if value[:1] == " ":
        return value[1:]
    return value[:-1] if value[-1:] == " " else value


def hex_digest(value: str | None, prefix: str) -> bytes | None:
    """The 32 bytes of `<prefix><hex>`, or None for anything but exactly that form, in lower case."""
    if value is None or len(value) != len(prefix) + 64 or not value.startswith(prefix):
        return None
    # The form first: bytes.fromhex also takes upper case and white space.
    digits = value[len(prefix) :]
    return bytes.fromhex(digits) if _HEX_SHA256.fullmatch(digits) else None


def usable_secret(proof: Proof, secrets: Mapping[SecretRef, bytes], ref: SecretRef) -> bytes:
    """The value of a secret that may be used. Raises Rejected 503 for one that proves nothing (rules 3, 8)."""
    value = secrets.get(ref)
    if value is None:
        raise not_ready(f"{ref} not found")
    if fault := proof.unfit(ref, value):
        raise not_ready(f"{ref} {fault.what}")
    return value


def refused(cause: str, detail: str = "", *, scheme: str = "") -> Rejected:
    """401 with the same body for all causes (rule 2); only `authSecret` tells upstream's texts."""
    headers = {"WWW-Authenticate": scheme} if scheme else None
    return Rejected(401, cause, _TITLE, detail, headers=headers)


def not_ready(note: str) -> Rejected:
    """503: a fault of ours that the sender may wait out; never an open endpoint (rule 8)."""
    return Rejected(503, "secret", "Endpoint not ready", note=note, headers={"Retry-After": "30"})


def _equal_index(proof: Proof, given: str, secrets: Mapping[SecretRef, bytes]) -> int | None:
    # SHA-256 of both sides hides the length; every secret is compared whatever the first one said.
    digest = hashlib.sha256(given.encode("utf-8", "surrogateescape")).digest()
    found: int | None = None
    for index, ref in enumerate(proof.refs):
        wanted = hashlib.sha256(usable_secret(proof, secrets, ref)).digest()
        if hmac.compare_digest(digest, wanted) and found is None:
            found = index
    return found


def _with_index(how: str, index: int, count: int) -> str:
    return how if count == 1 else f"{how}, secret {index + 1} of {count}"


def _text(secret: bytes) -> str:
    return secret.decode("utf-8", "surrogateescape")
