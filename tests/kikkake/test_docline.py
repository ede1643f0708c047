import pytest

from kikkake.docline import docline


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('"""What it is."""\n', "What it is"),
        ('"""What it is.\n\nMore.\n"""\n', "What it is"),
        ('r"""What it is: a b.\n"""', "What it is: a b"),
        ('"""K8s: creates (spec-sensors 7.3; spec: effects 3.1).\n"""', "K8s: creates"),
        ("import os\n", ""),
        ("", ""),
    ],
)
def test_the_first_line_of_a_docstring_says_what_a_module_is(tmp_path, text, line):
    (tmp_path / "module.py").write_text(text)
    assert docline(tmp_path / "module.py") == line
