"""Parameters and payloads: spec-sensors 6.2 to 6.7."""

import base64
import re

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.errors import KikkakeError
from events.languages import sjson
from sensors.given import Given
from sensors.parameters import apply_parameters, build_payload, resolve
from sensors.spec import Parameter, ParameterSource
from sensors.trigger import RenderFailed
from tests.sensors.support import event

PAYLOAD = {"name": {"first": "fake", "last": "user"}, "age": 100, "countries": ["ca", "us", "mx"]}
EVENTS = {"dep": event(PAYLOAD, id="i", source="s", type="t", subject="u", time="2024-05-14T16:36:34.5Z")}


def parameter(dest: str = "x", operation: str = "", **source: object) -> Parameter:
    return Parameter.model_validate(
        {"src": {"dependencyName": "dep", **source}, "dest": dest, "operation": operation}
    )


@pytest.mark.parametrize(
    ("before", "given", "after"),
    [
        (b'{"name":"faker"}', parameter("name", dataKey="name.first"), b'{"name":"fake"}'),
        (b'{"name":"faker"}', parameter("name", "append", dataKey="name.first"), b'{"name":"fakerfake"}'),
        (b'{"name":"faker"}', parameter("name", "prepend", dataKey="name.first"), b'{"name":"fakefaker"}'),
        (
            b'{"name":"faker"}',
            parameter("name", dataKey="name"),
            b'{"name":"{\\"first\\":\\"fake\\",\\"last\\":\\"user\\"}"}',
        ),
        (
            b'{"name":"faker"}',
            parameter("name", dataKey="name", useRawData=True),
            b'{"name":{"first":"fake","last":"user"}}',
        ),
        (b"{}", parameter("n", dataKey="age"), b'{"n":"100"}'),
        (b"{}", parameter("n", dataKey="age", useRawData=True), b'{"n":100}'),
        (b"{}", parameter("n", dataKey="nope", value="5", useRawData=True), b'{"n":"5"}'),
        (b'{"n":1}', parameter("n", "append", dataKey="age", useRawData=True), b'{"n":"1100"}'),
        (b"{}", parameter("c", dataKey="countries", useRawData=True), b'{"c":["ca","us","mx"]}'),
        (
            b'{"metadata":{"labels":{}}}',
            parameter(r"metadata.labels.app\.kubernetes\.io/name", dataKey="name.first"),
            b'{"metadata":{"labels":{"app.kubernetes.io/name":"fake"}}}',
        ),
        # beyond the worked examples
        (b'{"n":null}', parameter("n", "append", dataKey="name.first"), b'{"n":"fake"}'),
        (b"{}", parameter("n", "append", dataKey="age", useRawData=True), b'{"n":100}'),
        (b'{"o":{"a":1}}', parameter("o", "prepend", dataKey="name.first"), b'{"o":"fake{\\"a\\":1}"}'),
        (b"{}", parameter("n", contextKey="type"), b'{"n":"t"}'),
        (b"{}", parameter("n", contextKey="time"), b'{"n":"2024-05-14T16:36:34Z"}'),
        (b"{}", parameter("n", contextKey="type", dataKey="nope", value="d"), b'{"n":"d"}'),
        (b"{}", parameter("n", value="v"), b'{"n":"v"}'),
        (b"{}", parameter("n", value=""), b'{"n":""}'),
        (b"{}", parameter("n", dataKey="@this", useRawData=True), b'{"n":' + orjson.dumps(PAYLOAD) + b"}"),
    ],
)
def test_a_parameter_writes_exactly(before, given, after):
    assert apply_parameters(before, [given], EVENTS) == after


def test_later_parameters_see_what_earlier_ones_wrote():
    both = [parameter("n", dataKey="name.first"), parameter("n", "append", dataKey="name.last")]
    assert apply_parameters(b"{}", both, EVENTS) == b'{"n":"fakeuser"}'


def test_null_is_a_value():
    events = {"dep": event({"k": None})}
    assert apply_parameters(b"{}", [parameter("n", dataKey="k")], events) == b'{"n":"null"}'
    assert apply_parameters(b"{}", [parameter("n", dataKey="k", useRawData=True)], events) == b'{"n":null}'


def test_without_a_key_the_value_is_the_whole_event_with_base64_data():
    written = orjson.loads(apply_parameters(b"{}", [parameter("e")], EVENTS))
    whole = orjson.loads(written["e"])
    assert list(whole["context"]) == [
        "id",
        "source",
        "specversion",
        "type",
        "datacontenttype",
        "subject",
        "time",
    ]
    assert base64.b64decode(whole["data"]) == orjson.dumps(PAYLOAD)


