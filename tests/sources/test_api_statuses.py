"""Everybody who was asked for is listed, however the server reads `statuses`; or it is refused."""

import json

import pytest

from coursectl.errors import ExitCode, IncompleteRoster
from coursectl.roster.criteria import Criteria
from coursectl.roster.parsing import Reading
from coursectl.sources.api.client import Api
from coursectl.sources.api.members import CourseMembers
from tests.community import DOCUMENTED, SEEN, Community, Course, row
from tests.running import coursectl

PATH = "/api/v2/course/42/users/"

HEADS = {"creator": 1, "manager": 5, "joined": 53, "invited": 11, "requested": 9}
"""How many of 79 members have each status."""

OTHERS_MAY_BE_MISSING = (
    "course 42: the server does not list by status as asked; others may be missing"
)

READINGS = ["all", "first", "last", "one", "known", "none", "everybody"]

WANTED = [
    None,
    ("invited",),
    ("joined",),
    ("creator",),
    ("joined", "manager"),
    ("creator", "invited"),
    ("requested", "invited", "joined"),
]


def everybody() -> list[dict[str, object]]:
    words = [word for word, number in HEADS.items() for _ in range(number)]
    return [
        row(
            id_,
            join_status=word,
            joined_at=None
            if word in ("invited", "requested")
            else f"2026-01-01T{id_ // 60:02}:{id_ % 60:02}:00Z",
        )
        for id_, word in enumerate(words, 1)
    ]


@pytest.fixture(params=[100, 7], ids=["one page", "many pages"])
def crowd(community: Community, request: pytest.FixtureRequest) -> Community:
    community.courses[42] = Course(42, everybody())
    community.largest_page = request.param
    community.nulls_with_lists = False
    return community


def wanted(words: tuple[str, ...] | None) -> set[int]:
    return {
        member["id"] for member in everybody() if words is None or member["join_status"] in words
    }


def listed(
    community: Community, words: tuple[str, ...] | None, limit: int | None = None
) -> tuple[list[int], list[str]]:
    """The ids of those with these statuses, proved complete, and what is said of them."""
    statuses = None if words is None else frozenset[str | None](words)
    criteria = Criteria(statuses=statuses, limit=limit)
    source, reading = CourseMembers(42, Api(community.settings)), Reading()
    batches = list(source.batches(reading, criteria))
    reading.prove_complete(source.name)
    found = [member for batch in batches for member in batch]
    return [
        member["id"] for member in found if statuses is None or member["join_status"] in statuses
    ], source.caveats


@pytest.mark.slow
@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("words", WANTED, ids=str)
def test_everybody_is_listed_however_a_list_is_read(crowd, reading, words):
    crowd.reads_statuses = reading
    crowd.known_statuses.remove(SEEN)
    crowd.refuses_unknown_statuses = False

    if (reading, words) == ("none", None):  # it leaves people out, and cannot be asked for others
        with pytest.raises(IncompleteRoster, match="others may be missing"):
            listed(crowd, words)
        return
    found, said = listed(crowd, words)

    assert sorted(found) == sorted(wanted(words))
    assert said == []


@pytest.mark.slow
@pytest.mark.measured
@pytest.mark.parametrize("reading", ["first", "last", "one"])
def test_members_listed_status_by_status_come_oldest_first(crowd, reading):
    crowd.reads_statuses = reading
    for place, member in enumerate(crowd.courses[42].members):
        if member["joined_at"] is not None:
            member["joined_at"] = f"2026-01-01T00:{place * 7 % 60:02}:00Z"

    found, _ = listed(crowd, None)

    moments = {m["id"]: m["joined_at"] for m in crowd.courses[42].members}
    assert found == sorted(found, key=lambda id_: (moments[id_] is None, moments[id_] or "", id_))


@pytest.mark.slow
@pytest.mark.parametrize("reading", READINGS)
def test_an_undocumented_status_is_listed_too(crowd, reading):
    crowd.reads_statuses = reading
    crowd.courses[42].members.append(row(80, join_status=SEEN, joined_at=None))

    if reading == "none":  # nobody can know of them
        with pytest.raises(IncompleteRoster, match="others may be missing"):
            listed(crowd, None)
        return
    found, _ = listed(crowd, None)
    assert sorted(found) == list(range(1, 81))


# Who stands beside the roster


@pytest.mark.parametrize("words", [None, ("invited",), ("requested", "joined")], ids=str)
def test_people_whom_only_their_own_lists_give_belong_to_the_roster(crowd, words):
    crowd.never_listed = {"invited", "requested", "creator"}

    found, said = listed(crowd, words)

    assert sorted(found) == sorted(wanted(words))
    assert said == []


def test_people_of_other_lists_are_who_they_are_and_no_more(crowd):
    crowd.never_listed = {"requested"}
    crowd.courses[42].members[-1] |= {"real_name": "Zoë", "avatar": "https://x.example/z.png"}
    source, reading = CourseMembers(42, Api(crowd.settings)), Reading()
    members = {m["id"]: m for batch in source.batches(reading, Criteria()) for m in batch}

    assert members[79] == {
        "id": 79,
        "username": "member_79",
        "real_name": "Zoë",
        "avatar": "https://x.example/z.png",
        "join_status": "requested",
        "user_completion_rate": None,
        "last_active_at": None,
        "joined_at": None,
    }


