"""What a new catalog changes in the store and at the outside."""

from pathlib import Path

from events.bus import ResourceState, ResourceVersion
from events.topic import Topic
from kikkake.changes import pull_specs, source_changes
from kikkake.files import load_resources
from sources.spec import read_event_source
from tests.kikkake.support import SOURCE, write

EXAMPLES = Path(__file__).parents[2] / "examples" / "sources"
UID = "file:eventsource:default/hook"


def spec_of(folder, text):
    write(folder, a=text)
    [document] = load_resources([str(folder)]).documents
    return read_event_source(document)


def stored(change, state=ResourceState.ACTIVE, kind="EventSource"):
    return ResourceVersion(
        id=1,
        uid=change.uid,
        kind=kind,
        namespace=change.namespace,
        name=change.name,
        state=state,
        spec_hash=change.spec_hash,
        text=change.text,
        topics=(),
        starts={},
        changed_us=0,
    )


def test_a_new_source_is_recorded_and_the_same_text_is_not(tmp_path):
    spec = spec_of(tmp_path, SOURCE)
    [change] = source_changes({UID: spec}, {})
    assert (change.uid, change.state) == (UID, ResourceState.ACTIVE)
    assert source_changes({UID: spec}, {UID: stored(change)}) == []
    assert source_changes({UID: spec}, {UID: stored(change, ResourceState.DELETED)}) == [change], "it is back"
    assert (
        len(source_changes({UID: spec_of(tmp_path, SOURCE.replace("/deploy", "/x"))}, {UID: stored(change)}))
        == 1
    )


def test_a_source_that_is_gone_is_recorded_as_deleted_with_its_last_text(tmp_path):
    [change] = source_changes({UID: spec_of(tmp_path, SOURCE)}, {})
    [gone] = source_changes({}, {UID: stored(change)})
    assert (gone.state, gone.text) == (ResourceState.DELETED, change.text)
    assert source_changes({}, {UID: stored(gone, ResourceState.DELETED)}) == []
    assert source_changes({}, {"file:default/a": stored(change, kind="Sensor")}) == [], "no business of ours"


def test_only_pull_sources_are_run_by_the_supervisor(tmp_path):
    kafka = spec_of(tmp_path, (EXAMPLES / "kafka.yaml").read_text())
    webhook = spec_of(tmp_path, SOURCE)
    [pulled] = pull_specs([webhook, kafka])
    assert pulled.topic == Topic("default", "default", "orders", "placed")