def test_an_absent_dependency_is_skipped_or_takes_its_value():
    assert apply_parameters(b"{}", [parameter("n", dataKey="age")], {}) == b"{}"
    assert apply_parameters(b"{}", [parameter("n", dataKey="age", value="v")], {}) == b'{"n":"v"}'


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            parameter("n", dataKey="name.frist"),
            "parameters[0].src dataKey `name.frist`: not in the event; keys at `name`: first, last",
        ),
        (parameter("n", dataKey="nope"), "keys of the event: name, age, countries"),
        (parameter("", dataKey="age"), "path cannot be empty"),
        (parameter("n", "add", dataKey="age"), "unsupported trigger parameter operation: add"),
    ],
)
def test_what_cannot_be_rendered_says_where_and_names_no_values(given, message):
    with pytest.raises(RenderFailed) as caught:
        apply_parameters(b"{}", [given], EVENTS)
    assert message in caught.value.detail
    assert "fake" not in caught.value.detail


@pytest.mark.parametrize(
    ("content_type", "data", "result"),
    [
        ("application/json", b'{"k":1}', "1"),
        ("application/json; charset=utf-8", b'{"k":1}', "1"),
        ("application/vnd.x+json", b'{"k":1}', "1"),
        (None, b'{"k":1}', "1"),
        ("application/yaml", b"k: 1\n", "1"),
        ("text/plain", b'{"k":1}', "event content type: text/plain"),
        ("application/json", b"{", "event data is not valid JSON"),
        ("application/json", None, "event data is not valid JSON"),
        ("application/yaml", b"kind: List\nk: 1\nitems: []\n", "1"),
        ("application/yaml", b"- 1", "not in the event"),
        ("application/yaml", b"", "not in the event"),
        ("application/yaml", b"k: [", "not valid YAML"),
        ("application/yaml", b"k: .nan", "not valid YAML"),
    ],
)
def test_the_content_type_says_how_data_is_read(content_type, data, result):
    events = {"dep": event(data, datacontenttype=content_type)}
    source = ParameterSource.model_validate({"dependencyName": "dep", "dataKey": "k"})
    if result == "1":
        value = resolve(source, events)
        assert value is not None
        assert value.text == "1"
    else:
        with pytest.raises(RenderFailed, match=result):
            resolve(source, events)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param([], b"", id="no entries, no bytes"),
        pytest.param(
            [parameter("a.0.b", dataKey="name.first")], b'{"a":[{"b":"fake"}]}', id="an array is made"
        ),
        pytest.param(
            [parameter("x", dataKey="age"), parameter("", dataKey="name"), parameter("y", dataKey="nope")],
            b'{"first":"fake","last":"user"}',
            id="an empty dest is the whole payload",
        ),
        pytest.param(
            [parameter("x", "append", dataKey="age"), parameter("x", "append", dataKey="age")],
            b'{"x":"100"}',
            id="the operation is ignored",
        ),
        pytest.param(
            [parameter("0", dataKey="age", useRawData=True)], b"[100]", id="a numeric dest makes an array"
        ),
    ],
)
def test_payloads_are_built_from_nothing(entries, expected):
    assert build_payload(entries, EVENTS) == expected


def test_a_payload_entry_of_an_absent_dependency_is_skipped():
    assert build_payload([parameter("x", dataKey="age")], {}) == b""
    assert build_payload([parameter("x", dataKey="age", value="v")], {}) == b'{"x":"v"}'


NAMES = st.sampled_from(["a", "b", "a-b", "_c", "a.b", "1", "b.-1", "ключ"])


@given(st.lists(st.tuples(NAMES, st.text(max_size=8), st.booleans()), max_size=6))
def test_a_flat_payload_is_what_writing_name_by_name_gives(entries):
    """Plain members are put together at once; the result is byte for byte the slow way's."""
    document, events, parameters, failed = b"", {}, [], False
    for index, (dest, text, is_raw) in enumerate(entries):
        name = f"d{index}"
        value = [text] if is_raw else text
        events[name] = event(orjson.dumps({"v": value}))
        source = ParameterSource(dependencyName=name, dataKey="v", useRawData=is_raw)
        parameters.append(Parameter(src=source, dest=dest))
        try:
            if is_raw:
                document = sjson.set_raw(document, dest, orjson.dumps(value))
            else:
                document = sjson.set_text(document, dest, text)
        except KikkakeError:
            failed = True
            break
    if failed:
        with pytest.raises(RenderFailed):
            build_payload(parameters, events)
    else:
        assert build_payload(parameters, events) == document


