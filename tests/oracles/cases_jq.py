"""jq programs and data: what people write, every function, and programs grown at random."""

# ruff: noqa: E501 - many short programs on a line, told apart by their separators

from __future__ import annotations

import json
from itertools import pairwise
from random import Random

DATA = [
    {"a": 1, "b": "2", "c": [1, 2, 3], "d": {"e": {"f": None}}, "t": True, "n": None, "x": 1.5},
    {
        "body": {
            "ref": "refs/heads/main",
            "after": "0123456789abcdef0123456789abcdef01234567",
            "repository": {
                "full_name": "acme/shop",
                "id": 1296269,
                "private": False,
                "topics": ["web", "go"],
            },
            "pusher": {"name": "ada", "email": "ada@example.com"},
            "commits": [
                {"id": "c1", "message": "fix: a <b> & c", "added": ["x.go", "y/z.go"], "modified": []},
                {"id": "c2", "message": "feat: größer\nzweite Zeile", "added": [], "modified": ["README.md"]},
            ],
            "head_commit": {"timestamp": "2026-11-23T10:04:05Z", "distinct": True},
        },
        "header": {"X-Github-Event": ["push"], "Content-Type": ["application/json"]},
    },
    {"big": 12345678901234567890, "small": 0.0000001, "neg": -3.25, "huge": 1e300, "zero": 0, "e": 1e21},
    {
        "l": [{"x": 1, "k": "b"}, {"x": 2, "k": "a"}, {"x": 2, "k": "b"}],
        "s": "a,b, c",
        "u": "\u00e9\u4e16\U0001f600",
    },
    {},
]

