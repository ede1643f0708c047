import json

import pytest

from tests.kikkake.api.process import Order


async def test_the_plan_comes_first_and_then_it_is_done(process, kikkake):
    receipt = await process.publish("d1")
    await process.give_up(receipt.sequence)
    answer = await kikkake("replay", "d1", "--sensor", "ci/build", "--as-new")
    assert answer.exit_code == 0
    assert process.orders == [
        Order(receipt.sequence, "file:ci/build", as_new=True, dry_run=True),
        Order(receipt.sequence, "file:ci/build", as_new=True, dry_run=False),
    ]
    lines = answer.output.splitlines()
    assert lines[0] == "Plan: 1 will fire"
    assert "Done: 1 fired" in lines
    assert lines[-1] == f"See what came of it: kikkake explain {receipt.sequence}"


async def test_a_dry_run_only_plans(process, kikkake):
    await process.publish("d1")
    answer = await kikkake("replay", "d1", "--dry-run", "--as-new")
    assert [order.dry_run for order in process.orders] == [True]
    assert "Done" not in answer.output
    assert "    kind: Job\n    metadata:\n      name: build-1\n" in answer.output


async def test_failed_ones_are_replayed_within_the_choice(process, kikkake):
    await process.give_up((await process.publish("d1")).sequence)
    answer = await kikkake(
        "replay", "--failed", "--since", "1h", "--reason", "Forbidden", "--sensor", "ci/build"
    )
    assert [order.dry_run for order in process.orders] == [True, False]
    assert answer.output.splitlines()[0] == "Plan: 1 will retry"


async def test_nothing_to_replay_gives_no_order(process, kikkake):
    answer = await kikkake("replay", "--failed", "--reason", "Other")
    assert (answer.exit_code, answer.output, process.orders) == (0, "Plan: nothing found\n", [])


async def test_json_shows_what_was_done(process, kikkake):
    await process.publish("d1")
    answer = await kikkake("replay", "d1", "-o", "json")
    [item] = [json.loads(line) for line in answer.output.splitlines()]
    assert (item["action"], item["dryRun"]) == ("retry", False)


async def test_an_unknown_event_is_an_error_of_the_data(kikkake):
    answer = await kikkake("replay", "nope")
    assert answer.exit_code == 1
    assert answer.stderr.startswith("error: no event goes by `nope`: ")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["d1", "--failed"],
        ["--failed", "--as-new"],
        ["d1", "--since", "1h"],
        ["d1", "--reason", "Forbidden"],
    ],
)
async def test_options_that_do_not_go_together_are_usage_errors(process, kikkake, arguments):
    answer = await kikkake("replay", *arguments)
    assert answer.exit_code == 2
    assert process.orders == []
