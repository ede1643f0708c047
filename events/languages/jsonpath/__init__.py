"""JSONPath in the dialect that event sources' function `jsonpath(text, path)` speaks: `$.items[?(@.size > 3)].name`.

    compile_jsonpath("$.items[*].name").find({"items": [{"name": "a"}]})   # ["a"]

A path of plain steps answers the value itself and fails where something is missing; `*`, a range, a union, a filter or
`..` answers a list, and what is missing in some of its elements is left out. The library itself cannot be had: the
rules come from its documentation and its published table of queries; docs/reference/differences/jsonpath.md says what
is unsure.
"""

from events.languages.jsonpath.errors import JsonPathError
from events.languages.jsonpath.path import (
    MAX_DEPTH,
    MAX_PATH_CHARACTERS,
    MAX_STEPS,
    JsonPath,
    compile_jsonpath,
)

__all__ = [
    "MAX_DEPTH",
    "MAX_PATH_CHARACTERS",
    "MAX_STEPS",
    "JsonPath",
    "JsonPathError",
    "compile_jsonpath",
]
