"""Lua scripts: what people write, the corners of the conversions, and scripts grown at random."""

# ruff: noqa: E501 - many short programs on a line, told apart by their separators

from __future__ import annotations

from random import Random

from tests.oracles.cases_jq import DATA, data, mutate

__all__ = ["DATA", "FILTERS", "TRANSFORMS", "data", "grown_filter", "grown_transform", "mutate"]

FILTERS = r"""
return true
return false
return false, true
return true, false
return
return 1
return "true"
return nil, true
return event.a == 1
return event.b == "2"
return event.b == 2
return event.a < 2 and event.t
return event.n == nil
return event.d.e.f == nil
return event.d.e ~= nil
return #event.c == 3
return event.c[1] == 1 and event.c[3] == 3
return event.missing.field == 1
return type(event.d) == "table"
return type(event.x) == "number"
return event.x == 1.5
if event.a == 1 then return true end return false
if event.body then return event.body.ref == "refs/heads/main" end return false
local ref = event.body and event.body.ref or "" return ref:match("^refs/heads/(.+)$") == "main"
return (event.body and event.body.ref or ""):find("refs/heads/", 1, true) == 1
local ok = false for _, c in ipairs(event.body and event.body.commits or {}) do if c.message:find("fix") then ok = true end end return ok
local n = 0 for k, v in pairs(event) do n = n + 1 end return n > 3
for i, v in ipairs(event.c or {}) do if v == 2 then return true end end return false
return string.sub("hello", 2, 3) == "el"
return ("x"):rep(3) == "xxx"
return ("a,b,c"):gsub(",", ";") == "a;b;c"
return table.concat({1, 2, 3}, "-") == "1-2-3"
local t = {3, 1, 2} table.sort(t) return t[1] == 1 and t[3] == 3
local t = {} table.insert(t, "a") table.insert(t, 1, "b") return t[1] == "b" and #t == 2
return tonumber("0x10") == 16
return tonumber("10", 2) == 2
return tonumber("x") == nil
return tostring(1.5) == "1.5"
return tostring(nil) == "nil"
return tostring(1e15) == "1000000000000000"
return tostring(2^53) == "9007199254740992"
return tostring(1/3) == "0.3333333333333333"
return tostring(0.1) == "0.1"
return tostring(1e100) == "1e+100"
return tostring(-0.0) == "0"
return tostring(1e-5) == "1e-05"
return tostring(12345678.9) == "1.23456789e+07"
return tostring(123456.75) == "123456.75"
return tostring(1234567.5) == "1.2345675e+06"
return tostring(-2.5) == "-2.5"
return tostring(0.0001) == "0.0001"
return tostring(0.00001234) == "1.234e-05"
return tostring(1e21) == "1e+21"
return tostring(1e18) == "1000000000000000000"
return math.floor(1.7) == 1
return math.max(1, 5, 3) == 5
return math.mod(7, 3) == 1
return 7 % 3 == 1 and -7 % 3 == 2
return 2 ^ 10 == 1024
return 1 / 0 == math.huge
return "10" + 5 == 15
return "a" .. 1 == "a1"
return 10 / 2 == 5
return 1 .. 2 == "12"
return "a" < "b"
return pcall(error, "x") == false
local ok, e = pcall(error, "x", 0) return e == "x"
local ok, e = pcall(function() error({code = 1}) end) return e.code == 1
return select("#", 1, 2, 3) == 3
return select(-1, 1, 2, 3) == 3
return unpack({1, true})
local co = coroutine.wrap(function() coroutine.yield(1) return 2 end) return co() == 1 and co() == 2
local t = setmetatable({}, {__index = function(_, k) return k .. "!" end}) return t.x == "x!"
local t = setmetatable({}, {__call = function(_, a) return a end}) return t(true)
for i = 1, 3 do if i == 2 then goto done end end ::done:: return true
for i = 1, 3 do for j = 1, 3 do if j == 2 then goto continue end end ::continue:: end return true
local i = 0 repeat i = i + 1 until i > 5 return i == 6
local i = 0 while true do i = i + 1 if i > 5 then break end end return i == 6
return not nil
return not not event.a
return (nil == false) == false
return rawequal(event, event)
return next({}) == nil
return _G.event == event
function f(...) return ... end return (select("#", f(1, nil, 3))) == 3
return ("%d-%s-%5.2f"):format(3, "x", 1.5) == "3-x- 1.50"
return string.format("%q", "a") == '"a"'
return string.format("%x", 255) == "ff"
return string.upper("aé") == "Aé"
return string.len("é") == 2
return #event.u == 9
return string.byte("A") == 65
return string.char(72, 105) == "Hi"
return string.reverse("abc") == "cba"
return ("key=value"):match("(%w+)=(%w+)") == "key"
local k, v = ("key=value"):match("(%w+)=(%w+)") return v == "value"
local n = 0 for w in ("one two"):gmatch("%a+") do n = n + #w end return n == 6
return ("abc"):find("b") == 2
return ("hello"):gsub("l", {l = "L"}) == "heLLo"
return ("hello"):gsub("l", function(c) return c:upper() end) == "heLLo"
return ("%d"):gsub("%%d", "x") == "x"
return os.difftime(5, 3) == 2
return os.getenv("NO_SUCH_VARIABLE_") == nil
return event.header["X-Github-Event"][1] == "push"
return event.big == 12345678901234567890
return event.big > 2^63
return event.small == 0.0000001
return event.l[2].k == "a"
return event["l"][#event.l].x == 2
return #event.body.repository.topics == 2
return event.zero == 0 and event.neg == -3.25
x = 5 return x == 5
local x <const> = 5 return true
return 5 // 2
return 1 & 1
return true;
return (true)
--[[ comment ]] return true -- more
--[==[ long ]==] return [==[a]==] == "a"
return 0x1F == 31
return 1e2 == 100
return "\65\066" == "AB"
return "a\
b" == "a\nb"
return nil .. "x"
return {} < {}
return {} + 1
return #nil
return event.a()
error("boom")
error({})
error()
error("x", 2)
return undefined_function()
return true x
if true then
return "unclosed
x = = 1
for i = 1 do end
break
return ...
goto nowhere
return string.dump == nil
return debug == nil
local function f(n) if n == 0 then return true end return f(n - 1) end return f(100000)
return math.random() < 1
return math.random(1, 1) == 1
return tostring(true) == "true"
return type(print) == "function"
return event ~= nil and event.c ~= nil and event.c[2] == 2
return table.getn({1, 2}) == 2
return table.maxn({[3] = 1}) == 3
return table.remove({1, 2}) == 2
return math.pi > 3.14 and math.pi < 3.15
return math.abs(-1) == 1 and math.ceil(0.5) == 1 and math.sqrt(4) == 2
return math.fmod(-7, 3) == -1
return (math.modf(1.5)) == 1
return tostring(setmetatable({}, {__tostring = function() return "yes" end})) == "yes"
return setmetatable({}, {__eq = function() return true end}) == setmetatable({}, {__eq = function() return true end})
return assert(true)
return assert(false, "no")
return assert(nil)
return xpcall(function() error("a") end, function(e) return "h" end) == false
return getmetatable("").__index == string
return ipairs({}) ~= nil
""".strip("\n")

