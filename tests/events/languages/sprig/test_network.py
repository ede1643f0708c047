import time

import pytest

from events.languages.go_template.errors import TemplateError
from events.languages.sprig.expansion import expand
from tests.events.languages.sprig.running import context, render


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('{{ env "HOME" }}', "env reads the gateway's environment, which is off; the operator's setting"),
        ('{{ expandenv "$HOME" }}', "expandenv reads the gateway's environment, which is off"),
        (
            '{{ getHostByName "localhost" }}',
            "getHostByName asks the network, which is off; the operator's setting",
        ),
    ],
)
def test_the_world_outside_is_off_until_the_operator_turns_it_on(text, error):
    with pytest.raises(TemplateError, match=error):
        render(text)


def test_only_what_the_operator_gives_can_be_read():
    run = context(environment={"REGION": "eu", "EMPTY": ""}, resolve_host={"a.example": "192.0.2.7"}.get)
    assert (
        render('{{ env "REGION" }}|{{ env "HOME" }}|{{ expandenv "in ${REGION}$HOME" }}', run=run)
        == "eu||in eu"
    )
    assert render('{{ getHostByName "a.example" }}', run=run) == "192.0.2.7"
    with pytest.raises(TemplateError, match="invalid argument to Intn"):
        render('{{ getHostByName "b.example" }}', run=run)


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("", ""),
        ("$", "$"),
        ("$$", "<$>"),
        ("a$b c", "a<b> c"),
        ("${b}c", "<b>c"),
        ("${}x", "x"),
        ("${x", "x"),
        ("${", ""),
        ("$(x)", "$(x)"),
        ("$1a", "<1>a"),
        ("$a1_é", "<a1_>é"),
        ("${a b}", "<a b>"),
        ("${*}$*$-", "<*><*><->"),
        ("$.$a.", "$.<a>."),
        ("${a}${b", "<a>b"),
        ("x}${y", "x}y"),
    ],
)
def test_names_are_expanded_as_go_does(text, expanded):
    assert expand(text, lambda name: f"<{name}>") == expanded


def test_a_text_full_of_openings_is_expanded_in_one_pass():
    begun = time.monotonic()
    assert expand("${" * 200_000, str.upper) == ""
    assert time.monotonic() - begun < 2