EXPRESSIONS = """
. | .a | .a.b | .a["b"] | .["a"] | ."a" | .d.e.f | .c[0] | .c[-1] | .c[1:] | .c[:-1] | .c[1:2] | .b[0:1] | .b[0] | .l[0].x
.a? | .a.b? | .c.a? | .c[] | .c[]? | .a[]? | .[] | .. | ..? | [..] | [.[]?] | .c[1.7] | .c[1e3] | .c[[2]] | .c[{"start":1,"end":2}]
1 + 2 | .a + .a | .b + "x" | .c + [4] | .d + {"z":1} | null + 1 | .a + null | 1 - 0.5 | .c - [2] | 3 * 4 | "ab" * 2 | "ab" * 0
"ab" * -1 | {"a":{"b":1}} * {"a":{"c":2}} | 7 / 2 | 6 / 2 | "a,b" / "," | 7 % 3 | -7 % 3 | 7 % -3 | 5.9 % 3.2 | 1 / 3 | 1e1000 | -1e1000
9007199254740993 | 9007199254740993 + 1 | 12345678901234567890 * 2 | .big | .big + 1 | .big | tojson | .a * 9007199254740993 | -(.a) | -.zero
.zero * -1 | .zero / -5 | .huge * .huge | 0.1 + 0.2 | 1.0 | 1.50 | 100000000000000000000 | 3.0e10 | 1e-7 | .small | .e | 1e17 | 123456789012
1 == 1.0 | "1" == 1 | [1] == [1.0] | {} == {} | null == false | 1 < 2 | "a" < "b" | [1,2] < [1,3] | {"a":1} < {"a":2} | {"a":2} < {"b":1} | null < false
false < true | true < 0 | 0 < "" | "" < [] | [] < {} | nan == nan | nan < 1 | [nan] | sort | nan > nan | [nan] == [nan]
true and false | null or 1 | true and (true, false) | (true, false) or false | .n and .t | not | .a | not | (1, null) | not
.n // "d" | .a // "d" | empty // 1 | (null, false) // 2 | (1, null, 2) // 3 | .q.r // .a | first(empty) // 5 | error("x") // 1 | .a.b.c // 2
if .a then 1 else 2 end | if .n then 1 end | if .n then 1 elif .t then 2 else 3 end | if (true, false) then 1 else 2 end | if empty then 1 else 2 end
try error("x") catch . | try error({"a":1}) catch .a | try error catch . | error(null) | try error(null) catch . | .a.b.c? | try (1, error("x"), 3) catch .
[.c[] | try (if . == 2 then error("two") else . end) catch "caught"] | try error("\\(1)") | error("boom") | error({"a":1}) | error | (.a | error)?
reduce .c[] as $x (0; . + $x) | reduce range(5) as $i ([]; . + [$i * $i]) | reduce empty as $x (7; 8) | [foreach .c[] as $x (0; . + $x)] | [foreach .c[] as $x (0; . + $x; [$x, .])]
reduce (1,2,3) as $x (0; empty) | reduce .c[] as $x (0; ., $x) | [foreach (1,2) as $x (0; (. + $x, . * 10))] | reduce range(3) as $x ((1,2); . + $x)
.a as $x | $x + 1 | . as {a: $x, "b": $y} | [$x, $y] | .c as [$x, $y] | {x: $x, y: $y} | . as {$a, c: [$f]} | [$a, $f] | .d as {e: {$f}} | $f
. as [$x] ?// {a: $x} | $x | .[] as [$x] ?// $x | $x | . as {("a","b"): $x} | $x | . as {$d: {e: $z}} | [$d, $z] | (1, 2) as $x | (3, 4) as $y | [$x, $y]
label $out | 1, break $out, 2 | [label $f | .c[] | if . == 2 then break $f else . end] | break $x | label $a | label $b | 1, break $a, 2
def f: .a; f | def f(g): g | g; 3 | f(. + 1) | def f($x): $x + 1; f(2) | def f($x; $y): [$x, $y]; f(1, 2; 3, 4) | def f(x): x as $y | $y; f(.a)
def fac: if . <= 1 then 1 else . * (. - 1 | fac) end; 10 | fac | def fib: if . < 2 then . else (. - 1 | fib) + (. - 2 | fib) end; 10 | fib | 30 | [limit(3; repeat(. * 2))]
def f(g): def h: g; h; f(.a) | def f: def g: 3; g + 1; f | def f(x): if . > 3 then . else . + 1 | f(x) end; 0 | f(1) | def a: 1; def b: a + 1; b
[range(5)] | [range(2; 5)] | [range(0; 10; 3)] | [range(5; 0; -2)] | [range(0; 1; 0.3)] | [range(3, 4)] | [range(1, 2; 3, 4)] | [range(0)] | range("a") | [range(1; 2; 0)]
[limit(2; .c[])] | [limit(0; 1, 2)] | [limit(-1; 1)] | [first(.c[])] | [last(.c[])] | first | .c | first | .c | last | nth(1; .c[]) | .c | nth(1) | [skip(1; .c[])] | isempty(empty)
isempty(1, error("x")) | [until(. > 100; . * 2)?] | 1 | [while(. < 20; . * 2)] | 1 | until(. > 100; . * 2) | [recurse(if . < 3 then . + 1 else empty end)?] | 2 | [recurse(. * .; . < 100)]
[.c[] | select(. > 1)] | .c | map(. + 1) | .d | map(.) | .c | map(., .) | .d | map_values(1) | .c | map_values(. + 1) | .c | map_values(empty) | .d | map_values(select(. == 1))
keys | .c | keys | .a | keys | length | .b | length | .a | length | .n | length | .t | length | .neg | length | .u | length | .u | utf8bytelength | has("a") | .c | has(0) | .c | has(9) | .b | has("a")
.c | add | add | .b | add | [] | add | ["a", "b"] | add | [[1], [2]] | add | [{"a":1}, {"b":2}] | add | [1, null, 2] | add | ["a", 1] | add | add(.c[]) | add(empty) | any | .c | any | .c | all(. > 0) | any(.c[]; . > 2)
all(.c[]; . > 2) | [] | all | [] | any | [true, null] | all | [false, 1] | any | .c | any(. == 2) | all(empty; .) | in({"a":1})? | "a" | in({"a":1}) | .c | contains([1]) | "foobar" | contains("bar")
{"a":[1,{"b":2}]} | contains({"a":[{"b":2}]}) | 1 | contains("a") | "bar" | inside("foobar") | .c | inside([1,2,3,4]) | [1,2,1] | indices(1) | "a,b,a" | indices("a") | [1,2,1,2] | indices([1,2]) | "abcb" | index("b")
"abcb" | rindex("b") | "x" | index("y") | [1,2] | index(2) | .n | index(1) | .a | index(1) | "a" | indices("") | "aaa" | indices("aa")
.b | startswith("2") | .a | startswith("2") | .b | endswith(2) | "foobar" | ltrimstr("foo") | "foobar" | rtrimstr("bar") | "xax" | trimstr("x") | 1 | ltrimstr("a") | "  a " | trim | "  a " | ltrim | "  a " | rtrim | 1 | trim
"aé" | explode | [97, 233, 128512] | implode | [1114112, 55296, -1] | implode | ["a"] | implode | "a,b,c" | split(",") | "abc" | split("") | "a1b2" | split("[0-9]"; null) | "a1b22c" | [splits("[0-9]+")] | 1 | split(",")
["a", 1, null, true] | join("-") | [] | join(",") | [1] | join(",") | ["a", [1]] | join(",") | .c | join(", ") | {"x":"a","w":"b"} | join("+") | ["a","b"] | join(1) | "aBcÉ" | ascii_downcase | "aBcé" | ascii_upcase | 1 | ascii_upcase
tojson | .d | tojson | [1.0, 1e1000, nan, "\\u007f<é"] | tojson | "[1, {\\"a\\": 2}]" | fromjson | "nope" | fromjson | "12345678901234567890" | fromjson | "1 2" | fromjson | tostring | 1 | tostring | "a" | tostring | [1,"a"] | tostring
"12" | tonumber | "1.5e3" | tonumber | " 1" | tonumber | "0x1" | tonumber | "-5" | tonumber | "nan" | tonumber | .t | tonumber | "" | tonumber | "1." | tonumber | ".5" | tonumber | "+3" | tonumber | "true" | toboolean | 1 | toboolean | "x" | toboolean
type | [.[] | type] | infinite | type | .c | reverse | "abc" | reverse | null | reverse | {} | reverse | [3,1,2] | sort | ["b","a"] | sort | [{"a":2},{"a":1}] | sort_by(.a) | .l | sort_by(.k, .x) | .l | sort_by(-.x) | .l | group_by(.k)
.l | unique_by(.k) | [1,2,1] | unique | .l | min_by(.x) | .l | max_by(.x) | [3,1,2] | min | [3,1,2] | max | [] | min | .l | map(.x) | unique | {} | sort | "a" | sort_by(.) | .c | flatten | [1,[2,[3,[4]]]] | flatten | [1,[2,[3]]] | flatten(1)
[1] | flatten(-1) | {"a":[1]} | flatten | to_entries | .d | to_entries | [{"key":"a","value":1},{"name":"b","Value":2},{"Key":"c"}] | from_entries | with_entries(.value |= tostring) | .d | with_entries(.key |= "x" + .) | [{"key":1}] | from_entries
[{"key":null,"value":1}] | from_entries | [{"k":"a"}] | from_entries | [["a",1]] | from_entries | .c | to_entries | [1,2] | with_entries(.value += 1) | [paths] | [paths(type == "number")] | [leaf_paths] | [path(..)] | path(.a) | [path(.c[])] | path(.a | 1) | path(1)
path(.c | first) | [path(.c | last)] | [path(.c[1:])] | path(getpath(["a","b"])) | [path(.a, .b)] | path(if .a then .b else .c end) | path(.n // .a) | [path(.c[] | select(. > 1))] | path(first(.c[])) | [path(limit(2; .c[]))] | path(empty) | path(.q.r.s)
path(map(.a)) | path(.a + 1) | path(. as $x | .a) | path(def f: .b; f) | path(.d | .["e"] | .f) | [path(.l[].x)] | path(try .a catch .b) | path(error("x")?) | getpath(["d","e"]) | getpath(["a","b"]) | getpath(["q","b"]) | getpath("a") | getpath([])
setpath(["a"]; 5) | setpath(["c",0]; 9) | setpath(["c",-1]; 9) | setpath(["c",-9]; 9) | setpath(["c",5]; 9) | setpath(["d","e","g"]; 1) | setpath(["a","b"]; 1) | setpath([]; {"z":1}) | setpath("a"; 1) | setpath([{"start":0}]; 1) | setpath(["q",0]; 1)
setpath([["a"]]; 1) | delpaths([["a"],["c",0]]) | delpaths([["c",0],["c",1]]) | delpaths([["q"]]) | delpaths([]) | delpaths([[]]) | delpaths(1) | delpaths([1]) | delpaths([["a","b"]]) | del(.a) | del(.c[0]) | del(.c[0,1]) | del(.c[:2]) | del(.c[]) | del(.[]) | del(.d.e, .a)
del(.q) | del(.c[] | select(. == 2)) | del(..) | del(.) | to_entries | map(.key) | pick(.a) | pick(.d.e) | pick(.c[1]) | pick(.c[-1]) | pick(.a, .b) | [tostream] | fromstream(tostream) | [1|truncate_stream([[0],1],[[1,0],2],[[1,0]],[[1]])] | [.c | tostream]
.a = 5 | .a |= . + 1 | .a += 1 | .a -= 1 | .a *= 3 | .a /= 2 | .a %= 2 | .n //= 4 | .a //= 4 | .c[] += 1 | .c[1:] = [9] | .c[1:] |= map(. * 2) | .c[0] = .a | .d.e.f = "x" | .q.r = 1 | .q[2] = 1 | .a.b = 1 | .c |= sort | .a = (1, 2) | .a += (1, 2)
.c |= map(select(. != 2)) | .c[] |= empty | (.a, .b) = 7 | (.a, .b) |= tostring | .[] = 1 | .. = 1 | .c |= (.[0], .[1]) | .a |= empty | .c[1] |= empty | .d |= with_entries(.value = 1) | . |= {a} | .a = .b | .a |= .b? | .["x y"] = 1 | .c[1e9] = 1 | .c["a"] = 1
.c[-5] = 1 | .a = null | .d.e |= . + {"g":1} | .l[0].x = 5 | .l[] |= {x} | .l |= map(.x) | (.l[] | select(.x == 2)).k = "z" | .l[1:][0].x |= 9 | first(.c[]) = 8 | limit(1; .c[]) = 8 | last(.c[]) = 8 | getpath(["d","e"]) = 3 | (.a | select(. == 1)) = 2 | recurse = 1
walk(if type == "number" then . + 1 else . end) | walk(if type == "object" then del(.a) else . end) | walk(empty) | [walk(1, 2)?] | .c | walk(., 5)? | env | $ENV | $ENV.PATH | env.HOME | input | [inputs] | debug | debug("x") | stderr | input_line_number | $__loc__ | $__prog_args
builtins | length | now | type | halt | halt_error | "a" | halt_error | {} | halt_error(1) | get_search_list | ltrimstr("a") | splits("a") | ascii | @base32 | tojson | todate | toarray | abs | .neg | abs | "a" | abs | have_literal_numbers | getpath(["a"]) | significand | gamma
"foo bar" | test("o+") | "foo" | test("O"; "i") | "foo" | test("x") | 1 | test("a") | "a" | test(1) | "aXbX" | [match("X"; "g") | .offset] | "foo bar" | capture("(?<x>[a-z]+) (?<y>[a-z]+)") | "abab" | [scan("a.")] | "abab" | [scan("(a)(b)")] | "a" | test("(") | "a" | test("a"; "q")
"foo" | match("(o)(x)?") | "aé世b" | match("世") | "abc" | sub("b"; "X") | "abab" | gsub("a"; "X") | "abab" | gsub("(?<l>[ab])"; .l + "-") | "abc" | sub("(?<x>b)"; "1", "2") | "aaa" | gsub("^a"; "b") | "abc" | gsub(""; "-") | "a.b" | gsub("\\\\."; "-") | "x" | sub("y"; "z")
"Abc" | gsub("[a-z]"; ascii_upcase) | "abc" | gsub("(?<c>.)"; .c | ascii_upcase) | "test" | sub("(?<a>t)"; 1) | "a\\nb" | test("a.b") | "a\\nb" | test("a.b"; "m") | "foo" | [match(""; "g").offset] | "aab" | [match("a*"; "g") | [.offset, .length]] | "foo" | test("(?=o)") | "f" | test("\\\\d")
"x" | ascii_downcase | "2015-03-05T23:51:47Z" | fromdate | "2015-03-05T23:51:47Z" | fromdateiso8601 | 1425599507 | todate | 1425599507.9 | todate | 1425599507 | gmtime | 1425599507.25 | gmtime | 1425599507 | gmtime | mktime | "10:15" | strptime("%H:%M") | "nope" | fromdate
1425599507 | strftime("%A, %B %d, %Y %j %U %W %V %G %e %k %I %l %p %Z %z %s %% %y %C %u %w %D %F %T %R %c") | 0 | strftime("%-d %_d %^a %#p %10Y %-H:%M") | "2015 64" | strptime("%Y %j") | mktime | "5 Mar 2015" | strptime("%d %b %Y") | mktime | -1.5 | gmtime | [2015, 2] | mktime | "x" | mktime | 1e12 | todate
"Thu, 05 Mar 2015 23:51:47 +0100" | strptime("%a, %d %b %Y %T %z") | mktime | [2024, 1, 29, 12, 0, 0.5, 0, 0] | strftime("%c") | [2024, 13, 45] | mktime | "2024-W05-1" | strptime("%G-W%V-%u") | mktime | 0 | localtime | 0 | strflocaltime("%Y %Z") | [1] | strftime(1) | {} | strftime("%Y") | "12" | strptime("%q")
@text | @json | .b | @html | "<&'\\">" | @html | "a b+ü/~" | @uri | "a%20b%C3%BC+" | @urid | "%zz" | @urid | .c | @csv | [1,"a\\"b",null,true] | @csv | [1,"a\\tb",null,[1]] | @tsv | ["a\\tb\\\\", 1.5] | @tsv | "it's" | @sh | ["a b", 1, null] | @sh | {} | @sh | "aé" | @base64 | "YcOp" | @base64d | "YQ" | @base64d | "Y!" | @base64d | "=" | @base64d
@html "x\\(.b)<" | @json "v=\\(.c)" | @uri "?q=\\(.b + " ")" | "a\\(1 + 2)b\\("c")" | "\\(.c[])" | "\\(1, 2)-\\(3, 4)" | @base64 "\\(.b)" | @csv "\\(.c)" | @foo | format("json") | format("text") | format("x") | "\\u00e9\\ud83d\\ude00\\n\\t" | "\\ud800" | "a\\qb"
{a} | {a, b} | {"a"} | {"x": 1} | {(.b): 1} | {("p", "q"): 1} | {a: (1, 2)} | {a: 1, a: 2} | {"a\\(1)": 2} | {$x} | .a as $v | {$v} | {(1): 2} | {@base64: 1} | {a: 1 | 2} | {a: .b, "b": .a} | {if: 1, and: 2} | {"a": {b: [.c[]]}} | {a: 1,} | {(.n): 1} | {"x": error("y")}
. as $d | {v: $d.a} | $d | [.c[] as $x | $x * 2] | [.c[], .c[]] | [.a, .b][1] | [1, 2, 3][1:] | "abc"[1:] | {"a":1}["a"] | {"a":1}.a | [[1]][0][0] | .d["e"]["f"] | ."d"."e" | .d."e".f | ."a"? | .["a", "b"] | .c[0, 1] | .c[.a] | [.l[] | .x] | .l | map(.x) | add
+.a | +"a" | -"a" | - 1 | 1 - -1 | 1 -1 | .a-1 | .a -1 | [1,2] - [2] | 10 - 2 - 3 | 2 * 3 + 4 | 2 + 3 * 4 | 100 / 10 / 2 | 1 as $x | 2 as $y | $x + $y | 1 + 2 as $x | $x * 2 | .a = 1 // 2 | .a // 1 = 2 | 1, 2 | 3 | (1, 2) | . + 10
ltrimstr(1) | tojson | fromjson | splits("a"; "b"; "c") | limit(1; 2; 3) | map | .a.[0] | .c.[0] | .["a"].b? | ..a | .a..b | .[ | { | } | 1 2 | .a b | "abc | (1 | [1 | if 1 then 2 | def f: 1 | reduce . as $x (0) | foreach . as x (0; 1) | 1 as x | 2 | .. == 1 | try | catch 1
import "a" as a; . | include "a"; . | module {"a":1}; . | # comment | . # comment | 1 # c \\ x | .a::b | a::b | $a::b | 00012 | 1.e3 | .5 | 1.2.3 | 1e | 0x10 | 'a' | .a' | ~ | ! | a ? b : c | .a ?// 1 | $ENV.x | @ | @@ | \\u0061
INDEX(.l[]; .k) | .l | INDEX(.k) | IN(.a; 1, 2) | .a | IN(1, 2) | [JOIN({"a":1}; .l[]; .k)] | .l | JOIN({"a":1}; .k) | [.c | combinations?] | [[1,2],[3,4]] | [combinations] | [0,1] | [combinations(2)] | [.c[] | tostring] | [[1,2],[3]] | transpose | [1] | transpose | [1,3,5] | bsearch(3)
[1,3,5] | bsearch(4) | [1,3] | bsearch(0) | "a" | bsearch(1) | ascii_downcase | [splits("a")] | error(.a) | ltrimstr("x", "y")? | [.[]|numbers] | [.[]|strings] | [.[]|booleans] | [.[]|nulls] | [.[]|arrays] | [.[]|objects] | [.[]|iterables] | [.[]|scalars] | [.[]|values] | [1,nan,infinite]|map(isnan, isinfinite, isnormal)
[1.5, -1.5, 2.5, -0.5] | map(floor, ceil, round, trunc, rint, fabs, sqrt?) | [0.5, 1, 2] | map(exp, exp2, exp10, log, log2, log10, cbrt, sin, cos, tan, atan, significand, logb, gamma, lgamma) | pow(2; 10) | pow(0; -1) | pow(-8; 1/3) | atan2(1; 2) | fmin(1; 2) | fma(2; 3; 4) | ldexp(1; 3) | 10 | frexp | 3.7 | modf | log | "a" | floor
-1 | sqrt | 0 | log | pow(2; "a") | hypot(3; 4) | copysign(1; -2) | fmod(7; 3) | drem(7; 4) | nextafter(1; 2) | infinite | -infinite | nan | [infinite, -infinite, nan] | [nan] | {"a": nan} | {"a": infinite} | infinite | tostring | nan | tojson | [nan, 1] | min | [1, nan] | max | [nan, nan] | unique
"x" as $x | "a\\($x)" | [.body.commits[]? | .added[]?] | .body.ref? | (.body.ref // "") | ltrimstr("refs/heads/") | .header["X-Github-Event"][0]? | [.body.commits[]?.id] | .body | select(.ref == "refs/heads/main")? | {branch: (.body.ref // "" | sub("^refs/heads/"; "")), sha: (.body.after // "")[0:7]}
.body.message = "updated" | .body |= (. // {} | del(.pusher)) | with_entries(select(.key != "body")) | {body: {ref: .body.ref?, n: (.body.commits? // [] | length)}} | .body.commits |= map({id, message: (.message | split("\\n")[0])})? | [.body.commits[]? | select(.message | test("^fix"))] | length
.body.head_commit.timestamp? | fromdate? | [.. | strings] | [.. | numbers] | add | [.. | select(type == "boolean")] | to_entries | map("\\(.key)=\\(.value | tojson)") | join("&") | [leaf_paths | join(".")]? | [paths | map(tostring) | join("/")] | reduce (paths(scalars)) as $p ({}; . + {($p | map(tostring) | join(".")): 1})
getpath(["body","repository","full_name"]) | split("/")? | (.body.repository.full_name? // "x/y") | split("/") | {owner: .[0], name: .[1]} | if .body.repository.private == false then {public: true} else {public: null} end | .body.repository.topics? // [] | index("go") | .body.commits? | group_by(.id)? | map({(.[0].id): length})? | add
"""

