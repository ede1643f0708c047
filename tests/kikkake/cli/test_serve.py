"""What `kikkake serve` refuses before it asks anybody."""

import pytest
from click.testing import CliRunner

from kikkake.cli.serve import serve


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        ("--advertise-address=gateway.example", "--advertise-address gateway.example: write an IP address"),
        ("--advertise-address=10.1.2", "--advertise-address 10.1.2: write an IP address"),
        ("--allow-network=10.1.2.3/8", "--allow-network 10.1.2.3/8: write a network"),
        ("--own-ports=20000", "--own-ports 20000: write FIRST-LAST"),
        ("--own-ports=9-8", "--own-ports 9-8: write FIRST-LAST"),
        ("--own-ports=1-70000", "--own-ports 1-70000: write FIRST-LAST"),
    ],
)
def test_an_argument_that_cannot_be_meant_is_named_with_what_to_write(tmp_path, argument, text):
    run = CliRunner().invoke(serve, ["--data", str(tmp_path), argument])

    assert run.exit_code == 2
    assert text in run.output
