"""When Services are looked at, tried again and left alone, on a clock that the test moves."""

import asyncio
import contextlib
import dataclasses

import orjson
import pytest

from events.bus import RunnerFenced
from events.clock import ManualClock
from kikkake.cluster.service_keeper import ServiceKeeper
from kikkake.cluster.service_memory import FILE, ServiceMemory, Source
from kikkake.cluster.service_objects import Place, Wanted
from kikkake.testing.cluster import Cluster
from kikkake.testing.scripted_kube import ScriptedKube
from kikkake.testing.sensor_document import Answer
from sources.declared_service import DeclaredService
from tests.sources.front import until

NOW_US = 1_800_000_000_000_000
ADDRESS = "10.1.2.3"
SERVICE = DeclaredService.model_validate({"ports": [{"port": 80, "targetPort": 12000}]})


def wanted(name, uid="uid-1", **more):
    source = Source("ci", name)
    return source, Wanted(
        source=source, uid=uid, service=more.pop("service", SERVICE), numbers={12000: 20000}, **more
    )


class Watched(ScriptedKube):
    """The twin of an API server, whose answers of one object a test can hold back, with what was asked."""

    def __init__(self, cluster, script):
        super().__init__(cluster, script)
        self.asked = []
        self.held = {}

    async def get(self, api_version, kind, namespace, name, **more):
        self.asked.append((kind, name))
        if (gate := self.held.get(name)) is not None:
            await gate.wait()
        return await super().get(api_version, kind, namespace, name, **more)


class Rounds:
    """A keeper that runs, and what there is in its cluster."""

    def __init__(self, folder, *script, address=ADDRESS, turn=None):
        self.clock = ManualClock(NOW_US)
        self.cluster = Cluster([], self.clock)
        self.kube = Watched(self.cluster, iter(script))
        self.memory = ServiceMemory(folder, range(20000, 20010))
        self.memory.load()
        self.wanted = {}
        self.told = []
        self._heard = asyncio.Event()
        place = Place(gateway="kikkake", address=address)
        self.keeper = ServiceKeeper(
            self.kube, self.clock, place, self.memory, wanted=self.now_wanted, turn=turn, chance=lambda: 1.0
        )
        self.keeper.told = self.hear

    def now_wanted(self):
        return dict(self.wanted)

    def hear(self, source):
        self.told.append(source.name)
        self._heard.set()

    def want(self, *each):
        self.wanted = dict(each)
        self.keeper.look()

    async def rounds(self, count=1):
        """Wait for so many rounds more."""
        until = len(self.told) + count
        async with asyncio.timeout(10):
            while len(self.told) < until:
                self._heard.clear()
                await self._heard.wait()

    async def advance(self, seconds):
        """Move on, once the keeper sleeps; it never sleeps longer than a look."""
        await until(lambda: self.clock.next_wake_us() is not None)
        self.clock.advance(seconds)

    def service(self, name):
        return self.cluster.find(("v1", "Service", "ci", f"{name}-eventsource-svc"))

    def slice(self, name):
        return self.cluster.find(
            ("discovery.k8s.io/v1", "EndpointSlice", "ci", f"{name}-eventsource-svc-kikkake")
        )


@contextlib.asynccontextmanager
async def running(rounds):
    task = asyncio.create_task(rounds.keeper.run())
    try:
        yield rounds
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_both_objects_are_made_and_left_alone_while_nothing_changes(tmp_path):
    async with running(Rounds(tmp_path)) as run:
        run.want(wanted("hooks"))
        await run.rounds()
        versions = [
            each["metadata"]["resourceVersion"] for each in (run.service("hooks"), run.slice("hooks"))
        ]

        await run.advance(31)
        await run.rounds()

        assert [
            each["metadata"]["resourceVersion"] for each in (run.service("hooks"), run.slice("hooks"))
        ] == versions
        assert run.keeper.provided(Source("ci", "hooks")) == run.wanted["ci", "hooks"]