TRANSFORMS = r"""
return event
event.a = 2 return event
event.x = nil return event
event.body.message = 'updated' return event
event.tags = setmetatable({}, {__is_array = true}) return event
return {}
return {1, 2, 3}
return {a = 1}
return {a = 1, 2}
return {[1] = "a", [3] = "c"}
return {[5] = 1}
return {[0] = "z"}
return {[-1] = "m", [0.5] = "h"}
return {[true] = 1, [false] = 2}
return {a = {b = {c = {}}}}
return {a = nil, b = 1}
return {n = 1.0, m = 1.5, big = 1e20, huge = 1e21, small = 1e-7, neg = -0}
return {n = 2^53, m = 2^53 + 1, k = 123456789012345680}
return {n = 0 / 0}
return {n = 1 / 0}
return {f = print}
return {c = coroutine.create(print)}
return {s = "\"\\\n\t\0\1\127"}
return {s = "<&>"}
return {s = "é世😀"}
return {s = "\255\254"}
return {s = tostring(event.big)}
return nil
return 1
return "x"
return true
return false, {a = 1}
return {a = 1}, false
return setmetatable({1, 2}, {__is_array = true})
return setmetatable({a = 1}, {__is_array = true})
return setmetatable({a = 1}, {__is_array = false})
return setmetatable({a = 1}, {__index = {__is_array = true}})
return setmetatable({a = 1}, setmetatable({}, {__index = {__is_array = true}}))
return setmetatable({}, {__is_array = true})
return {list = setmetatable({}, {__is_array = true}), object = {}}
local t = {} for i = 1, 5 do t[i] = i * i end return t
local t = {} for i = 1, 5 do t["k" .. i] = i end return t
local t = {1, 2, 3} t[2] = nil return t
local t = {1, 2, 3} t[3] = nil return t
local t = {1, 2, 3} table.remove(t, 1) return t
return {body = event.body}
return {ref = event.body and event.body.ref, n = event.body and #event.body.commits}
local r = {} for i, c in ipairs(event.body and event.body.commits or {}) do r[#r + 1] = {id = c.id, m = c.message} end return {commits = r}
local r = {} for k, v in pairs(event) do r[k] = type(v) end return r
event.l[#event.l + 1] = {x = 9} return event
event.c[5] = 9 return event
event.self = "x" return event
return {e = event.c, first = event.c and event.c[1]}
return {s = ("x"):rep(10), u = ("abc"):upper()}
return {parts = {("a/b/c"):match("(.*)/(.*)")}}
error("nope")
return event.missing.field
return {
return {[{}] = 1}
local a = {} a.a = 1 return {a, a}
return {d = os.difftime(3, 1)}
return {x = string.format("%05d|%.3f|%s", 42, 1.5, "s")}
return {r = {true, false, nil, 1}}
return {["a b"] = 1, ["1"] = 2}
return {["1"] = "text key"}
return {[1e15] = 1}
return {[1.0] = "one"}
return {[2^31] = 1}
return {[-1.5e300] = 1, [1234567.5] = 2}
return {a = tostring(2^63), b = tostring(-2^63), c = tostring(1.1 * 10)}
return {a = {[1] = nil}}
return {v = 5 % -3, w = -5 % 3, x = 5.5 % 2}
return {v = tostring(10 / 2), w = 10 / 3}
""".strip("\n")

