"""One byte form for equal resources: sorted keys, no white space, integers of any size exact."""

from __future__ import annotations

import json
from typing import Any


def canonical_json(value: Any) -> bytes:
    """UTF-8 JSON. Raises ValueError for what JSON cannot hold (`.nan`, `.inf`, half a surrogate pair)."""
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    ).encode()
