"""What is secret and random: compared by structure, with what Go makes of the same template."""

import base64
import datetime as dt
import subprocess
import sys

import bcrypt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from events.languages.go_template.errors import TemplateError
from events.languages.sprig.crypto.pem import first_block
from events.languages.sprig.slow import SLOW
from tests.events.languages.sprig.running import NOW_NS, context, render
from tests.oracles.fixture import oracle_fixture
from tests.oracles.oracle import pack, unpack

template_oracle = oracle_fixture("template")

AUTHORITY = '{{ $ca := genCA "the authority" 365 }}'
CERTIFICATES = {
    "authority": '{{ $c := genCA "root" 30 }}',
    "authority with an Ed25519 key": '{{ $c := genCAWithKey "root" 30 (genPrivateKey "ed25519") }}',
    "authority without a name": '{{ $c := genCA "" 30 }}',
    "self-signed": '{{ $c := genSelfSignedCert "a.example" .ips .hosts 10 }}',
    "self-signed without a name": '{{ $c := genSelfSignedCert "" .ips .hosts 10 }}',
    "self-signed with a curve": '{{ $c := genSelfSignedCertWithKey "a" nil nil 1 (genPrivateKey "ecdsa") }}',
    "signed": AUTHORITY + '{{ $c := genSignedCert "b.example" .ips .hosts 90 $ca }}',
    "signed with a curve": AUTHORITY
    + '{{ $c := genSignedCertWithKey "b" nil .hosts 9 $ca (genPrivateKey "ecdsa") }}',
    "signed by itself in name": AUTHORITY + '{{ $c := genSignedCert "the authority" nil nil 9 $ca }}',
    "good for no day": '{{ $c := genCA "root" 0 }}',
}
DATA = {"ips": ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.2"], "hosts": ["a.example", "*.b.example", ""]}


def facts(output: str) -> dict[str, object]:
    """All that a certificate and its key say, but for what is drawn: keys, serial number, signature."""
    certificate = x509.load_pem_x509_certificate(output.encode())
    key_text = output[output.index("-----END CERTIFICATE-----") + 25 :].strip()
    key = load_pem_private_key(key_text.encode(), None)
    assert key.public_key() == certificate.public_key()
    assert 0 < certificate.serial_number < 1 << 128
    extensions = []
    for extension in certificate.extensions:
        value = extension.value
        shown = (
            "" if isinstance(value, x509.SubjectKeyIdentifier | x509.AuthorityKeyIdentifier) else repr(value)
        )
        extensions.append((extension.oid.dotted_string, extension.critical, shown))
    return {
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "version": certificate.version,
        "signature": certificate.signature_algorithm_oid.dotted_string,
        "extensions": extensions,
        "validity": certificate.not_valid_after_utc - certificate.not_valid_before_utc,
        "key": (type(key).__name__, key_text.splitlines()[0], getattr(key, "key_size", None)),
    }


@pytest.mark.oracle
@pytest.mark.parametrize("name", CERTIFICATES)
def test_certificates_say_what_those_of_go_say(template_oracle, name):
    text = CERTIFICATES[name] + "{{ $c.Cert }}{{ $c.Key }}"
    answer = template_oracle.ask({"name": "param", "text": pack(text.encode()), "data": DATA})
    assert unpack(answer["error"]) == b""
    assert facts(render(text, DATA)) == facts(unpack(answer["output"]).decode())


def test_a_signed_certificate_verifies_against_its_authority():
    text = (
        AUTHORITY
        + '{{ $c := genSignedCert "b" nil (list "b.example" | concat) 90 $ca }}{{ $ca.Cert }}{{ $c.Cert }}'
    )
    authority, certificate = x509.load_pem_x509_certificates(render(text).encode())
    certificate.verify_directly_issued_by(authority)
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    now = dt.datetime.fromtimestamp(NOW_NS // 10**9, dt.UTC)
    assert (certificate.not_valid_before_utc, certificate.not_valid_after_utc) == (
        now,
        now + dt.timedelta(days=90),
    )


def test_a_certificate_that_has_ended_before_it_begins_has_ended():
    output = render('{{ (genCA "x" -5).Cert }}')
    ends = x509.load_pem_x509_certificate(output.encode()).not_valid_after_utc
    assert ends == dt.datetime.fromtimestamp(NOW_NS // 10**9, dt.UTC) - dt.timedelta(days=5)


def test_a_custom_certificate_is_checked_and_comes_back_as_it_was():
    text = (
        '{{ $c := genCA "x" 3 }}{{ $d := buildCustomCert (b64enc $c.Cert) (b64enc $c.Key) }}'
        "{{ eq $c.Cert $d.Cert }}{{ eq $c.Key $d.Key }}"
    )
    assert render(text) == "truetrue"


def test_keys_of_another_authority_do_not_sign():
    text = (
        '{{ $a := genCA "a" 3 }}{{ $b := genCA "b" 3 }}'
        "{{ $bad := buildCustomCert (b64enc $a.Cert) (b64enc $b.Key) }}"
        '{{ genSignedCert "x" nil nil 3 $bad }}'
    )
    with pytest.raises(TemplateError, match="x509: provided PrivateKey doesn't match parent's PublicKey"):
        render(text)


def test_names_that_no_certificate_can_hold_are_refused():
    with pytest.raises(TemplateError, match="the common name has more than the 64 bytes"):
        render('{{ genCA (repeat 65 "x") 3 }}')


@pytest.mark.parametrize(
    ("kind", "header", "key_class"),
    [
        ("rsa", "RSA PRIVATE KEY", rsa.RSAPrivateKey),
        ("", "RSA PRIVATE KEY", rsa.RSAPrivateKey),
        ("dsa", "DSA PRIVATE KEY", dsa.DSAPrivateKey),
        ("ecdsa", "EC PRIVATE KEY", ec.EllipticCurvePrivateKey),
        ("ed25519", "PRIVATE KEY", ed25519.Ed25519PrivateKey),
    ],
)
def test_private_keys_have_the_form_of_their_kind(kind, header, key_class):
    text = render(f'{{{{ genPrivateKey "{kind}" }}}}')
    assert text.startswith(f"-----BEGIN {header}-----\n")
    key = load_pem_private_key(text.encode(), None)
    assert isinstance(key, key_class)
    if isinstance(key, rsa.RSAPrivateKey):
        assert key.key_size == 4096


def test_a_key_that_cannot_be_read_is_refused_without_a_word_of_it():
    key = "-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0\n-----END RSA PRIVATE KEY-----\n"
    with pytest.raises(
        TemplateError, match="parsing private key: parsing RSA private key from PEM"
    ) as caught:
        render("{{ genCAWithKey `x` 3 .key }}", {"key": key})
    assert "c2VjcmV0" not in str(caught.value).replace(".key", "")


def test_password_hashes_verify():
    hashed = render('{{ bcrypt "pässword" }}')
    assert hashed.startswith("$2a$10$")
    assert bcrypt.checkpw("pässword".encode(), hashed.encode())
    user, _, hashed = render('{{ htpasswd "ann" "pw" }}').partition(":")
    assert (user, bcrypt.checkpw(b"pw", hashed.encode())) == ("ann", True)


@pytest.mark.oracle
@pytest.mark.parametrize("size", [1, 15, 16, 17, 1000])
def test_each_side_deciphers_what_the_other_enciphered(template_oracle, size):
    data = {"text": "é" * size, "packed": render("{{ encryptAES `key` .text }}", {"text": "é" * size})}
    answer = template_oracle.ask(
        {
            "name": "p",
            "text": pack(b"{{ decryptAES `key` .packed }}|{{ encryptAES `key` .text }}"),
            "data": data,
        }
    )
    deciphered, _, enciphered = unpack(answer["output"]).decode().partition("|")
    assert deciphered == data["text"]
    assert render("{{ decryptAES `key` .p }}", {"p": enciphered}) == data["text"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("-----BEGIN A-----\nQUI=\n-----END A-----\n", "A"),
        ("x\n-----BEGIN A-----\nk: v\n\nQUI=\n-----END A----- \nrest", "A"),
        ("-----BEGIN A-----\n-----BEGIN B-----\nQU\r\nI=\r\n-----END B-----", "B"),
        ("-----BEGIN A-----\n*\n-----END A-----\n-----BEGIN B-----\nQUI=\n-----END B-----", "B"),
        ("x-----BEGIN A-----\nQUI=\n-----END A-----\n", None),
        ("-----BEGIN A-----\nQUI=\n-----END B-----\n", None),
        ("-----BEGIN A-----\nQUI=\n-----END A-----x\n", None),
        ("-----BEGIN A----\nQUI=\n-----END A-----\n", None),
        ("-----BEGIN A-----\nQUI=\n", None),
        ("", None),
    ],
)
def test_the_first_whole_block_counts(text, kind):
    block = first_block(text)
    assert (block.kind if block else None, block.content if block else b"AB") == (kind, b"AB")


def test_a_text_full_of_openings_has_no_block():
    assert first_block("-----BEGIN A-----\n" * 100_000) is None


def test_the_heavy_libraries_are_imported_by_those_who_use_them():
    code = (
        "import sys; from events.languages.sprig import FUNCTIONS; FUNCTIONS['sha256sum'].call('x');"
        "print('cryptography' in sys.modules, 'bcrypt' in sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True, timeout=60
    )
    assert answer.stdout.split() == ["False", "False"]


def test_the_slow_functions_are_known_by_name():
    assert {"bcrypt", "genPrivateKey", "derivePassword"} <= SLOW


def test_a_run_repeats_where_nothing_but_the_run_decides():
    text = '{{ derivePassword 1 "long" "p" "u" "s" }}{{ encryptAES "k" "t" }}'
    assert render(text, run=context(seed=3)) == render(text, run=context(seed=3))


def test_ciphertext_is_base64_of_start_and_blocks():
    assert len(base64.b64decode(render('{{ encryptAES "k" "0123456789abcdef" }}'))) == 48
