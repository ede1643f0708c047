"""Functions of jq that are best said in jq."""

from __future__ import annotations

from events.languages.jq.parser import parse
from events.languages.jq.syntax import Define, Definition

_PROGRAM = """
def map_values(f): .[] |= f;
def not: if . then false else true end;
def first: .[0];
def last: .[-1];
def nth($n): .[$n];

def sort_by(f): _keyed("sort_by"; map([f]));
def group_by(f): _keyed("group_by"; map([f]));
def unique_by(f): _keyed("unique_by"; map([f]));
def min_by(f): _keyed("min_by"; map([f]));
def max_by(f): _keyed("max_by"; map([f]));

def arrays: select(type == "array");
def objects: select(type == "object");
def iterables: select(type | . == "array" or . == "object");
def scalars: select(type | . != "array" and . != "object");
def booleans: select(type == "boolean");
def numbers: select(type == "number");
def strings: select(type == "string");
def nulls: select(. == null);
def values: select(. != null);
def finites: select(isfinite);
def normals: select(isnormal);

def combinations: if length == 0 then [] else .[0][] as $head | [$head] + (.[1:] | combinations) end;
def combinations(n): [limit(n; repeat(.))] | combinations;

def pick(f): . as $whole | reduce path(f) as $path (null; setpath($path; $whole | getpath($path)));
def tostream:
  path(def below: (.[]? | below), .; below) as $path | getpath($path) |
  reduce path(.[]?) as $last ([$path, .]; [$path + $last]);
def fromstream(f):
  foreach f as $event (null;
    if .done then null end | $event as [$path, $leaf] |
    if $event | length == 2
    then setpath(["made"] + $path; $leaf) | setpath(["done"]; $path | length == 0)
    else setpath(["done"]; $path | length == 1) end;
    if .done then .made else empty end);
def truncate_stream(f): . as $depth | null | f | if .[0] | length > $depth then .[0] |= .[$depth:] else empty end;

def todateiso8601: strftime("%Y-%m-%dT%H:%M:%SZ");
def fromdateiso8601: strptime("%Y-%m-%dT%H:%M:%S%z") | mktime;
def todate: todateiso8601;
def fromdate: fromdateiso8601;

def JOIN($index; key): [.[] | [., $index[key]]];
def JOIN($index; rows; key): rows | [., $index[key]];
def JOIN($index; rows; key; joined): rows | [., $index[key]] | joined;
.
"""


def _definitions() -> dict[tuple[str, int], Definition]:
    found = {}
    node = parse(_PROGRAM)
    while isinstance(node, Define):
        definition = node.definition
        found[definition.name, len(definition.parameters)] = definition
        node = node.rest
    return found


DEFINITIONS = _definitions()
"""By name and number of arguments."""