async def test_what_somebody_deletes_is_there_again_after_half_a_minute(tmp_path):
    async with running(Rounds(tmp_path)) as run:
        run.want(wanted("hooks"))
        await run.rounds()
        run.cluster.remove(("v1", "Service", "ci", "hooks-eventsource-svc"))

        await run.advance(31)
        await run.rounds()

        assert run.service("hooks") is not None


async def test_a_refusal_is_tried_again_with_growing_pauses_and_forgotten_when_it_heals(tmp_path):
    forbidden = Answer(status=403, body={"message": 'User "jane" cannot create resource "services"'})
    async with running(Rounds(tmp_path, *[forbidden] * 3)) as run:
        run.want(wanted("hooks"))
        source = Source("ci", "hooks")
        for pause_s in (0.5, 1.0, 2.0):
            await run.rounds()
            assert run.keeper.trouble(source).code == "ServiceForbidden"
            assert run.keeper.provided(source) is None
            before = len(run.told)
            await run.advance(pause_s - 0.01)
            assert len(run.told) == before
            await run.advance(0.01)
        await run.rounds()

        assert run.keeper.trouble(source) is None
        assert run.service("hooks") is not None


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(refused=True), id="not reached"),
        pytest.param(Answer(lost="answer"), id="done and not told"),
        pytest.param(Answer(lost="request"), id="lost"),
        pytest.param(Answer(status=503), id="a fault of the server"),
        pytest.param(Answer(status=429), id="too many requests"),
        pytest.param(Answer(status=409), id="somebody was faster"),
        pytest.param(Answer(status=401), id="an old token"),
    ],
)
async def test_what_passes_is_no_trouble_of_the_source_and_is_tried_again(tmp_path, answer):
    async with running(Rounds(tmp_path, answer)) as run:
        run.want(wanted("hooks"))
        await run.rounds()
        assert run.keeper.trouble(Source("ci", "hooks")) is None

        await run.advance(0.5)
        await run.rounds()

        assert run.service("hooks") is not None
        assert run.slice("hooks") is not None


async def test_one_that_hangs_holds_up_no_other(tmp_path):
    async with running(Rounds(tmp_path)) as run:
        gate = run.kube.held["slow-eventsource-svc"] = asyncio.Event()
        run.want(wanted("slow"), wanted("hooks"))
        await run.rounds()

        assert run.service("hooks") is not None
        assert run.service("slow") is None
        gate.set()
        await run.rounds()
        assert run.service("slow") is not None


async def test_a_wish_that_changes_during_a_round_is_carried_out_at_once(tmp_path):
    other = DeclaredService.model_validate({"ports": [{"port": 81, "targetPort": 12000}]})
    async with running(Rounds(tmp_path)) as run:
        gate = run.kube.held["hooks-eventsource-svc"] = asyncio.Event()
        run.want(wanted("hooks"))
        await until(lambda: bool(run.kube.asked))
        run.want(wanted("hooks", service=other))
        gate.set()
        await run.rounds(2)

        assert run.service("hooks")["spec"]["ports"][0]["port"] == 81
        assert run.keeper.is_known(Source("ci", "hooks"), other)


async def test_a_changed_number_is_in_the_slice_after_one_round(tmp_path):
    async with running(Rounds(tmp_path)) as run:
        source, one = wanted("hooks")
        run.want((source, one))
        await run.rounds()

        run.want((source, dataclasses.replace(one, numbers={12000: 20007})))
        await run.rounds()

        assert run.slice("hooks")["ports"][0]["port"] == 20007


async def test_what_nobody_wants_any_more_is_removed_and_forgotten_also_after_a_restart(tmp_path):
    first = Rounds(tmp_path)
    async with running(first) as run:
        run.want(wanted("hooks"), wanted("others"))
        await run.rounds(2)
        run.want(wanted("others"))
        await run.rounds()
        assert (run.service("hooks"), run.slice("hooks")) == (None, None)
        assert run.service("others") is not None

    again = Rounds(tmp_path)
    again.cluster.put(first.service("others"))
    async with running(again) as run:
        run.want()
        await run.rounds()
        await until(lambda: orjson.loads((tmp_path / FILE).read_bytes())["services"] == [])
        assert run.service("others") is None