def test_yaml_of_any_type_is_converted_with_integers_of_any_size():
    events = {"dep": event(b"- 12345678901234567890123\n- yes\n", datacontenttype="application/yaml")}
    entries = [parameter("x", dataKey="@this", useRawData=True)]
    assert apply_parameters(b"{}", entries, events) == b'{"x":[12345678901234567890123,true]}'


# Templates


@pytest.mark.parametrize(
    ("before", "given", "after"),
    [
        (b"{}", parameter("n", dataTemplate="{{ .Input.name.first | upper }}"), b'{"n":"FAKE"}'),
        (b"{}", parameter("n", dataTemplate="{{ .Input.age }}", useRawData=True), b'{"n":"100"}'),
        (b"{}", parameter("n", contextTemplate="{{ .Input.source }}"), b'{"n":"s"}'),
        (b"{}", parameter("n", dataTemplate="{{ .Input.nope }}", value="v"), b'{"n":"v"}'),
        (b"{}", parameter("n", dataTemplate="{{ .Input.nope }}", dataKey="name.last"), b'{"n":"user"}'),
        (b"{}", parameter("n", dataTemplate='{{ fail "no" }}', dataKey="name.last"), b'{"n":"user"}'),
        (b"{}", parameter("n", dataTemplate="{{ .Input.age }}", dataKey="name.last"), b'{"n":"100"}'),
        (
            b"{}",
            parameter("n", dataTemplate="{{ .Input.age }}", contextTemplate="{{ .Input.id }}"),
            b'{"n":"100"}',
        ),
        (b"{}", parameter("n", dataTemplate="{{ 1000000.0 }} {{ .Input.age | int }}"), b'{"n":"1e+06 100"}'),
        (b"{}", parameter("n", dataTemplate="{{ index .Input.countries 1 }}"), b'{"n":"us"}'),
    ],
)
def test_a_template_writes_a_text(before, given, after):
    assert apply_parameters(before, [given], EVENTS) == after


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            parameter("n", dataTemplate="{{ .Input.nope }}"),
            "dataTemplate: evaluated to empty string or no value",
        ),
        (parameter("n", dataTemplate='{{ fail "no such thing" }}'), "no such thing"),
        (parameter("n", dataTemplate='{{ env "HOME" }}'), "env"),
    ],
)
def test_a_template_that_gives_nothing_says_why(given, message):
    with pytest.raises(RenderFailed, match=re.escape(message)):
        apply_parameters(b"{}", [given], EVENTS)


def test_now_is_the_time_at_which_the_trigger_fired():
    """So that a repetition prints the same."""
    events = Given(EVENTS.items(), now_us=1_700_000_000_000_000)
    given = parameter("n", dataTemplate="{{ now | unixEpoch }}")
    assert apply_parameters(b"{}", [given], events) == b'{"n":"1700000000"}'


# Several events of one dependency


def several(*ages: object) -> Given:
    return Given([("dep", event({"age": age})) for age in ages])


@pytest.mark.parametrize(
    ("given", "after"),
    [
        (parameter("n", dataKey="age", useRawData=True), b'{"n":3}'),
        (parameter("n", dataKey="age", all=True, useRawData=True), b'{"n":[1,"x",3]}'),
        (parameter("n", dataKey="age", all=True), b'{"n":"[1,\\"x\\",3]"}'),
        (
            parameter("n", dataTemplate="a{{ .Input.age }}", all=True, useRawData=True),
            b'{"n":["a1","ax","a3"]}',
        ),
    ],
)
def test_all_is_the_list_of_the_values_oldest_first(given, after):
    assert apply_parameters(b"{}", [given], several(1, "x", 3)) == after


def test_all_of_a_dependency_that_came_once_is_a_list_of_one():
    given = parameter("n", dataKey="age", all=True, useRawData=True)
    assert apply_parameters(b"{}", [given], EVENTS) == b'{"n":[100]}'


def test_a_template_sees_the_payload_as_gjson_takes_it_apart():
    """The first of two equal keys, and minus zero: not what a decoder of JSON makes of it."""
    events = {"dep": event(rb'{"a":1.50,"a":2,"z":-0,"cut":"\ud83d"}')}
    given = parameter("x", dataTemplate="{{ .Input.a }} {{ .Input.z }} {{ .Input.cut }}")
    assert apply_parameters(b"{}", [given], events) == '{"x":"1.5 -0 \ufffd"}'.encode()
