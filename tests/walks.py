"""Walks over rosters that move in every way, and whether anybody was lost.

`python -m tests.walks 1000` walks a thousand rosters of each kind, without HTTP, and prints how
many were given whole, refused, and given without somebody who stayed.
"""

import random
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from coursectl.errors import IncompleteRoster, InvalidData
from coursectl.roster.criteria import Criteria
from coursectl.roster.parsing import Reading
from coursectl.sources.api.members import CourseMembers
from tests.changing import EVENTS, MOVES, ChangingCommunity, DirectApi, Unrest

if TYPE_CHECKING:
    from coursectl.sources.api.client import Api

SERVERS = {
    "in order": Unrest(),
    "ties in the order of the table": Unrest(tied=7),
    "all joined at once": Unrest(tied=100),
    "ties in no order": Unrest(tied=4, shuffled=True),
    "newest first whatever is asked": Unrest(ordering="-joined_at"),
    "another order whatever is asked": Unrest(ordering="last_active_at"),
    "no order at all": Unrest(ordering="last_active_at", shuffled=True),
    "a count that lags behind": Unrest(lag=3),
    "a count that is one too low": Unrest(tied=4, shuffled=True, short=1),
}
UNREST = {
    "leaves and joins": {"events": EVENTS},
    "moves": {"events": MOVES},
    "aimed moves": {"events": MOVES, "is_aimed": True},
    "aimed moves and nobody leaves": {
        "events": (("approve",), ("demote",), ("accept",), ("touch",), ("demote", "approve")),
        "is_aimed": True,
    },
    "aimed moves dated back": {"events": (("leave", "approve"),), "is_aimed": True},
    "aimed moves to nothing": {"events": (("leave", "join", "demote"),), "is_aimed": True},
    "aimed moves among equals": {"events": (("leave", "touch"),), "is_aimed": True},
    "aimed acceptances": {"events": (("leave", "accept"),), "is_aimed": True},
}


def walked(server: str, unrest: str, seeds: range) -> dict[str, int]:
    """Walk a roster of a kind for each seed, and count what came of it."""
    counted = {"given": 0, "refused": 0, "lost": 0}
    for seed in seeds:
        chosen = random.Random(seed)
        community = ChangingCommunity(
            seed,
            replace(
                SERVERS[server],
                members=chosen.choice((15, 40, 70)),
                not_joined=chosen.choice((0, 4, 30)),
                page=chosen.choice((5, 10, 20)),
                rate=chosen.choice((0.02, 0.1, 0.4)),
                answers=chosen.choice((4, 12, 1_000)),
                **UNREST[unrest],
            ),
        )
        source, reading = CourseMembers(42, cast("Api", DirectApi(community))), Reading()
        try:
            ids = [each["id"] for batch in source.batches(reading, Criteria()) for each in batch]
            reading.prove_complete(source.name)
        except (IncompleteRoster, InvalidData):
            counted["refused"] += 1
            continue
        assert len(ids) == len(set(ids)), seed
        is_whole = community.who_stayed <= set(ids) <= community.who_ever_was
        counted["given" if is_whole else "lost"] += 1
    return counted


def main() -> None:
    for server in SERVERS:
        for unrest in UNREST:
            print(
                f"{server}; {unrest}: {walked(server, unrest, range(int(sys.argv[1])))}", flush=True
            )


if __name__ == "__main__":
    main()
