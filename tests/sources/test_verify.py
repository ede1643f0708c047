"""Vectors of spec: signatures 3 for the schemes that are built, and the negatives generated for each of them."""

import gzip
import hmac

import pytest

from events.ports import SecretRef
from sources.delivery import Rejected
from sources.verify import (
    AllOf,
    BearerToken,
    Evidence,
    FixedHeader,
    HmacSha256,
    PathToken,
    Unproven,
    all_of,
    hex_digest,
)

REF = SecretRef("ci", "s", "k")
OLD = SecretRef("ci", "s", "old")
SECRET = b"a secret of at least 22 letters"
BODY = b'{"a": 1}'


def mac_header(secret: bytes, body: bytes) -> str:
    return "sha256=" + hmac.digest(secret, body, "sha256").hex()


@pytest.mark.parametrize(
    ("secret", "body", "header"),
    [
        pytest.param(
            b"It's a Secret to Everybody",
            b"Hello, World!",
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
            id="documentation of GitHub",
        ),
        pytest.param(
            b"It's a Secret to Everybody",
            b"payload=%7B%22zen%22%3A%22Design+for+failure.%22%7D",
            "sha256=204d797ad96e6bd9be987b4c99a10c252648a20d64bdf6ce12cc0687e3e29ce9",
            id="form",
        ),
        pytest.param(
            "schlüssel-für-prüfung".encode(),
            bytes.fromhex("fffe007b22c328"),
            "sha256=ab415b20ccbde6e86cf626f06a98d163d1f404a147d69d926d954b023c37ef92",
            id="secret beyond ascii and a body that is no utf-8",
        ),
        pytest.param(
            b"\x0b" * 20,
            b"Hi There",
            "sha256=b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            id="RFC 4231 case 1",
        ),
        pytest.param(
            b"Jefe",
            b"what do ya want for nothing?",
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            id="RFC 4231 case 2",
        ),
        pytest.param(
            b"\xaa" * 131,
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "sha256=60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            id="RFC 4231 case 6",
        ),
    ],
)
def test_published_vectors(secret, body, header):
    assert hex_digest(header, "sha256=") == hmac.digest(secret, body, "sha256")


@pytest.mark.parametrize(
    "header",
    [
        "sha256=59105a2da8182e5e7d6b699ca7f738081e03db4f55149c9af1ec7d424ca3e19c",
        "sha256=8fde2e970f9163923fb1cb61bb945626ff2b4091d87e622ee3ad600160592325",
    ],
)
def test_macs_of_a_secret_or_a_body_with_a_newline_do_not_match(header):
    assert hex_digest(header, "sha256=") != hmac.digest(
        b"It's a Secret to Everybody", b"Hello, World!", "sha256"
    )


RIGHT = mac_header(SECRET, BODY)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param((), id="absent"),
        pytest.param(("",), id="empty"),
        pytest.param(("sha256=",), id="prefix alone"),
        pytest.param((RIGHT.upper().replace("SHA", "sha"),), id="upper-case hex"),
        pytest.param((RIGHT[:-1],), id="63 digits"),
        pytest.param((RIGHT + "0",), id="65 digits"),
        pytest.param((RIGHT.replace("sha256", "sha512"),), id="wrong prefix"),
        pytest.param((RIGHT.replace("sha256=", ""),), id="no prefix"),
        pytest.param((RIGHT.replace("sha256=", "v1,"),), id="prefix of another scheme"),
        pytest.param((RIGHT, RIGHT), id="twice"),
        pytest.param((RIGHT, "sha256=" + "0" * 64), id="one right and one wrong"),
        pytest.param((" \t" + RIGHT,), id="more white space than one"),
        pytest.param((RIGHT[:7] + " " + RIGHT[8:],), id="a space among the digits"),
        pytest.param(("sha256=" + "é" * 64,), id="not ascii"),
        pytest.param(("sha256=" + "٣" * 64,), id="digits of another script"),
        pytest.param((",".join([RIGHT] * 10_000),), id="ten thousand signatures"),
        *(pytest.param((RIGHT[:length],), id=f"length {length}") for length in range(1, 11)),
        pytest.param((mac_header(SECRET + b"\n", BODY),), id="secret with a newline"),
        pytest.param((mac_header(b"", BODY),), id="empty secret"),
        pytest.param((mac_header(SECRET, BODY + b"\n"),), id="body with a newline"),
        pytest.param((mac_header(SECRET, b'{"a":1}'),), id="body serialised anew"),
        pytest.param((mac_header(SECRET, gzip.compress(BODY, mtime=0)),), id="compressed body"),
    ],
)
def test_every_other_form_of_a_signature_is_refused_alike(values):
    proof = HmacSha256("x-hub-signature-256", "sha256=", (REF,))
    with pytest.raises(Rejected) as refused:
        proof.verify(Evidence({"x-hub-signature-256": values}, {}, BODY, {REF: SECRET}))
    assert (refused.value.status, refused.value.title, refused.value.detail) == (
        401,
        "Signature or credentials missing or invalid",
        "",
    )
    assert "sha256=" not in str(refused.value)


