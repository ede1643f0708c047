import json


async def test_each_dead_letter_says_why_and_how_to_try_again(process, kikkake):
    receipt = await process.publish("d1")
    await process.give_up(receipt.sequence)
    answer = await kikkake("dead-letters")
    assert answer.exit_code == 0
    first, detail, why, again, *_ = answer.output.splitlines()
    assert first.startswith("Forbidden  ci/build, trigger job  ")
    assert first.endswith(" ago")
    assert detail == "  may not create jobs"
    assert why.split() == ["why", "kikkake", "explain", str(receipt.sequence)]
    assert again.split(maxsplit=1) == ["again", f"kikkake replay {receipt.sequence} --sensor ci/build"]


async def test_several_are_followed_by_one_command_for_all(process, kikkake):
    for name in ("d1", "d2"):
        await process.give_up((await process.publish(name)).sequence)
    answer = await kikkake("dead-letters", "--reason", "Forbidden", "--sensor", "ci/build")
    assert answer.output.splitlines()[-1] == (
        "All of them again: kikkake replay --failed --sensor ci/build --reason Forbidden"
    )


async def test_they_are_narrowed(process, kikkake):
    await process.give_up((await process.publish("d1")).sequence)
    assert (await kikkake("dead-letters", "--reason", "Other")).output == "Nothing was given up that fits.\n"
    answer = await kikkake("dead-letters", "--since", "1h", "-o", "json")
    assert [json.loads(line)["reason"] for line in answer.output.splitlines()] == ["Forbidden"]
    answer = await kikkake("dead-letters", "--sensor", "ci/other")
    assert answer.exit_code == 1
    assert answer.stderr == "error: there is no Sensor ci/other; known: ci/build\n"


async def test_nothing_given_up_is_good_news(kikkake):
    assert (await kikkake("dead-letters")).output == "Nothing was given up.\n"
