"""Lua: what the specification says, what gopher-lua answered, and that scripts reach nothing."""

import contextlib
import json
import re
from random import Random

import pytest

from events.languages import lua
from events.languages.lua import LuaError, OutOfMemory
from tests import fuzzing
from tests.oracles import cases_lua
from tests.oracles.fixture import oracle_fixture
from tests.oracles.oracle import Oracle
from tests.oracles.recordings.lua import lua_vector
from tests.oracles.vectors import Vector, read

lua_oracle = oracle_fixture("lua")
VECTORS = read("lua")
NOW_S = 1_000_000_000.0

LISTED = re.compile(
    r"string\.(upper|dump)|debug|neg = -0|"
    r"\[\{\}\] = 1|\.\.|tostring\(\((event\.[cdl]|v|\{)|string\.rep|math\.random|table: 0x"
)
"""What docs/reference/differences/lua.md lists."""


def run(vector: Vector) -> tuple[bool, object, bool]:
    """Whether it failed, the new data, whether it passed."""
    script, data = vector["script"], vector["data"].encode()
    try:
        if vector["transform"]:
            return False, json.loads(lua.transform(script, data, now_s=NOW_S)), False
        return False, None, lua.passes(script, data, now_s=NOW_S)
    except LuaError:
        return True, None, False


def same(vector: Vector) -> None:
    if LISTED.search(vector["script"]) or "table: 0x" in (vector["result"] or ""):
        return
    wanted = json.loads(vector["result"]) if vector["result"] is not None else None
    assert run(vector) == (vector["stage"] != "", wanted, vector["passed"]), vector


@pytest.mark.parametrize("number", range(0, len(VECTORS), 200))
def test_recorded_answers_of_gopher_lua_are_ours(number):
    for vector in VECTORS[number : number + 200]:
        same(vector)


@pytest.mark.oracle
def test_the_recording_is_what_gopher_lua_says_today(lua_oracle):
    for vector in VECTORS[::2]:
        asked = lua_vector(
            lua_oracle, vector["script"], vector["data"].encode(), wants_table=vector["transform"]
        )
        if not LISTED.search(vector["script"]):
            assert asked == vector


@pytest.mark.oracle
def test_gopher_lua_answers_scripts_grown_at_random_the_same_way(lua_oracle: Oracle):
    random = Random(20261124)
    for _ in range(1500):
        data = cases_lua.data(random)
        same(lua_vector(lua_oracle, cases_lua.grown_filter(random), data, wants_table=False))
        same(lua_vector(lua_oracle, cases_lua.grown_transform(random), data, wants_table=True))


@pytest.mark.parametrize(
    ("script", "passes"),
    [
        ("return true", True),
        ("return false, true", True),
        ("return true, false", False),
        ("return 1", False),
        ('return "true"', False),
        ("", False),
        ("return event.a == 1", True),
    ],
)
def test_only_the_boolean_true_on_top_passes(script, passes):
    assert lua.passes(script, b'{"a":1}', now_s=None) is passes


@pytest.mark.parametrize(
    ("script", "data", "result"),
    [
        (
            "event.body.message = 'updated' event.tags = setmetatable({}, {__is_array = true}) return event",
            '{"body":{"message":"m"}}',
            '{"body":{"message":"updated"},"tags":[]}',
        ),
        ("return event", '{"a":null,"e":[],"l":[1,null,[2],{"x":null},3]}', '{"e":{},"l":[1,{},3]}'),
        ("return {a = 1, [2] = 'x'}", "{}", '[null,"x"]'),
        ("return {[-1] = 1, [2.5] = 2, [true] = 3}", "{}", '{"-1":1,"2.5":2,"true":3}'),
        ("return {a = 2.0, b = 2^53}", "{}", '{"a":2,"b":9007199254740992}'),
        ("return {a = '<&>'}", "{}", '{"a":"\\u003c\\u0026\\u003e"}'),
        ("return {[string.char(1) .. 'n1'] = 1}", "{}", '{"\\u0001n1":1}'),
        ("return {n = event.n}", '{"n":12345678901234567890}', '{"n":12345678901234567000}'),
        ("return event", "null", "{}"),
        ("return {t = os.time(), d = os.date('%Y-%m-%d')}", "{}", '{"d":"2001-09-09","t":1000000000}'),
        ("return {t = os.time{year=2024,month=14,day=1,hour=0}}", "{}", '{"t":1738368000}'),
    ],
)
def test_tables_become_json_as_upstream_makes_it(script, data, result):
    assert lua.transform(script, data.encode(), now_s=NOW_S).decode() == result


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ("event.a = 1", "transformation script output type is not of lua table: got nil"),
        ("return 1", "output type is not of lua table: got number"),
        ("return {f = print}", "json: unsupported type: function"),
        ("return {n = 0 / 0}", "json: unsupported value: NaN"),
        ("return {[60000000] = 1}", "more than 1000000 elements"),
        ("local t = {} t.t = t return t", "nested deeper than"),
        ("x = = 1", "<string>:1: "),
        ("\n\nerror('no')", "<string>:3: no"),
        ("error({})", "table"),
        ("return os.time()", "the event has no time"),
    ],
)
def test_failures_of_transforms_say_why(script, text):
    with pytest.raises(LuaError, match=re.escape(text)):
        lua.transform(script, b"{}", now_s=None)


