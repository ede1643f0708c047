import pytest

from events.languages.go_template.errors import TemplateError
from tests.events.languages.sprig.running import render


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param('{{ int "0123" }}', "83", id="a leading zero is octal"),
        pytest.param('{{ int "0x10" }}', "16", id="hexadecimal"),
        pytest.param('{{ int "12.0" }}', "12", id="decimals that are zero"),
        pytest.param('{{ int "12.9" }}', "0", id="other decimals"),
        pytest.param("{{ int 12.9 }}", "12", id="a number is cut"),
        pytest.param("{{ .n | int }}", "1000000", id="a JSON number"),
        pytest.param('{{ toDecimal "0777" }}', "511", id="file modes"),
        pytest.param("{{ add 9223372036854775807 1 }}", "-9223372036854775808", id="overflow"),
        pytest.param("{{ div -7 2 }} {{ mod -7 2 }}", "-3 -1", id="cut towards zero"),
        pytest.param("{{ addf 0.1 0.2 }} {{ divf 10 3 }}", "0.3 3.3333333333333335", id="decimal arithmetic"),
        pytest.param("{{ round 123.5555 3 }} {{ round -3.2 0 }}", "123.556 -4", id="rounding"),
        pytest.param("{{ seq 5 -2 1 }}|{{ seq 3 }}|{{ until 3 }}", "5 3 1|1 2 3|[0 1 2]", id="lists"),
    ],
)
def test_numbers_are_computed_as_sprig_does(text, shown):
    assert render(text, {"n": 1000000}) == shown


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{{ div 1 0 }}", "runtime error: integer divide by zero"),
        ("{{ mod 1 .none }}", "runtime error: integer divide by zero"),
        ("{{ divf 1 0 }}", "decimal division by 0"),
        ('{{ addf (float64 "inf") }}', r"Cannot create a Decimal from \+Inf"),
        ("{{ until 1000000000 }}", "1000000000 elements, 1000000 are allowed"),
        ("{{ untilStep 0 9223372036854775807 1 }}", "1000000 are allowed"),
        ("{{ seq 1 5000000 }}", "1000000 are allowed"),
        ("{{ seq -9223372036854775807 9223372036854775806 }}", "1000000 are allowed"),
    ],
)
def test_what_cannot_be_computed_is_an_error(text, error):
    with pytest.raises(TemplateError, match=error):
        render(text, {})


def test_a_long_chain_of_extreme_factors_ends_at_once():
    factors = " ".join(["1e308", "1e-308"] * 200)
    assert render(f"{{{{ mulf {factors} }}}} {{{{ mulf {factors} 1e308 1e308 }}}}", {}) == "1 +Inf"
