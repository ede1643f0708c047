"""The packed record of decisions."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.decision import (
    Mark,
    MarkCode,
    SensorDecision,
    decode_decisions,
    encode_decisions,
    merge_decisions,
    renew_decisions,
    with_mark,
)
from sensors.filter import Code, pack_verdict, unpack_verdict


@given(st.sampled_from(Code), st.integers(-1, 6), st.integers(0, 10_000))
def test_a_verdict_is_one_integer(code, rank, entry):
    found = unpack_verdict(pack_verdict(code, rank, entry))
    assert found.code is code
    assert found.rank == rank
    assert found.entry == (entry if rank >= 0 else 0)


def test_passed_is_zero():
    assert pack_verdict(Code.PASSED) == 0


def test_plain_tuples_and_structs_pack_to_the_same():
    struct = SensorDecision(3, (0, 5), (Mark(1, MarkCode.HELD, (0,)),))
    assert encode_decisions([struct]) == encode_decisions([(3, [0, 5], [(1, 2, [0])])])
    assert decode_decisions(encode_decisions([struct])) == (struct,)


def test_a_mark_without_held_events_may_be_short():
    assert decode_decisions(encode_decisions([(3, (), [(1, 1)])])) == (SensorDecision(3, (), (Mark(1, 1),)),)


def test_a_thousand_filtered_sensors_take_eight_bytes_each():
    record = encode_decisions(
        [(number, (0, pack_verdict(Code.FILTERED, 1, 1)), ()) for number in range(1000)]
    )
    assert len(record) < 8_000


def test_later_decisions_of_one_version_take_the_place_of_earlier_ones():
    first = encode_decisions([(1, (0, 5), ()), (2, (0, 0), ())])
    merged = merge_decisions(first, [(2, (0, 4), ()), (3, (0, 0), ())])
    assert [(each.version, each.verdicts) for each in decode_decisions(merged)] == [
        (1, (0, 5)),
        (2, (0, 4)),
        (3, (0, 0)),
    ]


def test_a_mark_is_added_to_what_was_said():
    first = encode_decisions([(1, (0, 0), [(0, 2, [0])])])
    marked = decode_decisions(with_mark(first, 1, Mark(0, MarkCode.SUPERSEDED)))
    assert [mark.code for mark in marked[0].marks] == [MarkCode.HELD, MarkCode.SUPERSEDED]


def test_a_mark_on_a_record_that_is_gone_stands_alone():
    marked = decode_decisions(with_mark(None, 7, Mark(0, MarkCode.SUPERSEDED)))
    assert marked == (SensorDecision(7, (), (Mark(0, MarkCode.SUPERSEDED),)),)


def test_other_bytes_are_refused():
    with pytest.raises(msgspec.ValidationError):
        decode_decisions(msgspec.msgpack.encode({"a": 1}))


def test_what_was_said_of_other_triggers_stays_when_one_is_judged_anew():
    fired, failed = (0, int(MarkCode.FIRED)), (1, int(MarkCode.RENDER_FAILED))
    earlier = encode_decisions([(7, (0, 0), (fired, failed)), (8, (0, 0), ())])

    renewed = decode_decisions(renew_decisions(earlier, [(7, [0, 0], [(1, int(MarkCode.FIRED))])]))

    assert [one.version for one in renewed] == [7, 8]
    assert renewed[0].marks == (Mark(0, MarkCode.FIRED), Mark(1, MarkCode.FIRED))


def test_a_crash_is_forgotten_when_the_event_is_judged_after_all():
    earlier = encode_decisions([(7, (), ((-1, int(MarkCode.CRASHED)),))])

    (renewed,) = decode_decisions(renew_decisions(earlier, [(7, [0, 1], [])]))

    assert (renewed.verdicts, renewed.marks) == ((0, 1), ())
