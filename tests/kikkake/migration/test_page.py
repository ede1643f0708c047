"""docs/migrate.md: what it shows is what comes out."""

import re

import yaml
from click.testing import CliRunner

from kikkake.cli.main import main
from tests.docs.blocks import blocks_of
from tests.manifests.cluster import ROOT

PAGE = ROOT / "docs" / "migrate.md"
BLOCKS = blocks_of(PAGE)
[TEAM] = [block for block in BLOCKS if block.file == "team.yaml"]
[SHOWN] = [block for block in BLOCKS if block.language == "console"]


def migrate(tmp_path, monkeypatch, *arguments):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "team.yaml").write_text(TEAM.text)
    return CliRunner().invoke(main, ["migrate", "team.yaml", *arguments])


def test_the_answer_is_the_one_of_the_page(tmp_path, monkeypatch):
    command, _, said = SHOWN.text.partition("\n")
    assert command == "$ kikkake migrate team.yaml"
    assert migrate(tmp_path, monkeypatch).output == said


def test_the_role_is_the_one_of_the_page(tmp_path, monkeypatch):
    [role] = [block for block in BLOCKS if block.language == "yaml" and block is not TEAM]
    made = list(yaml.safe_load_all(migrate(tmp_path, monkeypatch, "-o", "yaml").output))
    assert yaml.safe_load(role.text) in made


def test_every_flag_is_told_and_no_other():
    told = set(re.findall(r"--[a-z-]+", " ".join(row.cells[0] for table in tables() for row in table.rows)))
    known = {
        name
        for command in ("enable", "migrate")
        for option in main.get_command(None, command).params
        for name in (*option.opts, *option.secondary_opts)
        if name.startswith("--")
    }
    assert told | {"--namespace", "--all-namespaces", "--output"} == known | {"--help"} - {"--help"}


def tables():
    return [block for block in BLOCKS if block.language == "table" and "flag" in block.text]


def test_the_paths_of_the_page_are_there():
    for path in re.findall(r"manifests/[\w/.-]*\w", PAGE.read_text(encoding="utf-8")):
        assert (ROOT / path).exists(), path
