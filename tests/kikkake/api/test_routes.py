import pytest

from events.topic import Topic
from sensors.replay import Plan
from sensors.sandbox import SandboxBusy
from tests.kikkake.api.process import Order


async def test_events_are_listed_newest_first_with_their_origin(process, ask):
    await process.publish("d1", subject="push")
    await process.publish("d2")
    status, _, answer = await ask("GET", "events")
    assert status == 200
    assert [event["id"] for event in answer["events"]] == ["d2", "d1"]
    first = answer["events"][1]
    assert first["topic"] == {
        "namespace": "ci",
        "eventBus": "default",
        "eventSource": "github",
        "eventName": "push",
    }
    assert first["provenance"] == {
        "arrivedAt": "2025-11-24T08:00:00Z",
        "peer": "192.0.2.7",
        "kind": "github",
        "verified": "HMAC-SHA256",
    }
    assert (first["subject"], first["standing"], first["dataBytes"]) == ("push", "new", 10)


async def test_events_are_narrowed_and_paged(process, ask):
    for number in range(5):
        await process.publish(f"d{number}")
    await process.publish("x", topic=Topic("prod", "default", "harbor", "push"))
    _, _, answer = await ask("GET", "events?namespace=ci&limit=2")
    assert [event["id"] for event in answer["events"]] == ["d4", "d3"]
    _, _, answer = await ask("GET", f"events?namespace=ci&limit=2&before={answer['next']}")
    assert [event["id"] for event in answer["events"]] == ["d2", "d1"]
    _, _, answer = await ask("GET", "events?eventSource=harbor&eventName=push")
    assert ([event["id"] for event in answer["events"]], answer["next"]) == (["x"], None)
    _, _, answer = await ask("GET", "events?since=2100-01-01T00:00:00Z")
    assert answer["events"] == []


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("limit=0", "`limit` is between 1 and 500"),
        ("limit=501", "`limit` is between 1 and 500"),
        ("before=-1", "`before` is a positive whole number"),
        ("before=99999999999999999999", "`before` is a positive whole number"),
        ("since=yesterday", "`since` is a time such as 2026-11-24T07:00:00Z"),
        ("namspace=ci", "did you mean `namespace`?"),
    ],
)
async def test_a_wrong_parameter_is_refused_with_what_is_allowed(ask, query, detail):
    status, headers, problem = await ask("GET", f"events?{query}")
    assert (status, problem["detail"]) == (400, detail)
    assert headers["content-type"].startswith("application/problem+json")


async def test_data_is_given_only_on_request(process, ask):
    await process.publish("d1", data=b'{"token": "s3cr3t"}')
    _, _, answer = await ask("GET", "events/d1")
    assert "s3cr3t" not in str(answer)
    _, _, answer = await ask("GET", "events/d1?data=1")
    assert (answer["dataText"], answer["dataTruncated"]) == ('{"token": "s3cr3t"}', False)


async def test_data_is_bounded_and_binary_data_is_base64(process, ask):
    await process.publish("long", data="ü".encode() * 300_000)
    await process.publish("binary", data=b"\xff\x00")
    _, _, answer = await ask("GET", "events/long?data=1")
    assert (len(answer["dataText"].encode()), answer["dataTruncated"]) == (262_144, True)
    _, _, answer = await ask("GET", "events/binary?data=1")
    assert answer["dataBase64"] == "/wA="


async def test_an_event_is_found_by_id_number_and_key(process, ask):
    receipt = await process.publish("a/b c%2F?#é")
    for reference in ("a%2Fb%20c%252F%3F%23%C3%A9", str(receipt.sequence), receipt.key.hex()[:8]):
        status, _, answer = await ask("GET", f"events/{reference}")
        assert (status, answer["id"]) == (200, "a/b c%2F?#é")


async def test_an_unknown_event_says_what_to_check(ask):
    status, _, problem = await ask("GET", "events/nope")
    assert (status, problem["title"]) == (404, "No such event")
    assert "older than what is kept" in problem["detail"]


async def test_an_ambiguous_id_lists_its_candidates(process, ask):
    await process.publish("d1")
    await process.publish("d1", topic=Topic("ci", "default", "github", "release"))
    status, _, problem = await ask("GET", "events/d1/explanation")
    assert status == 409
    assert [event["topic"]["eventName"] for event in problem["candidates"]] == ["release", "push"]


async def test_a_replay_order_reaches_the_process(process, ask):
    receipt = await process.publish("d1")
    await process.give_up(receipt.sequence)
    order = {"sensor": "ci/build", "asNew": True, "dryRun": True}
    status, _, answer = await ask("POST", "events/d1/replay", order)
    assert status == 200
    assert process.orders == [Order(receipt.sequence, "file:ci/build", as_new=True, dry_run=True)]
    assert answer["dryRun"] is True
    [item] = answer["items"]
    assert (item["eventId"], item["sensor"], item["action"]) == ("d1", "ci/build", "create")
    assert item["preview"] == {"object": {"kind": "Job", "metadata": {"name": "build-1"}}}


async def test_a_replay_of_all_sensors_and_of_an_unknown_one(process, ask):
    receipt = await process.publish("d1")
    assert (await ask("POST", "events/d1/replay", {}))[0] == 200
    assert process.orders == [Order(receipt.sequence, None, as_new=False, dry_run=False)]
    assert (await ask("POST", "events/d1/replay", {"sensor": "ci/nope"}))[0] == 404


