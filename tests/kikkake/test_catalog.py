"""Which resources are in force after the files were read again (design, section 4). Time is an argument."""

import pytest

from events.bus import ResourceState, ResourceVersion
from kikkake.catalog import Key, changes_between, stored_catalog, update_catalog
from kikkake.files import load_resources
from sensors.canonical import canonical_json
from tests.kikkake.support import BROKEN, SENSOR, SOURCE, write

SECOND = 1_000_000
VANISH_AFTER_US = 5 * SECOND
BUILD = Key("Sensor", "default", "build")
HOOK = Key("EventSource", "default", "hook")


@pytest.fixture
def read(tmp_path):
    """Reads the files of the test after they were written, at a time, on top of an earlier catalog."""

    def reading(previous=None, at=0, **texts):
        write(tmp_path, **texts)
        loaded = load_resources([str(tmp_path)])
        return update_catalog(previous or {}, loaded, at * SECOND, vanish_after_us=VANISH_AFTER_US)

    return reading


def words(before, after):
    return [(change.word, change.entry.key.name) for change in changes_between(before, after)]


def test_a_good_text_is_active_and_knows_its_file(read):
    catalog = read(a=SOURCE, b=SENSOR)
    assert {key: entry.state for key, entry in catalog.items()} == {HOOK: "active", BUILD: "active"}
    assert catalog[BUILD].file.endswith("b.yaml")
    assert (catalog[BUILD].uid, catalog[HOOK].uid) == ("file:default/build", "file:eventsource:default/hook")


def test_a_first_text_that_is_bad_is_refused_and_the_others_work(read):
    catalog = read(a=SOURCE, b=BROKEN)
    assert (catalog[BUILD].state, catalog[HOOK].state) == ("refused", "active")
    assert catalog[BUILD].spec is None


def test_a_bad_edit_leaves_the_good_text_in_force_with_the_new_findings_and_the_fix_is_taken(read):
    good = read(b=SENSOR)
    outdated = read(good, b=BROKEN)
    assert outdated[BUILD].state == "outdated"
    assert outdated[BUILD].spec is good[BUILD].spec
    assert outdated[BUILD].findings
    still = read(outdated, b=BROKEN)
    fixed = read(still, b=SENSOR.replace("name: note", "name: other"))
    assert (fixed[BUILD].state, fixed[BUILD].findings) == ("active", ())
    told = [words({}, good), words(good, outdated), words(outdated, still), words(still, fixed)]
    assert told == [[("added", "build")], [("refused", "build")], [], [("changed", "build")]]


def test_what_vanished_is_deleted_after_its_time_and_not_before(read):
    catalog = read(a=SOURCE, b=SENSOR)
    away = read(catalog, at=10, b="")
    assert (away[BUILD].gone_us, away[BUILD].state) == (10 * SECOND, "active")
    assert words(catalog, away) == []
    almost = read(away, at=14.999)
    assert almost[BUILD].gone_us == 10 * SECOND, "it is counted from the first look that missed it"
    gone = read(almost, at=15)
    assert BUILD not in gone
    assert words(almost, gone) == [("deleted", "build")]


def test_a_file_that_comes_back_in_time_was_saved_by_rename(read):
    away = read(read(b=SENSOR), at=10, b="")
    back = read(away, at=12, b=SENSOR)
    assert back[BUILD].gone_us is None
    assert words(away, back) == []


def test_a_resource_that_left_its_file_is_waited_for_too(read):
    """It may just be on its way into another one."""
    catalog = read(b=f"{SOURCE}---\n{SENSOR}")
    moving = read(catalog, at=1, b=SOURCE)
    assert moving[BUILD].gone_us == SECOND
    moved = read(moving, at=2, c=SENSOR)
    assert moved[BUILD].file.endswith("c.yaml")
    assert BUILD not in read(moving, at=6, c=SOURCE.replace("hook", "other").replace("/deploy", "/other"))


@pytest.mark.parametrize("text", ["apiVersion: [", "a: &a [*a]\n", "\0"])
def test_a_file_that_cannot_be_read_keeps_what_it_held_for_good(read, text):
    catalog = read(a=SOURCE, b=SENSOR)
    for at in (1, 100):
        catalog = read(catalog, at=at, b=text)
        assert (catalog[BUILD].state, catalog[HOOK].state) == ("outdated", "active")
    assert catalog[BUILD].findings


def test_a_file_that_is_no_text_keeps_what_it_held(read, tmp_path):
    catalog = read(b=SENSOR)
    (tmp_path / "b.yaml").write_bytes(SENSOR.encode() + b"# \xff")
    assert read(catalog, at=100)[BUILD].state == "outdated"


def test_the_second_of_two_equal_names_is_reported_and_not_used(read):
    catalog = read(a=SENSOR, b=SENSOR.replace("note", "other"))
    [finding] = catalog[BUILD].findings
    assert finding.code == "DuplicateResource"
    assert "a.yaml:3" in finding.what
    assert catalog[BUILD].file.endswith("a.yaml")


def test_equal_keys_refuse_the_document_that_has_them_only(read):
    doubled = SENSOR.replace("spec:", "spec: {}\nspec:")
    catalog = read(b=f"{SOURCE}---\n{doubled}")
    assert (catalog[BUILD].state, catalog[HOOK].state) == ("refused", "active")


def test_a_suspended_sensor_says_so(read):
    suspended = SENSOR.replace("{name: build}", "{name: build, annotations: {kikkake/suspend: 'true'}}")
    assert read(b=suspended)[BUILD].state == "suspended"


def version(key, text, state=ResourceState.ACTIVE):
    document = canonical_json(text)
    return ResourceVersion(
        id=1,
        uid=key.file_uid,
        kind=key.kind,
        namespace=key.namespace,
        name=key.name,
        state=state,
        spec_hash=b"",
        text=document,
        topics=(),
        starts={},
        changed_us=0,
    )


def test_what_was_stored_is_in_force_before_any_file_is_read(read):
    value = read(b=SENSOR)[BUILD].document.value
    assert stored_catalog([version(BUILD, value)])[BUILD].state == "active"
    assert stored_catalog([version(BUILD, value, ResourceState.DELETED)]) == {}
    assert stored_catalog([version(BUILD, {**value, "spec": None})]) == {}, "a build that cannot read it"


def test_a_stored_text_stays_in_force_when_its_file_is_broken_at_the_start(read):
    """The stored one knows no file: any file that cannot be read may be its own."""
    stored = stored_catalog([version(BUILD, read(b=SENSOR)[BUILD].document.value)])
    assert read(stored, at=100, b="apiVersion: [")[BUILD].state == "outdated"
    assert read(stored, at=100, b=BROKEN)[BUILD].state == "outdated"
    assert read(stored, b=SENSOR)[BUILD].state == "active"