OBJECTS = [
    ".a += 1 | .b *= 2",
    "{x: .l[0]}",
    ".l[]",
    "{result: .}",
    ". + {a: 2}",
    "del(.a)",
    "{body: .body}",
    ".body",
    "to_entries | from_entries",
    "with_entries(.value = 1)",
    "empty",
    "{}, 1",
    "1, {}",
    "",
    " # nothing",
    "def f: 1;",
    "def f: {a: 1}; f",
    '{"<a>": "&\\u2028"}',
    "error",
    "null",
    "[.]",
    ".a = nan",
    ".a = infinite",
]


def programs() -> list[str]:
    """Each expression as the member of an object, since only objects come out; and whole programs."""
    found = list(OBJECTS)
    for line in EXPRESSIONS.strip().splitlines():
        parts = line.replace("\\\\", "\\").split(" | ")
        # A bar is a separator and part of expressions: each prefix that begins somewhere is a program of its own.
        found += [f"{{r: ({part})}}" for part in parts]
        found += [f"{{r: [{left} | {right}]}}" for left, right in pairwise(parts)]
    return list(dict.fromkeys(found))


_LEAVES = [
    ".", ".a", ".b", ".c", ".d", ".l", ".n", ".t", ".x", ".s", ".u", ".body", "1", "2", "-1", "0.5", '"a"', '"b"', "null", "true", "false",
    "[]", "{}", ".[]?", ".c[]", ".l[]", ".l[].x", ".c[0]", ".c[-1]", ".d.e", "[1,2,3]", '{"a":1}', '"a,b"', "$v", "..", "empty", ".big", "10000000000",
]  # fmt: skip
_CALLS = [
    "length", "keys", "add", "not", "type", "tostring", "tojson", "tonumber", "sort", "unique", "reverse", "flatten", "to_entries",
    "from_entries", "min", "max", "any", "all", "first", "last", "floor", "abs", "ascii_upcase", "explode", "trim", "paths", "values", "strings",
    "numbers", "scalars", "transpose", "todate", "@json", "@csv", "@base64", "@html", "@sh", "tostream", "isempty(.[]?)", "error", "utf8bytelength",
]  # fmt: skip
_WITH_ONE = [
    "map({})", "select({})", "map_values({})", "sort_by({})", "group_by({})", "unique_by({})", "min_by({})", "has({})", "contains({})",
    "join({})", "split({})", "test({})", "index({})", "indices({})", "startswith({})", "ltrimstr({})", "first({})", "last({})", "path({})",
    "paths({})", "del({})", "with_entries({})", "recurse({})?", "range({})", "any({})", "all({})", "getpath({})", "delpaths({})", "walk({})",
    "flatten({})", "nth({})", "add({})", "in({})", "IN({})", "try {} catch .", "({})?", "[{}]", "({} // 3)", "{{k: {}}}", "-({})", "if {} then 1 else 2 end", "pick({})",
    "error({})", '"<\\({})>"', ".[{}]?", "isempty({})", "splits({})", "scan({})", '@text "\\({})"', "to_entries | map({})", "inside({})", "rtrimstr({})",
]  # fmt: skip
_WITH_TWO = [
    "({} | {})", "({}, {})", "({} + {})", "({} - {})", "({} * {})", "({} / {})", "({} % {})", "({} == {})", "({} < {})", "({} >= {})", "({} != {})",
    "({} and {})", "({} or {})", "({} // {})", "({} = {})", "({} |= {})", "({} += {})", "({} -= {})", "({} *= {})", "({} //= {})", "limit({}; {})", "skip({}; {})", "until({}; {})?",
    "setpath({}; {})", "range({}; {})", "any({}; {})", "all({}; {})", "({} as $v | {})", "reduce {} as $v (0; {})", "[foreach {} as $v (0; {})]", "sub({}; {})", "gsub({}; {})",
    ".[{}:{}]?", "if {} then {} end", "(label $f | {} | ., break $f | {})", "(def f: {}; f | {})", "(def g(x): x | x; g({}), {})", "({} as [$v, $w] | {})", "({} as {{a: $v}} | {})",
    "INDEX({}; {})", "nth({}; {})", "({} as [$v] ?// $v | {})", "(def h($v): {}; h({}))", "split({}; {})", "test({}; {})", "recurse({}; {})?", "[{}][{}]?", "pow({}; {})",
]  # fmt: skip


