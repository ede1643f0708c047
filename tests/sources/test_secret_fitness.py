"""What a secret must be to prove anything: closed endpoints and warnings."""

import pytest

from sources.secret_fitness import advice, key_fault, path_fault, sent_fault

GOOD = b"a secret of at least 22 letters"


@pytest.mark.parametrize(
    ("value", "codes"),
    [
        (GOOD, (None, None, None)),
        (b"", ("SecretEmpty",) * 3),
        (b" \n", ("SecretEmpty",) * 3),
        (b"changeme", ("SecretKnown",) * 3),
        (GOOD + b"\n", (None, "SecretHasNewline", "SecretHasNewline")),
        (b"zwei\r\nzeilen, lang genug", (None, "SecretHasNewline", "SecretHasNewline")),
        (b"sixteen letters.", (None, None, "SecretTooShort")),
    ],
)
def test_how_a_secret_is_used_decides_what_closes_the_endpoint(value, codes):
    faults = [fault_of(value) for fault_of in (key_fault, sent_fault, path_fault)]
    assert tuple(fault.code if fault else None for fault in faults) == codes


@pytest.mark.parametrize(
    ("value", "code", "what"),
    [
        (GOOD, None, ""),
        (GOOD + b"\n", "SecretHasNewline", "line break"),
        (b"short", "SecretTooShort", "shorter than 16 bytes"),
    ],
)
def test_odd_secrets_are_told(value, code, what):
    found = advice(value)
    assert (found.code if found else None) == code
    assert what in (found.what if found else "")
