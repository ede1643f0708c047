"""How many mutated inputs a parser is given: 10,000 in every run, as many as `KIKKAKE_FUZZ` says by hand.

KIKKAKE_FUZZ=100000 python -m pytest tests/events/languages -k "fuzz or mutated or injured"
"""

import os

COUNT = int(os.environ.get("KIKKAKE_FUZZ", "10000"))
