"""`make crash`: kills the gateway again and again under load, and counts what was lost or done twice.

    python -m tests.crash.run [--serve] [--kills N] [--seed S] [--rate R] [--outage SECONDS] [--canary NAME]

Exit code 0 when nothing was lost and nothing happened twice, 1 with a list of the differences otherwise. The evidence
(senders' account, journal of the API server, the gateway's log and store) stays in a folder when something was wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import shutil
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.crash.canary import FAULTS
from tests.crash.judge import Judgement
from tests.crash.plan import Plan
from tests.crash.suite import Report, run_suite
from tests.manifests.cluster import Cluster, installed
from tests.servers.inventory import reason_missing
from tests.servers.kafka import KafkaServer
from tests.servers.kube import KubeServer

_SHOWN = 10
"""Violations of a kind that are printed; all of them stand in a file."""


def main() -> int:
    plan, keep = _arguments()
    needs = ("kube", "kafka", "kubectl") if plan.serve else ("kube", "kafka")
    if missing := [reason for name in needs if (reason := reason_missing(name))]:
        print(*missing, sep="\n", file=sys.stderr)
        return 3
    folder = Path(tempfile.mkdtemp(prefix="kikkake-crash-"))
    print(f"crash: {plan.command}\nevidence in {folder}", flush=True)
    kafka = None
    try:
        kafka = KafkaServer.start(folder / "kafka")
        run = folder / "run"
        run.mkdir()
        with _cluster(plan, folder) as kube:
            report = asyncio.run(run_suite(plan, run, kube, kafka, lambda text: print(text, flush=True)))
    finally:
        if kafka is not None:
            kafka.stop()
    print(*lines_of(report), sep="\n", flush=True)
    if not report.judgement.violations and not keep:
        shutil.rmtree(folder)
    return 1 if report.judgement.violations else 0


@contextlib.contextmanager
def _cluster(plan: Plan, folder: Path) -> Iterator[KubeServer | Cluster]:
    if plan.serve:
        with installed(folder) as cluster:
            yield cluster
        return
    server = KubeServer.start(folder / "kube")
    try:
        yield server
    finally:
        server.stop()


def lines_of(report: Report) -> list[str]:
    """The report for a person; writes the whole evidence beside the journal when something was wrong."""
    judgement = report.judgement
    lines = [
        _kill_line(report),
        _number_line(judgement),
        _fact_line(report),
        _wait_line(judgement),
        _time_line(report),
    ]
    if not judgement.violations:
        return [*lines, "nothing lost, nothing twice"]
    report.ledger.write(report.folder / "ledger.jsonl")
    every = [f"{each.kind}: {each.what}" for each in judgement.violations]
    (report.folder / "violations.txt").write_text("\n".join(every) + "\n")
    shown: Counter[str] = Counter()
    for violation, line in zip(judgement.violations, every, strict=True):
        shown[violation.kind] += 1
        if shown[violation.kind] <= _SHOWN:
            lines.append(f"  {line}")
    counts = ", ".join(f"{count} {kind}" for kind, count in shown.items())
    return [*lines, f"VIOLATIONS: {counts}", f"evidence: {report.folder}", f"again: {report.plan.command}"]


def _kill_line(report: Report) -> str:
    tally = report.tally
    killed = ", ".join(f"{count} {moment}" for moment, count in sorted(tally.killed.items()))
    return (
        f"seed {report.plan.seed}: {report.plan.kills} kills in {tally.seconds:.0f} s ({killed}; "
        f"{tally.close_kills} of them within 50 ms of a commit or checkpoint that was seen)"
    )


def _number_line(judgement: Judgement) -> str:
    return (
        f"sent {judgement.sent}, acknowledged {judgement.acknowledged}, objects {judgement.objects}, "
        f"duplicates {judgement.duplicates}"
    )


def _fact_line(report: Report) -> str:
    judgement, tally = report.judgement, report.tally
    return (
        f"joins {judgement.joins}, HTTP requests {judgement.requests}, edits {tally.edits}, redelivered "
        f"{tally.redelivered}, answers lost {tally.lost_answers}, objects deleted {tally.deleted}, Kafka events "
        f"stored between kills {tally.kafka_while_killing}"
    )


def _wait_line(judgement: Judgement) -> str:
    waited = ", ".join(f"{name} {count}" for name, count in sorted(judgement.waited.items()))
    return f"correlated, collected, reset, scripted: {waited or 'nothing'}"


def _time_line(report: Report) -> str:
    tally, entries = report.tally, report.ledger.entries.values()
    waits = sorted(each.acked_at - each.sent_at for each in entries if each.acked_at)
    return (
        f"start to ready: median {statistics.median(tally.restarts_s):.2f} s, max {max(tally.restarts_s):.2f} s; "
        f"acknowledged after p50 {_quantile(waits, 0.5):.3f} s, p99 {_quantile(waits, 0.99):.3f} s (down times "
        f"included); healed {tally.settle_s:.1f} s after the last kill"
    )


def _quantile(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, round(share * (len(values) - 1)))] if values else 0.0


def _arguments() -> tuple[Plan, bool]:
    parser = argparse.ArgumentParser(prog="python -m tests.crash.run")
    parser.add_argument("--kills", type=int, help="default: 200, with --serve 100")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--rate", type=float, default=200.0, help="events a second")
    parser.add_argument("--outage", type=float, default=300.0, help="seconds without an API server; 0 = none")
    parser.add_argument(
        "--serve", action="store_true", help="`kikkake serve` with the resources of an API server"
    )
    parser.add_argument(
        "--canary", choices=sorted(FAULTS), default="", help="with a known fault: has to fail"
    )
    parser.add_argument("--keep", action="store_true", help="keep the evidence of a run that passed, too")
    given = parser.parse_args()
    plan = Plan(
        seed=given.seed,
        kills=given.kills or (100 if given.serve else 200),
        rate=given.rate,
        outage_s=given.outage,
        serve=given.serve,
        canary=given.canary,
    )
    return plan, given.keep


if __name__ == "__main__":
    sys.exit(main())
