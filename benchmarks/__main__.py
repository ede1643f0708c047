"""`make bench`: every row of the speed table, ratios within one run, minimum, median and maximum of five.

    python -m benchmarks [--runs N] [ROW...]

Timings are no tests: nothing fails here. Run it on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import statistics

import uvloop

from benchmarks.measure import ROWS, Figures, Row


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of: {', '.join(ROWS)}")
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    unknown = set(arguments.rows) - set(ROWS)
    if unknown:
        parser.error(f"unknown rows: {', '.join(sorted(unknown))}")
    for name in arguments.rows or ROWS:
        row = ROWS[name]
        print(f"\n{name}: {(row.__doc__ or '').strip()}", flush=True)
        report([uvloop.run(once(row, number)) for number in range(arguments.runs)])


async def once(row: Row, number: int) -> Figures:
    return await row(number)


def report(runs: list[Figures]) -> None:
    width = max(len(name) for name in runs[0])
    print(f"  {'':{width}}  {'min':>10} {'median':>10} {'max':>10}")
    for name in runs[0]:
        values = [run[name] for run in runs]
        low, middle, high = min(values), statistics.median(values), max(values)
        print(f"  {name:{width}}  {low:10.3f} {middle:10.3f} {high:10.3f}", flush=True)


if __name__ == "__main__":
    main()
