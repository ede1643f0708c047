"""What `run` says when it serves."""

from kikkake.greeting import greeting
from tests.kikkake.support import BROKEN, SENSOR, SOURCE, running, write


async def said(folder):
    async with running(folder) as gateway:
        return list(greeting(gateway)), gateway.listening()


async def test_the_first_line_says_that_nothing_is_created_and_the_second_where_it_listens(tmp_path):
    write(tmp_path, a=SOURCE, b=SENSOR)
    lines, listening = await said(tmp_path)
    assert "dry run, nothing is created in a cluster" in lines[0]
    assert listening["admin"] in lines[1]
    assert listening["metrics"] in lines[1]
    assert lines[2] == "Sensor default/build: active"
    assert lines[3].startswith("EventSource default/hook: active, http://127.0.0.1:")
    assert "error" not in "\n".join(lines)


async def test_errors_are_told_with_their_place_and_warnings_are_counted(tmp_path):
    write(tmp_path, a=SOURCE, b=BROKEN)
    lines, _ = await said(tmp_path)
    assert "Sensor default/build: refused" in lines
    errors = [line for line in lines if f"{tmp_path / 'b.yaml'}:" in line]
    assert errors
    assert all(": error: " in line for line in errors)
    assert any("what they stop is named above, everything else works" in line for line in lines)
    assert lines[-1].endswith("kikkake lint tells them"), lines


async def test_an_empty_folder_says_what_is_missing(tmp_path):
    lines, _ = await said(tmp_path)
    assert lines[-1] == "no EventSource or Sensor found: name a file or folder that holds one"


async def test_a_file_of_which_nothing_is_known_is_told_too(tmp_path):
    write(tmp_path, a=SOURCE, b="kind: [")
    lines, _ = await said(tmp_path)
    assert any(f"{tmp_path / 'b.yaml'}:" in line and "not valid YAML" in line for line in lines), lines


async def test_names_from_files_cannot_write_to_the_terminal(tmp_path):
    write(tmp_path, a=SOURCE.replace("name: hook", r'name: "x\e[2J"'))
    lines, _ = await said(tmp_path)
    assert "\x1b" not in "".join(lines)