async def test_dead_letters_name_their_sensor_and_their_replay_command(process, ask):
    receipt = await process.publish("d1")
    await process.give_up(receipt.sequence)
    _, _, answer = await ask("GET", "dead-letters?sensor=ci/build&reason=Forbidden")
    [letter] = answer["deadLetters"]
    assert (letter["sensor"], letter["reason"], letter["detail"]) == (
        "ci/build",
        "Forbidden",
        "may not create jobs",
    )
    assert letter["replay"] == f"kikkake replay {receipt.sequence} --sensor ci/build"
    _, _, answer = await ask("GET", "dead-letters?reason=Other")
    assert answer["deadLetters"] == []


async def test_dead_letters_of_an_unknown_sensor_name_the_known_ones(process, ask):
    await process.give_up((await process.publish("d1")).sequence)
    status, _, problem = await ask("GET", "dead-letters?sensor=ci/biuld")
    assert (status, problem["detail"]) == (404, "there is no Sensor ci/biuld; known: ci/build")


async def test_failed_ones_are_replayed_oldest_first_and_once_an_event(process, ask):
    first = await process.publish("d1")
    second = await process.publish("d2")
    for receipt in (first, second, second):
        await process.give_up(receipt.sequence)
    await process.give_up(second.sequence, reason="ObjectInvalid")
    order = {"failed": True, "reason": "Forbidden", "sensor": "ci/build"}
    status, _, answer = await ask("POST", "replay", order)
    assert status == 200
    assert [replayed.sequence for replayed in process.orders] == [first.sequence, second.sequence]
    assert [item["action"] for item in answer["items"]] == ["retry", "retry"]
    assert answer["hasMore"] is False


async def test_one_that_is_gone_does_not_stop_the_others(process, ask):
    for name in ("d1", "d2"):
        await process.give_up((await process.publish(name)).sequence)
    process.gone = {1}
    _, _, answer = await ask("POST", "replay", {"failed": True})
    assert [item["action"] for item in answer["items"]] == ["none", "retry"]
    assert answer["items"][0]["note"] == "event 1 is not stored any more"


async def test_one_dead_letter_is_replayed_by_its_number(process, ask):
    receipt = await process.publish("d1")
    await process.give_up(receipt.sequence)
    _, _, answer = await ask("GET", "dead-letters")
    number = answer["deadLetters"][0]["number"]
    assert (await ask("POST", f"dead-letters/{number}/replay", {"dryRun": True}))[0] == 200
    assert process.orders == [Order(receipt.sequence, "file:ci/build", as_new=False, dry_run=True)]
    assert (await ask("POST", "dead-letters/4711/replay", {}))[0] == 404
    assert (await ask("POST", "dead-letters/x/replay", {}))[0] == 404


@pytest.mark.parametrize(
    ("path", "body", "detail"),
    [
        ("replay", {}, "missing required field `failed`"),
        ("replay", {"failed": False}, "`failed` must be true"),
        ("replay", {"failed": True, "sicne": "1h"}, "unknown field `sicne`"),
        ("replay", {"failed": True, "since": "1h"}, "`since` is a time"),
        ("events/1/replay", {"asNew": "yes"}, "Expected `bool`"),
    ],
)
async def test_a_wrong_order_is_refused(process, ask, path, body, detail):
    status, _, problem = await ask("POST", path, body)
    assert status == 400
    assert detail in problem["detail"]
    assert process.orders == []


async def test_an_order_that_is_too_large_is_refused(ask):
    status, _, problem = await ask("POST", "replay", {"failed": True, "reason": "x" * 20_000})
    assert (status, problem["title"]) == (413, "Request entity too large")


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "nowhere"), ("GET", "../metrics"), ("GET", "events/1/x")]
)
async def test_an_unknown_route_is_404(ask, method, path):
    status, headers, _ = await ask(method, path)
    assert status == 404
    assert headers["content-type"].startswith("application/problem+json")


async def test_a_known_route_with_another_method_is_405(ask):
    status, headers, _ = await ask("DELETE", "events")
    assert status == 405
    assert "GET" in headers["allow"]


async def test_resources_show_their_findings(ask):
    _, _, answer = await ask("GET", "resources")
    [resource] = answer["resources"]
    assert (resource["name"], resource["state"]) == ("build", "refused")
    assert resource["findings"][0]["line"] == 3


async def test_status_shows_the_store(process, ask):
    await process.publish("d1")
    process.reasons = ["draining"]
    _, _, answer = await ask("GET", "status")
    assert (answer["cluster"], answer["ready"], answer["notReady"]) == ("dry run", False, ["draining"])
    assert answer["store"]["events"] == 1


async def test_kinds_are_listed_with_what_they_are(ask):
    _, _, answer = await ask("GET", "kinds")
    [github] = [kind for kind in answer["kinds"] if kind["name"] == "github"]
    assert github["family"] == "source"
    assert github["about"].startswith("GitHub:")


async def test_what_cannot_be_done_now_is_no_fault_of_who_asks(process, ask):
    """Scripts could not be run for want of a worker: the same order may succeed in a moment."""
    await process.publish("d1")

    async def busy(*_: object, **__: object) -> Plan:
        raise SandboxBusy("10000 calls wait for a worker already")

    process.replay = busy
    status, _headers, answer = await ask("POST", "events/d1/replay", {})
    assert (status, answer["title"]) == (503, "Not possible now")
    assert answer["detail"] == "10000 calls wait for a worker already"