async def test_of_what_is_not_ours_nothing_is_removed(tmp_path):
    theirs = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"namespace": "ci", "name": "hooks-eventsource-svc"},
    }
    async with running(Rounds(tmp_path)) as run:
        run.cluster.put(theirs)
        run.want(wanted("hooks"))
        await run.rounds()
        assert run.keeper.trouble(Source("ci", "hooks")).code == "ServiceTaken"
        assert run.slice("hooks") is None

        run.want()
        await run.rounds()

        assert run.service("hooks") is not None


async def test_a_source_that_was_made_again_gets_a_new_service(tmp_path):
    async with running(Rounds(tmp_path)) as run:
        run.want(wanted("hooks"))
        await run.rounds()
        uid = run.service("hooks")["metadata"]["uid"]

        run.want(wanted("hooks", uid="uid-2"))
        await run.rounds()

        made = run.service("hooks")["metadata"]
        assert made["uid"] != uid
        assert made["annotations"]["kikkake/eventsource-uid"] == "uid-2"


async def test_without_its_turn_a_gateway_writes_nothing(tmp_path):
    turn = asyncio.Event()
    async with running(Rounds(tmp_path, turn=turn.wait)) as run:
        run.want(wanted("hooks"))
        await run.advance(0)
        assert run.kube.asked == []

        turn.set()
        await run.rounds()

        assert run.service("hooks") is not None


async def test_without_an_address_nothing_is_asked(tmp_path):
    async with running(Rounds(tmp_path, address="")) as run:
        run.want(wanted("hooks"))
        await run.rounds()

        assert run.keeper.trouble(Source("ci", "hooks")).code == "NoAddress"
        assert run.kube.asked == []


async def test_who_leaves_says_so_in_every_slice_although_a_look_is_under_way(tmp_path):
    """The first write of the slice meets a change by the look: it is tried again."""
    rounds = Rounds(tmp_path, *[Answer()] * 4, Answer(status=409))
    async with running(rounds) as run:
        run.want(wanted("hooks"), wanted("others"))
        await run.rounds(2)

        await run.keeper.leave()

        for name in ("hooks", "others"):
            [endpoint] = run.slice(name)["endpoints"]
            assert endpoint["conditions"] == {"ready": False, "serving": False, "terminating": True}


async def test_who_cannot_say_that_it_leaves_leaves_all_the_same(tmp_path, caplog):
    async with running(Rounds(tmp_path, Answer(), Answer(), Answer(refused=True))) as run:
        run.want(wanted("hooks"))
        await run.rounds()

        await run.keeper.leave()

    assert "services.not-left" in {record.getMessage() for record in caplog.records}


async def test_who_was_overtaken_leaves_the_slices_to_the_other_gateway(tmp_path):
    overtaken = False

    async def turn():
        if overtaken:
            raise RunnerFenced("another gateway acts now")

    async with running(Rounds(tmp_path, turn=turn)) as run:
        run.want(wanted("hooks"))
        await run.rounds()
        version = run.slice("hooks")["metadata"]["resourceVersion"]
        overtaken = True

        await run.keeper.leave()

        assert run.slice("hooks")["metadata"]["resourceVersion"] == version


async def test_a_data_folder_that_cannot_be_written_stops_no_service(tmp_path, caplog):
    rounds = Rounds(tmp_path)
    (tmp_path / f".{FILE}.tmp").mkdir()
    async with running(rounds) as run:
        run.want(wanted("hooks"))
        await run.rounds()

        assert run.service("hooks") is not None
    assert "services.memory-not-written" in {record.getMessage() for record in caplog.records}