@pytest.mark.parametrize("value", [RIGHT, " " + RIGHT, RIGHT + " "])
def test_the_right_signature_is_taken_with_one_space_at_an_end(value):
    proof = HmacSha256("x-hub-signature-256", "sha256=", (REF,))
    verified = proof.verify(Evidence({"x-hub-signature-256": (value,)}, {}, BODY, {REF: SECRET}))
    assert (verified.how, verified.mac) == ("HMAC-SHA256", hmac.digest(SECRET, BODY, "sha256"))


@pytest.mark.parametrize(
    "proof",
    [
        HmacSha256("x-hub-signature-256", "sha256=", (REF, OLD)),
        BearerToken((REF, OLD)),
        FixedHeader("authorization", (REF, OLD)),
        PathToken((REF, OLD)),
    ],
    ids=lambda proof: type(proof).__name__,
)
class TestEveryProof:
    secrets = {REF: SECRET, OLD: b"the former secret, long enough"}

    def evidence(self, proof, secrets, **changes):
        signed = proof.sign(BODY, secrets)
        headers = {name: (value,) for name, value in signed.headers.items()}
        return Evidence(
            **{"headers": headers, "segments": signed.segments, "body": BODY, "secrets": self.secrets}
            | changes
        )

    def test_what_it_signs_it_accepts(self, proof):
        verified = proof.verify(self.evidence(proof, self.secrets))
        assert verified.how.endswith("secret 1 of 2")
        assert verified.old_secret is None

    def test_a_former_secret_is_accepted_and_told(self, proof):
        verified = proof.verify(self.evidence(proof, {REF: self.secrets[OLD]}))
        assert verified.how.endswith("secret 2 of 2")
        assert verified.old_secret == OLD

    def test_another_secret_is_refused(self, proof):
        with pytest.raises(Rejected, match="401"):
            proof.verify(self.evidence(proof, {REF: b"some other secret, long enough"}))

    def test_nothing_is_refused(self, proof):
        with pytest.raises(Rejected, match="401"):
            proof.verify(Evidence({}, {}, BODY, self.secrets))

    @pytest.mark.parametrize("value", [b"", b"\n", b"It's a Secret to Everybody"])
    def test_an_unusable_secret_closes_the_endpoint_even_beside_a_good_one(self, proof, value):
        with pytest.raises(Rejected) as refused:
            proof.verify(Evidence({}, {}, BODY, {REF: value, OLD: SECRET}))
        assert refused.value.status == 503
        assert refused.value.detail == ""


def test_bearer_keeps_upstreams_texts():
    proof = BearerToken((REF,))
    for value, detail in (
        ("Basic x", "Invalid Authorization Header"),
        ("bearer x", "Invalid Authorization Header"),
    ):
        with pytest.raises(Rejected) as refused:
            proof.verify(Evidence({"authorization": (value,)}, {}, b"", {REF: SECRET}))
        assert refused.value.detail == detail
    with pytest.raises(Rejected) as refused:
        proof.verify(Evidence({"authorization": ("Bearer \udcff",)}, {}, b"", {REF: SECRET}))
    assert (refused.value.detail, refused.value.headers) == (
        "Invalid Auth token",
        {"WWW-Authenticate": "Bearer"},
    )


def test_a_path_token_that_can_be_guessed_closes_the_endpoint():
    with pytest.raises(Rejected) as refused:
        PathToken((REF,)).verify(Evidence({}, {"token": "short"}, b"", {REF: b"short"}))
    assert refused.value.status == 503
    assert "secret ci/s key `k` is shorter than 22 characters" in refused.value.note


@pytest.mark.parametrize("value", [b"a token of enough length\n", b"a token of\r\nenough length"])
def test_a_token_that_no_header_can_carry_closes_the_endpoint(value):
    """401 for ever would blame the sender for a fault of ours."""
    with pytest.raises(Rejected) as refused:
        BearerToken((REF,)).verify(Evidence({"authorization": ("Bearer x",)}, {}, b"", {REF: value}))
    assert refused.value.status == 503
    assert "secret ci/s key `k` has a line break in it" in refused.value.note


def test_of_two_proofs_each_must_hold():
    proof = all_of(BearerToken((OLD,)), HmacSha256("x-hub-signature-256", "sha256=", (REF,)))
    assert isinstance(proof, AllOf)
    secrets = {REF: SECRET, OLD: b"the former secret, long enough"}
    signed = proof.sign(BODY, secrets)
    headers = {name: (value,) for name, value in signed.headers.items()}
    verified = proof.verify(Evidence(headers, {}, BODY, secrets))
    assert verified.how == "bearer token and HMAC-SHA256"
    assert verified.mac is not None
    for name in headers:
        partial = {key: value for key, value in headers.items() if key != name}
        with pytest.raises(Rejected, match="401"):
            proof.verify(Evidence(partial, {}, BODY, secrets))


def test_without_any_proof_it_says_so():
    assert all_of(None).verify(Evidence({}, {}, b"", {})).how == "not verified"
    assert Unproven().sign(b"", {}).headers == {}
