"""The child of the quarantine with the kinds of the tests."""

from sensors.probe import main
from tests.sensors.support import KINDS

if __name__ == "__main__":
    main(KINDS)
