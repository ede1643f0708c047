"""`python -m kikkake`: the same as the command `kikkake`."""

from kikkake.cli.main import main

main()
