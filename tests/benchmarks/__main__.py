"""Measure coursectl against its peers, and print one table: `python -m tests.benchmarks --help`.

Whole processes, one at a time and in turn (A B C A B C ...), so that a change in the machine's mood
meets all of them alike; a ratio is the median of those of runs side by side. Linux only: `taskset`
keeps a tool on one core.

`pip install -e '.[bench]'` brings the peers that are Python packages; jq, Miller (mlr) and node
come from the system. The table names those that are missing. The exports are kept below the
system's folder for temporary files, in `coursectl-benchmarks`.
"""

import argparse
from itertools import chain

from tests.benchmarks import rosters
from tests.benchmarks.jobs import JOBS, Bench
from tests.benchmarks.table import lines_of


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="Measure coursectl against its peers and print a Markdown table.",
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=JOBS,
        metavar="JOBS",
        help=f"{', '.join(JOBS)}; repeatable, all by default",
    )
    parser.add_argument(
        "--members",
        type=int,
        nargs="+",
        default=[100_000, 1_000_000],
        metavar="N",
        help="in an export; default 100000 1000000",
    )
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="default 5")
    parser.add_argument("--seed", type=int, default=rosters.SEED, metavar="N")
    arguments = parser.parse_args()
    if min(arguments.members) < 1 or arguments.runs < 1:
        parser.error("--members and --runs begin at 1")
    bench = Bench(arguments.members, arguments.runs, arguments.seed)
    rows = chain.from_iterable(JOBS[name](bench) for name in arguments.only or JOBS)
    for line in lines_of(rows, bench.members, bench.runs):
        print(line, flush=True)


if __name__ == "__main__":
    main()
