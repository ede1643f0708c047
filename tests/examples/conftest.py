"""The examples run in the real process too."""

from tests.stories.conftest import kikkake

__all__ = ["kikkake"]
