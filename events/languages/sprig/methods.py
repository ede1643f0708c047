"""The methods that templates may call on what sprig's functions answer: `(now).Year`, `(semver .v).Major`.

The receiver is the first parameter. Left out are methods that a template cannot call (two results) or whose arguments
it cannot have (`*time.Location`).
"""

from __future__ import annotations

from events.languages.go_template.fields import Methods
from events.languages.sprig.duration_methods import DURATION_METHODS
from events.languages.sprig.time_methods import MONTH_METHODS, TIME_METHODS, WEEKDAY_METHODS
from events.languages.sprig.version_methods import POINTER_METHODS, VALUE_METHODS

METHODS: Methods = {
    "*semver.Version": POINTER_METHODS,
    "semver.Version": VALUE_METHODS,
    "time.Duration": DURATION_METHODS,
    "time.Month": MONTH_METHODS,
    "time.Time": TIME_METHODS,
    "time.Weekday": WEEKDAY_METHODS,
}