def test_an_invitation_that_was_accepted_is_no_other_member(crowd):
    """Whose invitation stays in the list is a member all the same, and is not invited."""
    members = crowd.courses[42].members
    crowd.spares_what_is_beside = False
    crowd.misdeed_for_good = lambda request: (
        crowd._page(request, [{"id": 7, "username": members[6]["username"]}])
        if request.path.endswith("/invite/")
        else None
    )
    crowd.never_listed = {"invited"}

    assert sorted(listed(crowd, None)[0]) == sorted(
        wanted(("creator", "manager", "joined", "requested"))
    )
    assert listed(crowd, ("invited",))[0] == []


def test_a_member_who_is_let_in_meanwhile_is_not_lost(crowd):
    crowd.never_listed = {"requested"}
    members = crowd.courses[42].members
    pages = [0]

    def let_in(request):
        if request.path == PATH and request.query.get("limit") == "100":
            pages[0] += 1
            if pages[0] == 2:  # behind the first page, of those who joined long ago
                members[78] |= {"join_status": "joined", "joined_at": "2025-01-01T00:00:00Z"}

    crowd.misdeed_for_good = let_in

    found, _ = listed(crowd, None)

    assert sorted(found) == list(range(1, 80))


@pytest.mark.slow
@pytest.mark.measured
def test_a_list_beside_of_many_pages_is_held_against_its_count(crowd):
    crowd.never_listed = {"invited"}
    crowd.courses[42].members += [
        row(id_, join_status="invited", joined_at=None) for id_ in range(80, 400)
    ]

    assert sorted(listed(crowd, None)[0]) == list(range(1, 400))


def test_what_cannot_be_checked_is_said(crowd):
    crowd.tells_beside = False
    crowd.courses[42].members = [row(id_) for id_ in range(1, 6)]

    found, said = listed(crowd, None)

    assert found == [1, 2, 3, 4, 5]
    assert said == [
        "course 42: it cannot be checked that everybody is listed who is invited or asked to join"
        " or created the course: /api/v2/course/42/invite/: not found (404): Not found."
    ]


def test_a_roster_that_shows_them_all_needs_no_other_list(crowd):
    crowd.tells_beside = False

    assert listed(crowd, None) == (list(range(1, 80)), [])


@pytest.mark.parametrize("word", ["creator", "invited", "requested", SEEN])
def test_a_status_that_nothing_tells_of_is_an_incomplete_roster(crowd, word):
    crowd.reads_statuses = "none"
    crowd.tells_beside = False

    with pytest.raises(IncompleteRoster, match=f"does not list by the status '{word}'"):
        listed(crowd, (word,))


def test_a_slip_that_the_server_does_not_list_by_is_told_with_what_may_be_meant(crowd):
    crowd.reads_statuses = "none"

    with pytest.raises(IncompleteRoster, match="does not list by the status 'jonied'") as caught:
        listed(crowd, ("jonied",))

    assert caught.value.hints[0].startswith("Did you mean joined? ")


# What it costs


def test_a_good_server_is_asked_for_little_more_than_the_pages(community):
    community.courses[42] = Course(42, everybody())

    listed(community, None)

    paths = [request.path.removeprefix("/api/v2/course/42/") for request in community.requests]
    assert sorted(paths) == ["invite/", "request_join/", "users/", "users/"]


@pytest.mark.parametrize("words", [("joined",), ("joined", "manager"), ("manager",)])
def test_where_members_alone_are_asked_for_nothing_else_is(community, words):
    community.courses[42] = Course(42, everybody())

    listed(community, words)

    assert len(community.requests) == 1


# By the program


def test_whom_a_roster_may_lack_is_said_however_quiet_it_is_to_be(community):
    community.tells_beside = False
    community.courses[42].members = [row(1)]

    outcome = coursectl("members", "42", "--csv", "--quiet", environment=community.environment)

    assert outcome.code == ExitCode.OK
    assert "it cannot be checked that everybody is listed who is invited" in outcome.stderr


@pytest.mark.slow
@pytest.mark.parametrize("reading", ["all", "first", "last", "one", "known"])
def test_the_program_gives_the_same_whatever_the_server_reads(community, tmp_path, reading):
    community.courses[42] = Course(42, everybody())
    community.reads_statuses = reading
    community.known_statuses.remove(SEEN)
    community.refuses_unknown_statuses = False
    saved = tmp_path / "saved.json"

    exported = coursectl("export", "42", "-o", saved, environment=community.environment)
    summed = coursectl("summary", "42", "--json", environment=community.environment)

    assert (exported.code, summed.code) == (ExitCode.OK, ExitCode.OK)
    assert {member["id"] for member in json.loads(saved.read_bytes())["results"]} == set(
        range(1, 80)
    )
    (figures,) = json.loads(summed.stdout)["courses"]
    assert figures["members"] == 79
    assert {word: figures["by_status"][word] for word in DOCUMENTED} == HEADS


@pytest.mark.parametrize("limit", [1, 3, 60, 200])
def test_the_first_few_are_the_first_of_all(crowd, limit):
    crowd.reads_statuses = "one"

    found, _ = listed(crowd, None, limit=limit)

    assert found[:limit] == list(range(1, 80))[:limit]