def grown(random: Random, depth: int = 3) -> str:
    """A random program."""
    return f". as $v | {{r: [limit(20; {_grow(random, depth)})]}}"


def _grow(random: Random, depth: int) -> str:
    if depth == 0 or random.random() < 0.15:
        return random.choice(_LEAVES)
    match random.randrange(4):
        case 0:
            return f"({_grow(random, depth - 1)} | {random.choice(_CALLS)})"
        case 1:
            return random.choice(_WITH_ONE).format(_grow(random, depth - 1))
        case 2:
            return f"({_grow(random, depth - 1)} | {random.choice(_WITH_ONE).format(_grow(random, depth - 2 if depth > 1 else 0))})"
        case _:
            return random.choice(_WITH_TWO).format(_grow(random, depth - 1), _grow(random, depth - 1))


def data(random: Random) -> bytes:
    """The data of one event."""
    return json.dumps(random.choice(DATA), ensure_ascii=random.random() < 0.5).encode()


def mutate(random: Random, text: str) -> str:
    """An injured program."""
    letters = list(text)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(letters) + 1)
        match random.randrange(4):
            case 0:
                letters.insert(at, random.choice("().[]{}|,:;\"\\$@?/=+-*#'<> \n0aéas"))
            case 1 if letters:
                del letters[min(at, len(letters) - 1)]
            case 2:
                letters[at:at] = letters[: random.randrange(12)]
            case _ if letters:
                letters[min(at, len(letters) - 1)] = random.choice('()[]{}|"\\.;')
    return "".join(letters)
