"""The disk of the store is full, or fails (design, B8)."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path

import pytest

from tests.stories import deliveries, resources
from tests.stories.process import Kikkake, wait_until

MIB = 1 << 20


@pytest.fixture
def small_disk(tmp_path: Path):
    """A file system of 32 MiB of its own."""
    if os.geteuid() != 0:
        pytest.skip(
            "only root can mount a small file system; tests/events/buses has the same on a faulty VFS"
        )
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.kube
def test_a_full_disk_refuses_deliveries_while_effects_go_on_and_heals_by_itself(
    kikkake, small_disk, background, kube_server
):
    """Room that somebody else took, and gives back."""
    kikkake.data_arguments = ["--data", str(small_disk / "store")]
    kikkake.arguments += ["--kubeconfig", str(kube_server.kubeconfig)]
    kikkake.write("github.yaml", resources.github())
    with background.sink() as sink:
        retry = "{steps: 600, duration: 100ms, factor: 1, jitter: 0}"
        kikkake.write("call.yaml", resources.sensor(resources.post(sink.url), retry=retry))
        kikkake.start()
        background.run(sink.close())
        assert kikkake.deliver(deliveries.push("before")).status == 200
        ballast = small_disk / "ballast"
        fill(ballast, small_disk)

        wait_until(lambda: kikkake.deliver(deliveries.push("refused")).status == 503)
        refused = kikkake.deliver(deliveries.push("refused"))
        assert (refused.body["title"], refused.headers["retry-after"]) == ("Temporarily out of storage", "30")
        assert kikkake.deliver(deliveries.push("before")).status in (200, 503), "never a lie"
        background.run(sink.open())
        wait_until(lambda: len(sink.received) == 1)
        kikkake.wait_idle()
        assert "done at attempt" in kikkake.command("explain", "before").out

        ballast.unlink()
        wait_until(lambda: kikkake.deliver(deliveries.push("after")).status == 200)
        wait_until(lambda: len(sink.received) == 2)
    assert kikkake.stop() == 0


def fill(ballast: Path, disk: Path) -> None:
    """Leave 1 MiB: less than the store's reserve, more than its steps need."""
    space = os.statvfs(disk)
    with ballast.open("wb") as file:
        file.write(b"\0" * (space.f_bavail * space.f_frsize - MIB))


def test_a_failing_disk_ends_the_process_at_once_and_the_next_start_checks_the_store(
    kikkake: Kikkake, monkeypatch
):
    marker = kikkake.folder / "disk-fails"
    monkeypatch.setenv("KIKKAKE_TEST_DISK_FAILS", str(marker))
    kikkake.program = ("tests.stories.failing_disk",)
    kikkake.write("github.yaml", resources.github())
    kikkake.start()
    assert kikkake.deliver(deliveries.push("before")).status == 200

    marker.touch()
    # No 2xx for what is not on disk: a 503, or no answer of a process that has gone.
    with contextlib.suppress(OSError):
        assert kikkake.deliver(deliveries.push("during")).status == 503
    assert kikkake.wait_ended() == 70
    assert "gateway.storage_failed" in kikkake.said()

    marker.unlink()
    assert (kikkake.data / "broken").exists()
    kikkake.start()
    assert not (kikkake.data / "broken").exists(), "checked, and found sound"
    again = kikkake.deliver(deliveries.push("before"))
    assert (again.status, again.body["duplicate"]) == (200, True)
    assert kikkake.deliver(deliveries.push("during")).status == 200


def test_a_store_that_the_check_finds_damaged_is_not_opened(kikkake):
    kikkake.write("github.yaml", resources.github())
    kikkake.start()
    for number in range(40):
        body = deliveries.push(f"d{number}", commit=f"{number}-" * 7_000)
        assert kikkake.deliver(body).status == 200
    assert kikkake.stop() == 0
    with (kikkake.data / "bus.db").open("r+b") as file:
        file.seek(16_384 * 12)
        file.write(b"\xff" * 16_384 * 20)
    (kikkake.data / "broken").touch()

    kikkake.launch()

    assert kikkake.wait_ended() in (1, 3)
    assert "restore a backup" in kikkake.said()
