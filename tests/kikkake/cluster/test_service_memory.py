"""The file that remembers ports and Services."""

import json

from kikkake.cluster.service_memory import FILE, ServiceMemory, Source
from sources.listening import DeclaredPort

HOOKS = Source("ci", "hooks")


def memory(folder):
    made = ServiceMemory(folder, range(5, 9))
    made.load()
    return made


async def test_what_was_saved_is_there_after_a_restart(tmp_path):
    first = memory(tmp_path)
    lent = first.ports.lend([DeclaredPort("ci", "hooks", 12000)], 0)
    first.made[HOOKS] = "uid-1"
    await first.save()

    again = memory(tmp_path)

    assert (again.ports.lent, again.made) == (lent, {HOOKS: "uid-1"})


async def test_nothing_is_written_when_nothing_has_changed(tmp_path):
    first = memory(tmp_path)
    await first.save()
    (tmp_path / FILE).unlink()

    await first.save()

    assert not (tmp_path / FILE).exists()


PORT = {"namespace": "ci", "eventSource": "hooks", "declared": 12000, "number": 5}
UNUSABLE = [
    "",
    "{}",
    "[1]",
    '{"version": 2}',
    '{"version": 1, "ports": [{}], "services": []}',
    "\xff",
    # Good at first.
    json.dumps({"version": 1, "ports": [PORT], "services": [{}]}),
    json.dumps({"version": 1, "ports": [PORT, {**PORT, "declared": 1}], "services": []}),
    json.dumps({"version": 1, "ports": [PORT, {}], "services": [{**PORT, "uid": "uid-1"}]}),
]


async def test_a_file_that_cannot_be_used_is_told_and_written_anew(tmp_path, caplog):
    for text in UNUSABLE:
        (tmp_path / FILE).write_text(text, encoding="latin-1")
        found = memory(tmp_path)
        assert (found.ports.lent, found.made) == ({}, {})

        await found.save()

        assert json.loads((tmp_path / FILE).read_text())["version"] == 1
    assert [record.getMessage() for record in caplog.records] == ["services.memory-unreadable"] * len(
        UNUSABLE
    )
