import pytest

from events.languages.go_template.errors import TemplateError
from tests.events.languages.sprig.running import render

DATA = {
    "m": {"b": [1, None, 1.5], "a": "<é>", "e": {}, "z": []},
    "big": 1e21,
    "half": '"\\ud800"',
    "beyond": "[1,1e999]",
}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param(
            "{{ toJson .m }}",
            '{"a":"\\u003cé\\u003e","b":[1,null,1.5],"e":{},"z":[]}',
            id="keys sorted, HTML escaped",
        ),
        pytest.param(
            "{{ toRawJson .m.a }} {{ toJson .big }} {{ toJson 0.0000001 }}", '"<é>" 1e+21 1e-7', id="raw"
        ),
        pytest.param(
            '{{ dict "a" (list 1) "b" (dict) | toPrettyJson }}',
            '{\n  "a": [\n    1\n  ],\n  "b": {}\n}',
            id="pretty",
        ),
        pytest.param(
            '{{ toJson (semver "1.2.3") }} {{ toJson "\\xff" }} {{ toJson nil }}',
            '"1.2.3" "\\ufffd" null',
            id="others",
        ),
        pytest.param(
            "{{ toJson 1i }}|{{ regexFindAll `z` `a` -1 | toJson }}",
            "|null",
            id="what cannot be written is empty",
        ),
        pytest.param(
            '{{ (fromJson "{\\"a\\":[1.0,-0]}").a }} {{ fromJson "nope" }}', "[1 -0] <no value>", id="reading"
        ),
        pytest.param(
            "{{ fromJson .half }} {{ fromJson .beyond }}", "\ufffd [1 <nil>]", id="what only Go reads"
        ),
        pytest.param(
            '{{ b64enc "é" }} {{ b64dec "w6k=" }} {{ b64dec "w6k" }}',
            "w6k= é illegal base64 data at input byte 0",
            id="base64",
        ),
        pytest.param(
            '{{ b32enc "ab" }} {{ b32dec "MFRA====" }} {{ b32dec "1" }}',
            "MFRA==== ab illegal base32 data at input byte 0",
            id="base32",
        ),
        pytest.param('{{ regexFind "a.b" "xaxb" }} {{ regexMatch "(" "" }}', "axb false", id="regex"),
        pytest.param(
            '{{ regexReplaceAll "(a)(b)" "ab" "${2}x$1x$2" }}', "bxb", id="a name is as long as it can be"
        ),
        pytest.param(
            '{{ regexReplaceAll "" "éa" "-" }} {{ regexReplaceAllLiteral "a" "a" "$1" }}',
            "-é-a- $1",
            id="empty matches",
        ),
        pytest.param(
            '{{ regexSplit "z+" "pizza" -1 }} {{ regexQuoteMeta "a.b" }}', "[pi a] a\\.b", id="split"
        ),
        pytest.param(
            '{{ regexReplaceAll "a" "\\xffa" "b" | printf "%q" }}',
            r'"\xffb"',
            id="bytes that are no text stay",
        ),
        pytest.param('{{ (urlParse "http://u:p@h:80/a%20b?x=1#f").path }}', "/a b", id="urlParse"),
        pytest.param(
            '{{ urlJoin (dict "scheme" "http" "host" "h" "path" "/a b") }}', "http://h/a%20b", id="urlJoin"
        ),
        pytest.param(
            '{{ base "/a/b.c" }} {{ dir "/a/b" }} {{ ext "a.tar.gz" }} {{ clean "/a/../b//c" }}',
            "b.c /a .gz /b/c",
            id="paths",
        ),
    ],
)
def test_formats_are_written_and_read_as_in_go(text, shown):
    assert render(text, DATA) == shown


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{{ mustToJson 1i }}", "json: unsupported type: complex128"),
        ('{{ mustToJson (float64 "nan") }}', "json: unsupported value: NaN"),
        (
            '{{ $d := dict }}{{ $_ := set $d "a" $d }}{{ mustToJson $d }}',
            "json: unsupported value: encountered a cycle via map",
        ),
        ('{{ mustFromJson "[1,]" }}', "invalid character ']' looking for beginning of value"),
        ('{{ mustFromJson "{" }}', "unexpected end of JSON input"),
        ("{{ mustFromJson .beyond }}", "json: cannot unmarshal number 1e999 into Go value of type float64"),
        ('{{ mustRegexMatch "(" "" }}', r"error parsing regexp: missing closing \): `\(`"),
        (
            '{{ regexFind "[z-a]" "" }}',
            r"regexp: Compile\(`\[z-a\]`\): error parsing regexp: invalid character class range: `z-a`",
        ),
        (
            '{{ urlParse "http://a b/" }}',
            r'unable to parse url: parse "http://a b/": invalid character " " in host name',
        ),
        ('{{ urlJoin (dict "host" 1) }}', "unable to parse host key, must be of type string, but int found"),
    ],
)
def test_errors_are_those_of_go(text, error):
    with pytest.raises(TemplateError, match=error):
        render(text, DATA)
