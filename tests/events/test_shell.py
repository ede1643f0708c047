import shlex

from hypothesis import given
from hypothesis import strategies as st

from events.shell import UNPRINTABLE, command, commands

WORD = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])).filter(str.isprintable)


@given(st.lists(WORD, min_size=1))
def test_a_shell_takes_a_command_apart_into_its_words(words):
    assert shlex.split(command(*words)) == words


@given(st.lists(st.lists(WORD, min_size=1), min_size=1, max_size=3))
def test_a_shell_runs_the_commands_that_were_meant_and_no_other(each):
    lexer = shlex.shlex(commands(*each), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    expected = [word for words in each for word in (*words, "&&")][:-1]

    assert list(lexer) == expected


def test_what_a_shell_would_carry_out_is_quoted():
    assert command("kubectl", "-n", "web; touch x", "get", "$(id)") == "kubectl -n 'web; touch x' get '$(id)'"


def test_a_word_that_a_terminal_does_not_show_makes_no_command():
    for hidden in ("a\nrm -rf ~", "\x1b[2Jx", "a\x00", "a\u202eb"):
        assert command("kubectl", "get", hidden) == UNPRINTABLE
