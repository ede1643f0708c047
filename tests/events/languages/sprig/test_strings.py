import pytest

from events.languages.go_template.errors import TemplateError
from tests.events.languages.sprig.running import context, render


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param('{{ trimAll "$" "$5.00$" }} {{ trimSuffix "-" "hello-" }}', "5.00 hello", id="trimming"),
        pytest.param('{{ title "hello o\'neil x_y" }}', "Hello O'Neil X_y", id="title"),
        pytest.param('{{ upper "straße" }} {{ lower "İ" }}', "STRAßE i", id="one character for one"),
        pytest.param(
            '{{ camelcase "http_server" }} {{ camelcase "HTTP_server" }}', "HttpServer HttpServer", id="camel"
        ),
        pytest.param('{{ snakecase "HTTPServerV2Ok" }}', "http_server_v2_ok", id="snake"),
        pytest.param(
            '{{ kebabcase "FirstName" }} {{ snakecase "http2xx" }}', "first-name http_2xx", id="kebab"
        ),
        pytest.param('{{ trunc 5 "hello world" }} {{ trunc -5 "hello world" }}', "hello world", id="trunc"),
        pytest.param('{{ trunc 2 "né" | printf "%q" }}', r'"n\xc3"', id="cutting counts bytes"),
        pytest.param(
            '{{ abbrev 5 "hello world" }} {{ abbrevboth 5 10 "1234 5678 9123" }}',
            "he... ...5678...",
            id="abbrev",
        ),
        pytest.param('{{ wrapWith 5 "|" "Hello World" }}', "Hello|World", id="wrap"),
        pytest.param('{{ initials "First Try" }} {{ nospace "h e l l o" }}', "FT hello", id="initials"),
        pytest.param('{{ nospace "é x" }}', "Ã©x", id="upstream takes bytes for characters there"),
        pytest.param('{{ "a\\nb" | nindent 2 }}', "\n  a\n  b", id="nindent"),
        pytest.param('{{ quote "a" nil 1 }} {{ squote "b" }}', '"a" "1" \'b\'', id="quote"),
        pytest.param('{{ cat "a" nil 1.5 true }}', "a 1.5 true", id="cat leaves nil out"),
        pytest.param(
            '{{ (split "$" "a$b")._1 }} {{ splitn "$" 2 "a$b$c" }}', "b map[_0:a _1:b$c]", id="split"
        ),
        pytest.param('{{ join "-" .l }} {{ sortAlpha .l }}', "b-a-1 [1 a b]", id="join leaves nil out"),
        pytest.param('{{ replace " " "-" "a b" }} {{ plural "one" "many" 2 }}', "a-b many", id="replace"),
        pytest.param("{{ toString .l }} {{ toStrings .l | len }}", "[b a 1 <nil>] 3", id="toString"),
    ],
)
def test_texts_come_out_as_sprig_makes_them(text, shown):
    assert render(text, {"l": ["b", "a", 1, None]}) == shown


def test_shuffle_keeps_all_characters_and_follows_the_randomness_that_it_is_given():
    text = "abcdefghijéß"
    shuffled = render("{{ shuffle .t }}", {"t": text}, context(seed=7))
    assert sorted(shuffled) == sorted(text)
    assert shuffled != text
    assert shuffled == render("{{ shuffle .t }}", {"t": text}, context(seed=7))
    assert len({render("{{ shuffle .t }}", {"t": text}, context(seed=seed)) for seed in range(20)}) > 15


def test_a_cut_character_that_meets_its_other_half_is_whole_again():
    assert render('{{ trunc 1 "é" }}{{ substr 1 2 "é" }}') == "é"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            '{{ substr 4 2 "hello" }}',
            r"error calling substr: runtime error: slice bounds out of range \[4:2\]",
        ),
        ('{{ repeat -1 "a" }}', "strings: negative Repeat count"),
        ('{{ repeat 9223372036854775807 "aa" }}', "strings: Repeat output length overflow"),
        ("{{ upper .n }}", r"wrong type for value; expected string; got float64"),
        ('{{ fail "stop here" }}', "error calling fail: stop here"),
    ],
)
def test_errors_are_those_of_go(text, error):
    with pytest.raises(TemplateError, match=error):
        render(text, {"n": 1})
