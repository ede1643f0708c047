"""`kikkake schema`: prints a schema, and what there is."""

import json

import pytest
from click.testing import CliRunner

from kikkake.cli.main import main


def schema(*arguments):
    return CliRunner().invoke(main, ["schema", *arguments])


def test_without_a_kind_it_lists_them():
    assert schema().output.split() == ["Sensor", "EventSource", "SensorTest", "EventSourceTest"]


@pytest.mark.parametrize("kind", ["SensorTest", "sensor"])
def test_it_prints_one(kind):
    printed = json.loads(schema(kind).output)
    assert printed["title"].lower() == kind.lower()
    assert printed["$schema"].startswith("https://json-schema.org/")


def test_a_kind_that_there_is_not_is_named():
    answer = schema("SensorTst")
    assert answer.exit_code == 2
    assert "did you mean `SensorTest`?" in answer.output
