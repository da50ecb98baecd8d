"""Rosters that change while they are fetched: nobody is lost, nobody comes twice."""

import pytest

from coursectl.errors import IncompleteRoster
from coursectl.roster.criteria import Criteria
from coursectl.roster.parsing import Reading
from coursectl.sources.api.client import Api
from coursectl.sources.api.members import CourseMembers
from tests.changing import ChangingCommunity, Unrest
from tests.walks import SERVERS, UNREST, walked

# The tests of members reach these lines; here they are reached from hundreds of rosters.
pytestmark = pytest.mark.no_cover

SEEDS = 25

JOINS_AND_LEAVES = (("join",), ("leave",), ("leave", "join"))


def fetched(community: ChangingCommunity) -> list[int]:
    """The ids of course 42, proved whole."""
    source, reading = CourseMembers(42, Api(community.settings)), Reading()
    ids = [member["id"] for batch in source.batches(reading, Criteria()) for member in batch]
    reading.prove_complete(source.name)
    return ids


def outcomes(unrest: Unrest) -> dict[str, int]:
    """Fetch many such rosters, and hold what came against who was there."""
    counted = {"whole": 0, "said to be incomplete": 0}
    for seed in range(SEEDS):
        community = ChangingCommunity(seed, unrest)
        with community.running():
            try:
                ids = fetched(community)
            except IncompleteRoster:
                counted["said to be incomplete"] += 1
                continue
        assert len(ids) == len(set(ids)), seed
        assert community.who_stayed <= set(ids) <= community.who_ever_was, seed
        counted["whole"] += 1
    return counted


@pytest.mark.slow
@pytest.mark.parametrize(
    "unrest",
    [
        Unrest(),
        Unrest(not_joined=25),
        Unrest(tied=60),
        Unrest(tied=60, not_joined=60),
        Unrest(tied=3, not_joined=25, shuffled=True),
        Unrest(members=0, not_joined=30),
        Unrest(members=30, page=1),
        Unrest(members=30, page=2, tied=30),
        Unrest(members=30, page=4, not_joined=9, shuffled=True),
    ],
    ids=repr,
)
def test_a_roster_that_stands_still_is_always_whole(unrest):
    assert outcomes(unrest) == {"whole": SEEDS, "said to be incomplete": 0}


@pytest.mark.slow
@pytest.mark.parametrize(
    "unrest",
    [
        Unrest(rate=0.5, answers=8, events=JOINS_AND_LEAVES),
        Unrest(rate=0.5, answers=8, events=(("leave", "join"),)),
        Unrest(rate=0.5, answers=8, not_joined=8),
        Unrest(rate=0.5, answers=8, tied=3, not_joined=8, shuffled=True),
        Unrest(rate=0.5, answers=20, members=30, page=5, tied=2, not_joined=6),
        Unrest(rate=0.3, answers=20, members=30, page=3, not_joined=3),
    ],
    ids=repr,
)
def test_nobody_is_lost_from_a_roster_that_comes_to_rest(unrest):
    assert outcomes(unrest)["whole"] >= SEEDS - 2


@pytest.mark.slow
@pytest.mark.parametrize(
    "unrest",
    [
        Unrest(rate=0.2, events=(("join",),)),
        Unrest(rate=0.05, events=JOINS_AND_LEAVES),
        Unrest(rate=0.05, not_joined=5),
    ],
    ids=repr,
)
def test_nobody_is_lost_from_a_roster_that_never_rests(unrest):
    assert outcomes(unrest)["whole"] >= SEEDS * 3 // 4


@pytest.mark.slow
@pytest.mark.parametrize(
    "unrest",
    [
        Unrest(rate=0.5, page=20, events=(("leave", "join"),)),
        Unrest(rate=0.2, tied=3, not_joined=8, shuffled=True),
        Unrest(rate=0.9, members=20, page=5, not_joined=10, shuffled=True),
    ],
    ids=repr,
)
def test_what_cannot_be_proved_is_said_to_be_incomplete(unrest):
    assert outcomes(unrest)["said to be incomplete"] > 0


# What the proof costs


def asked(unrest: Unrest) -> int:
    """Requests for a roster that stands still."""
    community = ChangingCommunity(0, unrest)
    with community.running():
        fetched(community)
    return len(community.pages("/api/v2/course/42/users/"))


def test_an_ordinary_roster_takes_its_first_and_last_page_twice():
    # Pages of 20 overlap by 3 rows, and the last one has room for another row.
    assert asked(Unrest(members=20 + 10 * 17, page=20)) == 12 + 2


def test_two_pages_take_the_first_one_twice():
    assert asked(Unrest(members=36, page=20)) == 2 + 1


def test_one_page_takes_one_request():
    assert asked(Unrest(members=20, page=20)) == 1


def test_a_few_who_joined_together_at_the_edge_of_a_page_take_one_request_more():
    # The 18th to the 20th have joined at once, and the first page ends with the 20th.
    assert asked(Unrest(members=60, page=20, tied=3)) <= asked(Unrest(members=60, page=20)) + 1


def test_many_who_joined_together_take_two_walks():
    assert asked(Unrest(members=20 + 10 * 17, page=20, tied=500)) <= 12 + 12


# Every kind of unrest, on every kind of server


@pytest.mark.slow
@pytest.mark.parametrize("unrest", UNREST)
@pytest.mark.parametrize("server", SERVERS)
def test_nobody_who_stayed_is_lost_from_many_rosters(server, unrest):
    counted = walked(server, unrest, range(10))
    assert counted["lost"] == 0
    if SERVERS[server].short:
        assert counted["given"] == 0
    else:
        assert counted["given"] > counted["refused"] / 4