_VALUES = [
    "event.a", "event.b", "event.c", "event.d", "event.l", "event.n", "event.t", "event.x", "event.big", "event.body", "event.u", "1", "2.5", "-1", '"a"', '"10"',
    "true", "false", "nil", "{}", "{1, 2}", "{a = 1}", "#(event.c or {})", "0", "1e10", "(event.c or {})[1]", "v",
]  # fmt: skip
_OPERATORS = ["+", "-", "*", "/", "%", "^", "..", "==", "~=", "<", "<=", "and", "or"]
_CALLS = [
    "tostring({})", "tonumber({})", "type({})", "#{}", "not {}", "-{}", "(pcall(error, {}))", "math.floor({})", "string.upper({})", "string.rep({}, 2)",
    "select('#', {})", "next({} or {{}})", "math.abs({})", "string.len({})", "({} or {{}}).a", "rawget({}, 1)", "rawequal({}, 1)", "table.concat({}, ',')",
]  # fmt: skip


def _expression(random: Random, depth: int) -> str:
    if depth == 0 or random.random() < 0.2:
        return random.choice(_VALUES)
    if random.random() < 0.4:
        return random.choice(_CALLS).format(f"({_expression(random, depth - 1)})")
    left, right = _expression(random, depth - 1), _expression(random, depth - 1)
    return f"(({left}) {random.choice(_OPERATORS)} ({right}))"


def grown_filter(random: Random) -> str:
    """A random condition."""
    return f"local v = {_expression(random, 1)} return {_expression(random, 3)} == {_expression(random, 2)}"


def grown_transform(random: Random) -> str:
    """A random table. Its keys differ: what a constructor that names one twice gives is no rule of the language."""
    keys = random.sample(["a", "b", "c", "[1]", "[2]", "[4]", "[0]", "[-2]", "[true]"], random.randint(0, 4))
    members = [f"{key} = {_expression(random, random.randint(0, 3))}" for key in keys]
    return f"local v = {_expression(random, 1)} return {{{', '.join(members)}}}"
