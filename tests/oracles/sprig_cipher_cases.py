"""Templates with hashes, ciphers, keys and certificates that answer the same each time."""

from collections.abc import Iterator

from tests.oracles.sprig_number_cases import VALUES

_TEXTS = ("", "a", "abc", "é", "\\xff\\x00", "日本語", "a" * 100, "-----BEGIN X-----")


def ciphers() -> Iterator[str]:
    """Hashes and ciphers with the same answer each time, and the refusals of the others."""
    for text in _TEXTS:
        for function in ("sha1sum", "sha256sum", "sha512sum", "adler32sum"):
            yield f'{{{{ {function} "{text}" }}}}'
        yield f'{{{{ decryptAES "{text}" (encryptAES "{text}" "secret {text}") }}}}{{{{ encryptAES "x" "" }}}}'
        yield f'{{{{ bcrypt "{text}" | trunc 7 }}}}{{{{ htpasswd "{text}" "pw" | trunc 4 }}}}'
        yield f'{{{{ decryptAES "k" "{text}" }}}}'
        yield f'{{{{ genPrivateKey "x{text}" }}}}'
        yield f'{{{{ genCAWithKey "n" 3 "{text}" }}}}'
        yield f'{{{{ buildCustomCert "{text}" (b64enc "{text}") }}}}'
    for packed in (
        "AAAA",
        "QQ==",
        "QUI=",
        "QQ=",
        "Q",
        "QQ",
        "QUI",
        "=",
        "====",
        "QQ==QQ==",
        "QQ=\\n=",
        "Q\\nQ==",
        "QQ==\\n",
        "QQ==x",
        "A" * 22 + "==",
        "A" * 20,
        "A" * 43 + "=",
        "A" * 44,
        "A" * 64,
        "A" * 63 + "B",
        "A*AA",
        "AAAA AAAA",
        "QQ=x",
        "QQ\\n",
        "QQ=\\n",
    ):
        yield f'{{{{ decryptAES "k" "{packed}" }}}}'
        yield f'{{{{ buildCustomCert "{packed}" "QQ==" }}}}'
    for value in VALUES[:70]:
        yield f"{{{{ sha256sum {value} }}}}"
    for kind in ("maximum", "long", "medium", "short", "basic", "pin", "nope", ""):
        for counter in ("1", "0", "4294967295", "4294967296", "-1", "1.5", ".n", '"1"'):
            if kind == "long" or counter == "1":
                yield f'{{{{ derivePassword {counter} "{kind}" "pässword" "user" "example.com" }}}}'
    for call in (
        *['genCA "x"', "genCA 1 2", 'genCA "x" "y"', 'genSelfSignedCert "x" (list 1) nil 3'],
        *['genSelfSignedCert "x" (list "1.2.3") nil 3', 'genSelfSignedCert "x" nil (list 1) 3'],
        *['genSelfSignedCert "x" (list "01.2.3.4") nil 3'],
        *['genSelfSignedCert "x" (list "::1%eth0") nil 3', 'genSelfSignedCert "x" (until 2) nil 3'],
        *['genSelfSignedCert "x" nil (list "é") 3', 'genSignedCert "x" nil nil 3 (dict)'],
        *['genSignedCert "x" nil nil 3 nil', 'genSelfSignedCert "x" (list nil) nil 3'],
        *['genSelfSignedCert "x" (list .map) nil 3'],
    ):
        yield f"{{{{ {call} }}}}"
    yield (
        '{{ bcrypt (repeat 72 "a") | trunc 7 }}{{ bcrypt (repeat 73 "a") }}'
        '{{ htpasswd "a:b" "c" }}{{ htpasswd "a" (repeat 73 "b") }}'
    )
    yield (
        '{{ $ca := genCA "a" 3 }}{{ $other := genCA "b" 3 }}'
        "{{ $bad := buildCustomCert (b64enc $ca.Cert) (b64enc $other.Key) }}"
        '{{ genSignedCert "x" nil nil 3 $bad }}'
    )
    yield '{{ $k := genPrivateKey "dsa" }}{{ genCAWithKey "x" 3 $k }}'
    yield '{{ $k := genPrivateKey "dsa" }}{{ $ca := genCA "a" 3 }}{{ genSignedCertWithKey "x" nil nil 3 $ca $k }}'
    yield '{{ typeOf (genCA "x" 3) }} {{ kindOf (genCA "x" 3) }} {{ (genCA "x" 3).Nope }}'
