"""gjson 1.19 paths over JSON bytes: `body.commits.#(added.#>0)#.id`.

White space is kept, the first of two equal keys wins, `1.50` stays as it is written where a raw value is asked for.
The behaviour is that of the Go library, tested against it; what differs is in docs/reference/differences.md.
"""

from events.languages.gjson.document import MAX_PATH_BYTES, MAX_PATH_DEPTH, Document, Path, compile_path
from events.languages.gjson.lint import lint_path
from events.languages.gjson.result import MISSING, Kind, PathError, Result

__all__ = [
    "MAX_PATH_BYTES",
    "MAX_PATH_DEPTH",
    "MISSING",
    "Document",
    "Kind",
    "Path",
    "PathError",
    "Result",
    "compile_path",
    "lint_path",
]
