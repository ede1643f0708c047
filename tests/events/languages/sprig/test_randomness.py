import base64
import re
import string

import pytest

from events.languages.go_template.errors import TemplateError
from tests.events.languages.sprig.running import context, render


@pytest.mark.parametrize(
    ("function", "characters"),
    [
        ("randAlpha", string.ascii_letters),
        ("randAlphaNum", string.ascii_letters + string.digits),
        ("randNumeric", string.digits),
        ("randAscii", "".join(map(chr, range(32, 127)))),
    ],
)
def test_random_texts_have_the_length_and_all_of_the_characters(function, characters):
    assert set(render(f"{{{{ {function} 5000 }}}}")) == set(characters)
    assert len(render(f"{{{{ {function} 5000 }}}}")) == 5000
    assert render(f"{{{{ {function} 0 }}}}{{{{ {function} -3 }}}}") == ""


def test_uuids_are_of_version_4():
    shape = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    assert re.fullmatch(shape, render("{{ uuidv4 }}"))


def test_random_bytes_are_base64():
    assert len(base64.b64decode(render("{{ randBytes 33 }}"), validate=True)) == 33


def test_random_numbers_stay_below_the_upper_end():
    numbers = {int(render("{{ randInt -2 3 }}", run=context(seed=seed))) for seed in range(100)}
    assert numbers == {-2, -1, 0, 1, 2}


def test_what_is_random_comes_from_the_run_alone():
    text = (
        "{{ randAlpha 20 }}{{ uuidv4 }}{{ randBytes 9 }}{{ randInt 0 99999 }}{{ bcrypt `x` }}"
        "{{ encryptAES `k` `t` }}"
    )
    assert render(text, run=context(seed=7)) == render(text, run=context(seed=7))
    assert render(text, run=context(seed=7)) != render(text, run=context(seed=8))


@pytest.mark.parametrize(
    "call", ["randAlpha 100001", "randBytes 9223372036854775807", "randNumeric 4294967296"]
)
def test_random_texts_are_limited(call):
    with pytest.raises(TemplateError, match="more than the 100000 that are drawn at once"):
        render(f"{{{{ {call} }}}}")
