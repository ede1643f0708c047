"""What lint knows of patterns."""

from sensors.patterns import is_unanchored_word


def test_words_without_anchors_are_found_out():
    assert is_unanchored_word("main")
    assert is_unanchored_word("v1\\.0")
    assert not is_unanchored_word("^main")
    assert not is_unanchored_word("ma.n")