def test_the_line_of_a_failure_is_known():
    with pytest.raises(LuaError) as caught:
        lua.check_script("local a\nlocal b = = 1")
    assert caught.value.line == 2
    lua.check_script("while true do end")


@pytest.mark.parametrize("data", [b"[1]", b"1", b'"a"', b"nope", b"", b'{"a":1e999}'])
def test_data_that_is_no_object_is_refused(data):
    with pytest.raises(LuaError):
        lua.passes("return true", data, now_s=None)


GONE = [
    *("io", "package", "require", "module", "debug", "jit", "ffi", "bit", "load", "loadstring", "loadfile"),
    *("dofile", "python", "newproxy", "getfenv", "setfenv", "string.dump", "os.execute", "os.exit"),
    *("os.remove", "os.rename", "os.tmpname", "os.setlocale", "gcinfo"),
]


@pytest.mark.parametrize("name", GONE)
def test_what_reaches_out_of_the_interpreter_is_not_there(name):
    assert lua.passes(f"return {name} == nil", b"{}", now_s=None)


@pytest.mark.parametrize(
    "script",
    [
        "return ('').dump == nil",
        "return getmetatable('').__index.dump == nil",
        "for k, v in pairs(_G) do if type(v) == 'userdata' then return false end end return true",
        "local ok = pcall(function() return python.eval('1') end) return not ok",
        "local ok = pcall(function() return require('ffi') end) return not ok",
        "local ok = pcall(coroutine.wrap(function() return io.open('x') end)) return not ok",
        "return os.getenv('PATH') == nil",
        "print('to nobody') return true",
        "return rawget(_G, 'loadstring') == nil",
        "local f = string.format return f == string.format and collectgarbage('count') == 0",
        "return event.__class__ == nil and event.items == nil",
        "local ok, e = pcall(error) return ok == false",
    ],
)
def test_ways_out_are_closed(script):
    assert lua.passes(script, b"{}", now_s=None)


def test_one_script_leaves_nothing_for_the_next():
    lua.passes(
        "x = 1 string.upper = nil math.huge = 5 getmetatable('').__index = nil return true", b"{}", now_s=None
    )
    script = "return x == nil and string.upper('a') == 'A' and ('a'):upper() == 'A' and math.huge > 5"
    assert lua.passes(script, b"{}", now_s=None)


def test_a_script_cannot_change_how_its_table_is_written():
    script = "tostring = nil type = nil next = nil string.format = nil string.gsub = nil return {a = 'x\"y', b = 1.5}"
    assert lua.transform(script, b"{}", now_s=None) == b'{"a":"x\\"y","b":1.5}'


@pytest.mark.parametrize(
    "script",
    [
        "return string.rep('a', 1e9)",
        "local t = {} for i = 1, 1e9 do t[i] = i end",
        "local s = 'a' while true do s = s .. s end",
    ],
)
def test_a_script_that_fills_the_memory_is_stopped(script):
    with pytest.raises(OutOfMemory, match="64 MiB"):
        lua.passes(script, b"{}", now_s=None)


def test_endless_recursion_is_an_error():
    with pytest.raises(LuaError, match="stack overflow"):
        lua.passes("local function f() return 1 + f() end return f()", b"{}", now_s=None)


def test_goto_is_there():
    assert lua.HAS_GOTO
    script = "for i = 1, 3 do if i == 2 then goto next end if i == 3 then return true end ::next:: end"
    assert lua.passes(script, b"{}", now_s=None)


def test_injured_scripts_never_break_the_reader():
    seed = 20261124
    print(f"seed {seed}")
    random = Random(seed)
    scripts = [*cases_lua.FILTERS.split("\n"), *cases_lua.TRANSFORMS.split("\n")]
    for _ in range(fuzzing.COUNT):
        script = cases_lua.mutate(random, random.choice(scripts))
        with contextlib.suppress(LuaError):
            lua.check_script(script)
