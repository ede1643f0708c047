import pytest

from sources.connection_backoff import ConnectionBackoff


@pytest.mark.parametrize(
    ("backoff", "waits"),
    [
        pytest.param(ConnectionBackoff(), [1, 1, 1, 1], id="five attempts a second apart"),
        pytest.param(ConnectionBackoff(steps=0), [1, 1, 1, 1], id="zero steps are the default"),
        pytest.param(
            ConnectionBackoff(duration="2s", factor=3, steps=4), [2, 6, 18], id="duration times factor^i"
        ),
        pytest.param(ConnectionBackoff(duration=500_000_000, steps=2), [0.5], id="a number is nanoseconds"),
        pytest.param(ConnectionBackoff(duration="1s", factor=1e300, steps=4), [1, 600, 600], id="capped"),
        pytest.param(ConnectionBackoff(steps=1), [], id="one attempt has no wait"),
    ],
)
def test_waits_without_jitter(backoff: ConnectionBackoff, waits: list[float]) -> None:
    assert list(backoff.waits_s(lambda: 0.0)) == waits


def test_jitter_adds_a_share_of_the_wait() -> None:
    backoff = ConnectionBackoff(duration="2s", jitter=0.5, steps=2)

    assert list(backoff.waits_s(lambda: 0.5)) == [2.5]


def test_a_duration_without_a_unit_is_a_fault() -> None:
    assert "`10` is not a duration" in ConnectionBackoff(duration="10").fault()
    assert "is not a duration" in ConnectionBackoff(duration=10**20).fault()
    assert ConnectionBackoff(duration="10s").fault() == ""
