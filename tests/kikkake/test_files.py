"""Which files hold resources, which hold tests, and when something changed."""

import io
import os
import threading
from pathlib import Path

import pytest

from kikkake.files import (
    FilesUnreadable,
    ResourceFiles,
    files_with_tests,
    fingerprint,
    load_resources,
    resource_files,
)

SENSOR = "apiVersion: argoproj.io/v1alpha1\nkind: Sensor\nmetadata: {name: a}\nspec: {}\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tests").mkdir()
    (tmp_path / "sensor.yaml").write_text(SENSOR)
    (tmp_path / "sensor_test.yaml").write_text("apiVersion: kikkake/v1\nkind: SensorTest\n")
    (tmp_path / "tests" / "more.yaml").write_text("apiVersion: kikkake/v1\nkind: SensorTest\n")
    (tmp_path / "deployment.yaml").write_text("apiVersion: apps/v1\nkind: Deployment\n")
    (tmp_path / "notes.txt").write_text("not a resource")
    return tmp_path


def names(paths):
    return [path.name for path in paths]


def test_tests_are_told_from_resources_by_name_and_folder(folder):
    assert names(resource_files(["."])) == ["deployment.yaml", "sensor.yaml"]
    assert names(files_with_tests(["."])) == ["sensor_test.yaml", "more.yaml"]


def test_a_folder_named_tests_holds_tests_when_it_is_named_itself(folder):
    assert names(files_with_tests(["tests"])) == ["more.yaml"]
    assert names(resource_files(["tests"])) == []


def test_no_path_means_the_current_folder_and_other_kinds_are_counted(folder):
    loaded = load_resources([])
    assert [document.label for document in loaded.documents] == ["sensor default/a"]
    assert (loaded.ignored, loaded.findings) == (1, [])


def test_a_path_that_is_not_there_is_named(folder):
    with pytest.raises(FilesUnreadable, match=r"nowhere\.yaml: no such file"):
        load_resources(["nowhere.yaml"])


def test_another_version_of_our_api_is_a_finding(folder):
    (folder / "sensor.yaml").write_text(SENSOR.replace("v1alpha1", "v2"))
    assert load_resources([]).findings[0].at == "apiVersion"


def test_bytes_that_are_no_text_are_a_finding_and_the_others_stay(folder):
    (folder / "bad.yaml").write_bytes(b"\xff\xfe\x00")
    loaded = load_resources([])
    assert [finding.what for finding in loaded.findings] == ["not UTF-8 at byte 0"]
    assert len(loaded.documents) == 1


def test_a_save_by_rename_changes_the_fingerprint(folder):
    before = fingerprint(["."])
    (folder / "new.yaml").write_text(SENSOR)
    (folder / "new.yaml").rename(folder / "sensor.yaml")
    assert fingerprint(["."]) != before


def test_a_named_file_may_go_away_later_and_a_folder_may_not(folder):
    files = ResourceFiles(["sensor.yaml", "deployment.yaml"])
    assert len(files.load().documents) == 1
    (folder / "sensor.yaml").unlink()
    assert files.load().documents == []
    assert names(fingerprint(["sensor.yaml", "deployment.yaml"])) == ["deployment.yaml"]
    with pytest.raises(FilesUnreadable, match="gone"):
        fingerprint(["gone"])


def test_what_can_be_read_only_once_is_kept_for_later(folder, monkeypatch):
    """Standard input, and a pipe that was named (`kikkake run <(kustomize build .)`)."""
    monkeypatch.setattr("sys.stdin", io.StringIO(SENSOR))
    os.mkfifo("pipe")
    writer = threading.Thread(target=Path("pipe").write_text, args=(SENSOR.replace("name: a", "name: b"),))
    writer.start()
    files = ResourceFiles(["-", "pipe"])
    for _ in range(2):
        assert [document.name for document in files.load().documents] == ["a", "b"]
    writer.join()
    assert fingerprint(["-", "pipe"]) == {}


def test_a_pipe_in_a_folder_is_never_waited_for(folder):
    os.mkfifo("pipe.yaml")
    loaded = load_resources(["."])
    assert [(finding.file, finding.what) for finding in loaded.findings] == [
        ("pipe.yaml", "not a regular file")
    ]
    assert len(loaded.documents) == 1


def test_a_file_that_cannot_be_opened_is_a_finding_and_stops_nobody_else(folder):
    (folder / "loop.yaml").symlink_to("loop.yaml")
    loaded = load_resources(["."])
    assert [(finding.file, finding.code) for finding in loaded.findings] == [("loop.yaml", "Unparsable")]
    assert len(loaded.documents) == 1


def test_faults_of_reading_belong_to_their_own_document(folder):
    """Also where the fault is the last line of one, and where the next document is none of ours."""
    doubled = "apiVersion: apps/v1\nkind: Deployment\nkind: Deployment\n"
    (folder / "sensor.yaml").write_text(
        f"{SENSOR}---\n{doubled}---\n{SENSOR.replace('name: a', 'name: b')}spec: {{}}\n"
    )
    good, bad = load_resources(["sensor.yaml"]).documents
    assert good.faults == ()
    assert [fault.code for fault in bad.faults] == ["DuplicateKey"]


def test_a_name_that_is_no_text_can_be_told_all_the_same(folder):
    Path(os.fsdecode(b"\xff.yaml")).write_text(SENSOR.replace("v1alpha1", "v9"))
    [finding] = load_resources(["."]).findings
    assert finding.file == r"\xff.yaml"
