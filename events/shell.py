"""Commands that are printed for people to paste into a shell. Pure.

Their words are names out of resources, answers and events, which others have written: each is quoted.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

UNPRINTABLE = "(no command is shown: a name in it has characters that are not shown either)"


def command(*words: str) -> str:
    """One command: a POSIX shell takes it apart into these words."""
    return commands(words)


def commands(*each: Sequence[str]) -> str:
    """One after the other, as long as they succeed; `UNPRINTABLE` where a line break or an escape hides in a word.

    Such a word would be quoted well, but whoever copies a line of a message would copy half of it.
    """
    if not all(word.isprintable() for words in each for word in words):
        return UNPRINTABLE
    return " && ".join(shlex.join(words) for words in each)
