import pytest

from events.languages.go_template.errors import TemplateError
from tests.events.languages.sprig.running import render


@pytest.mark.parametrize(
    ("constraint", "version", "holds"),
    [
        pytest.param("^1.2", "1.9.9", True, id="caret"),
        pytest.param("^0.2.3", "0.3.0", False, id="caret below one"),
        pytest.param("~1.2", "1.3.0", False, id="tilde"),
        pytest.param("1.2 - 1.4.5", "1.4.5", True, id="range"),
        pytest.param(">=1.2, <2 || 3.x", "3.1.0", True, id="or"),
        pytest.param(">1", "1.9.0", False, id="more than the whole of one"),
        pytest.param(">=1.2.3", "1.3.0-rc.1", False, id="pre-releases are not asked for"),
        pytest.param(">=1.2.3-0", "1.3.0-rc.1", True, id="pre-releases are asked for"),
        pytest.param("*", "v0.1", True, id="anything"),
    ],
)
def test_a_constraint_holds_or_not(constraint, version, holds):
    assert render(f'{{{{ semverCompare "{constraint}" "{version}" }}}}') == str(holds).lower()


def test_the_parts_of_a_version_are_methods():
    text = (
        '{{ $v := semver "v1.2.3-rc.1+b5" }}'
        "{{ $v.Major }}|{{ $v.Prerelease }}|{{ $v.Metadata }}|{{ $v.Original }}|{{ $v.IncPatch }}|{{ $v }}"
    )
    assert render(text) == "1|rc.1|b5|v1.2.3-rc.1+b5|1.2.3|1.2.3-rc.1+b5"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('{{ semver "x" }}', "error calling semver: Invalid Semantic Version"),
        ('{{ semverCompare "=>" "1.0.0" }}', "improper constraint: =>"),
        ('{{ semverCompare "1.2.3-01" "1.0.0" }}', "constraint Parser Error"),
        ('{{ (semver "1.0.0").Compare nil }}', "nil pointer dereference"),
        ('{{ (semver "1.0.0").SetPrerelease "01" }}', "Version segment starts with 0"),
    ],
)
def test_what_is_no_version_is_an_error(text, error):
    with pytest.raises(TemplateError, match=error):
        render(text)
