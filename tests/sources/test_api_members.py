"""The members of one course, page by page."""

import random
from datetime import UTC, datetime
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursectl.errors import ExitCode, IncompleteRoster, InvalidData, ServerError
from coursectl.roster.criteria import Criteria
from coursectl.roster.parsing import Reading
from coursectl.sources.api import fetched
from coursectl.sources.api.client import Api
from coursectl.sources.api.members import CourseMembers, _ties_by_id
from tests.community import (
    DOCUMENTED,
    SEEN,
    Community,
    Course,
    Reply,
    Request,
    answer,
    detail,
    errors,
    html,
    row,
)
from tests.running import coursectl

PATH = "/api/v2/course/42/users/"

EVERYBODY = [
    row(1, join_status="creator"),
    row(2, join_status="manager"),
    row(3, join_status="joined"),
    row(4, join_status="invited", joined_at=None),
    row(5, join_status="requested", joined_at=None),
    row(6, join_status=SEEN, joined_at=None),
    row(7, join_status=None, joined_at=None),
]


def listed(
    community: Community, criteria: Criteria | None = None, *, skip_invalid: bool = False
) -> list[int]:
    """The ids of the whole roster of course 42, proved complete."""
    source, reading = CourseMembers(42, Api(community.settings)), Reading(skip_invalid=skip_invalid)
    batches = list(source.batches(reading, criteria or Criteria()))
    reading.prove_complete(source.name)
    return [member["id"] for batch in batches for member in batch]


def lined_up(number: int) -> list[dict[str, Any]]:
    """Members who joined one after the other."""
    moments = (f"2026-01-01T{i // 60:02}:{i % 60:02}:00Z" for i in range(number))
    return [row(id_, joined_at=moment) for id_, moment in enumerate(moments, 1)]


def statuses(*words: str | None) -> Criteria:
    return Criteria(statuses=frozenset(words))


def caveats(community: Community, criteria: Criteria) -> list[str]:
    source = CourseMembers(42, Api(community.settings))
    for _ in source.batches(Reading(), criteria):
        pass
    return source.caveats


# Pages


@pytest.mark.parametrize("largest_page", [1, 2, 4, 5, 100])
def test_every_member_is_listed_however_few_rows_the_server_grants(community, largest_page):
    community.largest_page = largest_page

    assert listed(community) == [1, 2, 3, 4, 5]


def test_a_roster_of_one_page_takes_one_request(community):
    listed(community)

    assert len(community.pages(PATH)) == 1


def test_pages_are_asked_for_from_the_oldest_member_a_hundred_at_a_time(community):
    community.courses[42].members = lined_up(230)
    listed(community)

    everybody = '["creator","manager","joined","invited","requested","payment_waiting"]'
    asked = community.pages(PATH)
    usual = {"ordering": "joined_at", "limit": "100", "statuses": everybody}
    assert [query | {"offset": "0"} for query in asked] == [usual | {"offset": "0"}] * 5
    # The ends come first, and again at last, both at once.
    offsets = [query["offset"] for query in asked]
    assert (offsets[:3], sorted(offsets[3:])) == (["0", "131", "97"], ["0", "131"])


def test_pages_overlap_by_a_few_rows(community):
    community.courses[42].members = lined_up(45)
    community.largest_page = 20

    assert listed(community) == list(range(1, 46))
    assert [int(query["offset"]) for query in community.pages(PATH)][:3] == [0, 26, 17]


def test_a_roster_of_more_than_a_page_is_listed_whole(community):
    community.courses[42].members = [row(id_) for id_ in range(1, 251)]

    assert sorted(listed(community)) == list(range(1, 251))


def test_an_empty_roster_is_a_roster(community):
    community.courses[42].members = []

    assert listed(community) == []


def test_members_come_oldest_first(community):
    community.courses[42].members = [
        row(1, joined_at="2026-03-01T00:00:00Z"),
        row(2, joined_at="2026-01-01T00:00:00Z"),
        row(3, joined_at="2026-02-01T01:00:00+02:00"),
        row(4, joined_at="2026-01-31T23:30:00Z"),
    ]

    assert listed(community) == [2, 3, 4, 1]


@pytest.mark.parametrize("nulls_first", [True, False])
def test_members_who_have_not_joined_are_listed_wherever_the_server_puts_them(
    community, nulls_first
):
    community.nulls_first = nulls_first
    community.largest_page = 2
    community.courses[42].members = [
        row(1),
        row(2, join_status="invited", joined_at=None),
        row(3),
        row(4, join_status="requested", joined_at=None),
    ]

    assert listed(community) == ([2, 4, 1, 3] if nulls_first else [1, 3, 2, 4])


def test_a_next_link_to_another_host_is_nothing_to_follow(community):
    community.largest_page = 2
    with Community().running() as elsewhere:
        lure = f"{elsewhere.url}{PATH}?limit=2&offset=2"
        community.misdeed_for_good = community.edited(lambda page: page.update(next=lure))

        # It names a next page for good, so the end shows only in a page with nothing on it.
        assert listed(community) == [1, 2, 3, 4, 5]
        assert elsewhere.connections == 0


@pytest.mark.parametrize("fields", [("next", "previous"), ("next",)])
def test_pages_without_links_are_pages(community, fields):
    community.largest_page = 2

    def unlinked(page: dict[str, Any]) -> None:
        for field in fields:
            del page[field]

    community.misdeed_for_good = community.edited(unlinked)

    assert listed(community) == [1, 2, 3, 4, 5]


def test_the_roster_is_fetched_when_it_is_read(community):
    source = CourseMembers(42, Api(community.settings))
    assert source.fetched_at is None

    list(source.batches(Reading(), Criteria()))

    assert source.fetched_at is not None
    assert source.fetched_at.utcoffset().total_seconds() == 0


# A roster that changes, or is not what it says


def test_a_member_who_joins_between_two_pages_is_listed(community):
    community.largest_page = 2
    newcomer = row(6, joined_at="2026-11-23T00:00:00Z")
    community.misdeeds = [None, lambda _: community.courses[42].members.append(newcomer)]

    assert listed(community) == [1, 2, 3, 4, 5, 6]


def test_a_member_who_leaves_between_two_pages_hides_nobody(community):
    """The rows behind move up, and the first of the next page was on neither."""
    community.largest_page = 2
    community.misdeeds = [None, lambda _: community.courses[42].members.pop(0) and None]

    assert listed(community) == [2, 3, 4, 5]


def test_a_member_who_is_let_in_between_two_pages_hides_nobody(community):
    """Among the first, who have not joined, they move to the end: the rows between move up."""
    community.largest_page = 2
    community.nulls_first = True
    members = community.courses[42].members
    members[0] = row(1, join_status="requested", joined_at=None)
    let_in = row(1, joined_at="2026-11-23T00:00:00Z")
    community.misdeeds = [None, lambda _: members.__setitem__(0, let_in)]

    assert listed(community) == [2, 3, 4, 5, 1]


def test_a_row_that_two_pages_repeat_is_one_member(community):
    """Somebody who has not joined comes in at the front: the rows behind move down."""
    community.largest_page = 2
    community.nulls_first = True
    invited = row(6, join_status="invited", joined_at=None)
    community.misdeeds = [None, lambda _: community.courses[42].members.insert(0, invited)]

    assert listed(community) == [6, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("count", [6, 1_000_000])
def test_a_count_above_the_rows_is_an_incomplete_roster(community, count):
    community.largest_page = 2
    community.misdeed_for_good = community.edited(lambda page: page.update(count=count))

    with pytest.raises(IncompleteRoster, match=f"expected {count:,} members, received 5 unique"):
        listed(community)
    assert len(community.requests) < 50


@pytest.mark.parametrize("largest_page", [2, 100])
def test_a_count_below_the_rows_is_invalid(community, largest_page):
    community.largest_page = largest_page
    community.misdeed_for_good = community.edited(lambda page: page.update(count=4))

    with pytest.raises(InvalidData, match="the count is wrong: expected 4 members, received 5"):
        listed(community)


def test_a_list_without_end_comes_to_one(community):
    def another(request: Request) -> Reply:
        offset = int(request.query["offset"])
        rows = lined_up(100)
        for each in rows:
            each["id"] += offset
        return answer({"count": offset + 150, "next": "more", "previous": None, "results": rows})

    community.misdeed_for_good = another

    with pytest.raises(InvalidData, match="the list has no end"):
        listed(community)
    assert len(community.requests) < 50


def test_a_page_that_is_empty_too_early_once_is_fetched_again(community):
    community.largest_page = 2
    empty = community.edited(lambda page: page["results"].clear())
    community.misdeeds = [None, empty]

    assert listed(community) == [1, 2, 3, 4, 5]


def test_pages_that_are_empty_too_early_make_the_roster_incomplete(community):
    community.largest_page = 2

    def empty(request: Request) -> Reply | None:
        if request.query["offset"] == "0":
            return None
        return answer({"count": 5, "next": None, "previous": None, "results": []})

    community.misdeed_for_good = empty

    with pytest.raises(IncompleteRoster, match="expected 5 members, received 2 unique"):
        listed(community)
    assert len(community.pages(PATH)) < 10


def test_the_same_page_again_and_again_comes_to_an_end(community):
    community.largest_page = 2
    community.misdeed_for_good = community.first_page

    with pytest.raises(InvalidData, match=r"the first page once more.*received 2 unique"):
        listed(community)
    assert len(community.pages(PATH)) < 10


def test_the_program_exits_7_for_an_incomplete_roster_and_lists_nothing(community):
    community.misdeed_for_good = community.edited(lambda page: page.update(count=6))

    outcome = coursectl("members", "42", "--json", environment=community.environment)

    assert outcome.code == ExitCode.INCOMPLETE_ROSTER
    assert outcome.stdout == b""
    assert "expected 6 members, received 5 unique" in outcome.stderr


def test_the_program_lists_an_incomplete_roster_that_is_good_enough_and_warns(community):
    community.misdeed_for_good = community.edited(lambda page: page.update(count=6))

    outcome = coursectl(
        "members",
        "42",
        "-c",
        "id",
        "--csv",
        "--allow-incomplete",
        environment=community.environment,
    )

    assert outcome.code == ExitCode.OK
    assert outcome.text == "id\n1\n2\n3\n4\n5\n"
    assert outcome.stderr == (
        "coursectl: course 42 is not the whole roster: expected 6 members, received 5 unique\n"
    )


@pytest.mark.parametrize("reading", ["all", "first"])  # by "first" they wait status by status
def test_pages_that_wait_for_their_proof_take_bounded_room(community, monkeypatch, reading):
    community.reads_statuses = reading
    monkeypatch.setattr(fetched, "MOST_WAITING", 40_000)
    community.courses[42].members = [
        {**each, "join_status": ("joined", "manager")[each["id"] % 2]} for each in lined_up(300)
    ]

    with pytest.raises(InvalidData, match="more than 40,000 bytes of members wait"):
        listed(community)


def test_a_large_roster_with_one_bad_row_is_not_printed_in_part(community):
    rows = lined_up(600)
    for each in rows:
        each["avatar"] = "https://cdn.example/" + "a" * 10_000
    rows[-1]["user_completion_rate"] = 101
    community.courses[42].members = rows

    outcome = coursectl("members", "42", "--json", environment=community.environment)

    assert (outcome.code, outcome.stdout) == (ExitCode.INVALID_DATA, b"")
    assert f"{PATH}?offset=501:1: row 99 (id 600): user_completion_rate" in outcome.stderr


def test_the_same_roster_gives_the_same_bytes_however_the_server_orders_ties(community):
    rows = [row(id_, joined_at=None if id_ % 3 else "2026-01-01T00:00:00Z") for id_ in range(90)]
    community.courses[42].members = rows
    community.largest_page = 40

    def shuffled(_: Request) -> None:
        random.shuffle(rows)

    community.misdeed_for_good = shuffled

    assert listed(community) == listed(community)


_LEFT_OUT = object()


@given(
    st.lists(
        st.lists(
            st.sampled_from(
                [
                    None,
                    datetime(2026, 1, 1, tzinfo=UTC),
                    "2026-01-01T00:00:00Z",
                    "2026-01-01T00:00:00.000000+00:00",
                    "2026-01-02T00:00:00Z",
                    "never",
                    _LEFT_OUT,
                ]
            ),
            max_size=6,
        ),
        max_size=6,
    ),
    st.randoms(use_true_random=False),
)
def test_whoever_joined_in_the_same_moment_comes_by_id_wherever_a_page_ends(pages, random):
    ids = iter(random.sample(range(99), 36))
    batches = [
        [{"id": next(ids)} | ({} if at is _LEFT_OUT else {"joined_at": at}) for at in page]
        for page in pages
    ]
    everybody = [member for batch in batches for member in batch]

    def moment(member):
        at = member.get("joined_at")
        return datetime.fromisoformat(at) if isinstance(at, str) and at != "never" else at

    expected = [
        member
        for _, tied in groupby(everybody, key=moment)
        for member in sorted(tied, key=itemgetter("id"))
    ]

    assert list(chain.from_iterable(_ties_by_id(batches))) == expected


def test_of_very_many_who_joined_in_the_same_moment_some_thousands_are_put_in_order_at_a_time():
    ids = [*range(10_500)][::-1]
    batches = [
        [{"id": id_, "joined_at": None} for id_ in ids[at : at + 100]]
        for at in range(0, len(ids), 100)
    ]

    found = [member["id"] for members in _ties_by_id(batches) for member in members]

    assert found == sorted(ids[:10_100]) + sorted(ids[10_100:])


# Who is asked for


@pytest.mark.parametrize(
    "forms", [{"json", "comma"}, {"json"}, {"comma"}], ids=lambda forms: " ".join(sorted(forms))
)
@pytest.mark.parametrize("refuses", [True, False], ids=["strict", "lenient"])
@pytest.mark.parametrize("knows_more", [True, False], ids=["more", "documented"])
def test_everybody_whom_the_server_knows_is_listed_by_default(
    community, forms, refuses, knows_more
):
    community.courses[42].members = EVERYBODY
    community.nulls_with_lists = False
    community.list_forms = forms
    community.refuses_unknown_statuses = refuses
    if not knows_more:
        community.known_statuses.remove(SEEN)

    # A server that refuses no word looks for every one.
    assert listed(community) == (
        [1, 2, 3, 4, 5, 6] if knows_more or not refuses else [1, 2, 3, 4, 5]
    )


@pytest.mark.parametrize(
    "forms", [{"json", "comma"}, {"json"}, {"comma"}], ids=lambda forms: " ".join(sorted(forms))
)
@pytest.mark.parametrize("refuses", [True, False], ids=["strict", "lenient"])
def test_several_statuses_are_asked_for_in_a_form_that_the_server_reads(community, forms, refuses):
    community.courses[42].members = EVERYBODY
    community.nulls_with_lists = False
    community.list_forms = forms
    community.refuses_unknown_statuses = refuses

    assert listed(community, statuses("creator", "invited")) == [1, 4]


def test_members_without_a_status_are_listed_where_the_server_sends_them(community):
    community.courses[42].members = EVERYBODY

    assert listed(community) == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("status", DOCUMENTED)
def test_one_status_is_asked_for_as_a_bare_word(community, status):
    community.courses[42].members = EVERYBODY

    assert listed(community, statuses(status)) == [DOCUMENTED.index(status) + 1]
    assert [query["statuses"] for query in community.asked(PATH)] == [status]


def test_members_without_a_status_are_asked_for_by_every_word_there_is(community):
    community.courses[42].members = EVERYBODY

    listed(community, statuses(None))

    assert community.asked(PATH)[0]["statuses"] == (
        '["creator","manager","joined","invited","requested","payment_waiting"]'
    )


def test_members_without_a_status_who_are_asked_for_come_with_a_warning(community):
    assert caveats(community, statuses(None)) == [
        "course 42: the API cannot be asked for members without a status;"
        " only those that it sent all the same are listed"
    ]


def test_a_word_that_the_server_knows_is_passed_on(community):
    community.courses[42].members = [row(1), row(2, join_status="expired")]
    community.known_statuses.add("expired")

    assert listed(community, statuses("expired")) == [2]
    assert caveats(community, statuses("expired")) == []


@pytest.mark.parametrize("others", [(), ("joined",), ("joined", "invited")])
@pytest.mark.parametrize("word", ["expired", "join", "Joined"])
def test_a_word_that_the_server_refuses_is_named(community, others, word):
    assert caveats(community, statuses(word, *others)) == [
        f"course 42: the server does not take the status '{word}', so nobody with it can be listed"
    ]


def test_a_word_that_the_server_knows_is_not_lost_over_one_that_it_refuses(community):
    community.courses[42].members = EVERYBODY
    community.nulls_with_lists = False

    assert listed(community, statuses(SEEN, "joined", "expired")) == [3, 6]


def test_a_default_that_the_server_does_not_know_is_nothing_to_talk_about(community):
    community.known_statuses.remove(SEEN)

    assert caveats(community, Criteria()) == []


def test_the_form_that_the_server_took_is_kept_for_all_pages(community):
    community.list_forms = {"comma"}
    community.largest_page = 2
    listed(community)

    taken = {query["statuses"] for query in community.asked(PATH) if query["offset"] != "0"}
    assert taken == {"creator,manager,joined,invited,requested,payment_waiting"}


def test_a_server_that_refuses_every_form_has_the_last_word(community):
    community.misdeed_for_good = errors(400, "Not in this course.", field="statuses")

    with pytest.raises(ServerError, match=r"statuses: Not in this course\."):
        listed(community)
    assert len(community.pages(PATH)) == 4


def test_a_refusal_of_another_page_is_no_reason_to_begin_again(community):
    community.largest_page = 2
    community.misdeeds = [None, detail(400, "Invalid offset.")]

    with pytest.raises(ServerError, match="Invalid offset"):
        listed(community)
    assert [query["offset"] for query in community.pages(PATH)].count("0") == 1


def test_a_server_is_not_asked_to_search(community):
    """How it compares text is not known; whom it leaves out, nobody can bring back."""
    community.courses[42].members = [row(1, real_name="Łukasz"), row(2, real_name="łukasz")]

    assert listed(community, Criteria(search="łukasz")) == [1, 2]
    assert "search" not in community.asked(PATH)[-1]


def test_what_the_server_cannot_filter_is_not_asked_of_it(community):
    listed(community, Criteria(min_completion=10, never_active=True, limit=3))

    assert set(community.asked(PATH)[-1]) == {"ordering", "limit", "statuses", "offset"}


# How many there are


def total(community: Community, criteria: Criteria) -> int:
    source, reading = CourseMembers(42, Api(community.settings)), Reading()
    for _ in source.batches(reading, criteria):
        pass
    return source.total(reading)


def test_the_total_is_the_count_where_everybody_was_asked_for(community):
    assert total(community, Criteria(min_completion=100)) == 5
    assert [query["offset"] for query in community.pages(PATH)] == ["0"]


@pytest.mark.parametrize("criteria", [statuses("invited"), statuses("invited", "joined")])
def test_the_total_is_asked_for_where_only_a_part_was(community, criteria):
    community.courses[42].members[0]["join_status"] = "invited"
    community.list_forms = {"comma"}

    assert total(community, criteria) == 5
    assert community.asked(PATH)[-1]["limit"] == "1"


# The course's name


def test_the_name_of_the_course_is_asked_for_once(community):
    source = CourseMembers(42, Api(community.settings))

    assert [source.course_name, source.course_name] == ["Food Safety", "Food Safety"]
    assert [request.target for request in community.requests] == ["/api/v2/course/42/"]


def test_a_course_known_already_is_not_asked_for(community):
    course = {"id": 42, "name": "Known", "slug": "known"}

    assert CourseMembers(42, Api(community.settings), course).course_name == "Known"
    assert community.requests == []


def test_a_course_may_have_no_name(community):
    community.misdeeds = [answer({"id": 42})]

    assert CourseMembers(42, Api(community.settings)).course_name is None


def test_an_answer_that_is_no_course_leaves_the_name_unknown_and_says_so(community):
    community.misdeeds = [html(200, "Sign in")]
    source = CourseMembers(42, Api(community.settings))

    assert source.course_name is None
    assert source.warnings == [
        "course 42: its name is not known: /api/v2/course/42/: found 'Sign in', expected a course"
    ]


# Answers that are no pages


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (html(200, "Sign in"), f"{PATH}: found a web page (HTML) titled 'Sign in'"),
        (answer([row(1)]), f"{PATH}: not a page of members (it has no count, or no results)"),
        (
            answer({"results": [row(1)]}),
            f"{PATH}: not a page of members (it has no count, or no results)",
        ),
        (answer({"detail": "Try later."}), f"{PATH}: found an error of the server (Try later.)"),
        (answer({"count": 1}), f"{PATH}: found an object without results"),
        (answer({"count": "5", "results": []}), f'{PATH}: count: found "5", expected'),
        (answer({"count": -1, "results": []}), f"{PATH}: count: found -1, expected"),
        (answer(None), f"{PATH}: found 'null', expected a roster"),
    ],
    ids=[
        "web page",
        "list",
        "no count",
        "detail",
        "no results",
        "count in quotes",
        "negative count",
        "null",
    ],
)
@pytest.mark.parametrize("page", [0, 1])
def test_an_answer_that_is_no_page_of_members_is_invalid(community, reply, said, page):
    community.largest_page = 1
    community.misdeeds = [*[None] * page]
    community.misdeed_for_good = reply

    with pytest.raises(InvalidData) as caught:
        listed(community)

    where = f"{PATH}?offset=1" if page else PATH
    assert caught.value.message.startswith(said.replace(PATH, where))


@pytest.mark.parametrize("tail", [b"", b"}", b'{"id":', b"null]"])
def test_an_answer_that_is_not_json_to_its_end_is_invalid(community, tail):
    whole = answer({"count": 1, "results": [row(1)]})
    broken = type(whole)(200, whole.body.removesuffix(b"]}") + tail)
    community.misdeeds = [broken]

    with pytest.raises(InvalidData):
        listed(community)


def test_an_invalid_row_is_named_with_its_page(community):
    community.largest_page = 2
    community.courses[42].members[3]["user_completion_rate"] = 101

    with pytest.raises(InvalidData) as caught:
        listed(community)

    assert caught.value.message == f"{PATH}?offset=2: 1 invalid member"
    assert caught.value.hints[0] == (
        f"{PATH}?offset=2:1: row 2 (id 4): user_completion_rate: found 101,"
        " expected a number from 0 to 100, or null"
    )


@pytest.mark.parametrize(
    "body",
    [b'{"count": 1, "results": [', b"\xff\xfe{", b'{"count": 0, "results": [], "fetched_at": 1}'],
    ids=["cut off", "UTF-16", "not a moment"],
)
def test_what_to_do_about_an_answer_is_not_said_of_a_file(community, body):
    community.misdeed_for_good = Reply(200, body)

    with pytest.raises(InvalidData) as caught:
        listed(community)

    assert caught.value.hints == (
        "Check the community's URL; if it is right, the API has changed.",
    )


def test_an_invalid_row_of_a_server_is_for_its_owner(community):
    community.courses[42].members[3]["user_completion_rate"] = 101

    with pytest.raises(InvalidData) as caught:
        listed(community)

    assert caught.value.hints[-1] == (
        "Tell the owner of the server, or leave them out with --skip-invalid."
    )


def test_invalid_rows_that_are_left_out_leave_the_roster_complete(community):
    community.largest_page = 2
    community.courses[42].members[3]["user_completion_rate"] = 101
    del community.courses[42].members[4]["id"]

    assert listed(community, skip_invalid=True) == [1, 2, 3]


def test_a_page_that_breaks_off_once_is_asked_for_again(community):
    community.largest_page = 2
    community.misdeeds = [None, community.cut, community.cut]

    assert listed(community) == [1, 2, 3, 4, 5]


@pytest.mark.usefixtures("retries_at_once")
def test_the_roster_of_a_course_that_breaks_off_is_no_roster(community):
    community.largest_page = 2
    community.misdeeds = [None]
    community.misdeed_for_good = community.cut

    with pytest.raises(ServerError, match=r"users/\?offset=2: the answer broke off"):
        listed(community)


def test_everybody_is_shown_by_the_program(community):
    community.courses[42] = Course(42, EVERYBODY)
    community.largest_page = 2

    outcome = coursectl(
        "members", "42", "--csv", "-c", "id,join_status", environment=community.environment
    )

    assert outcome.code == ExitCode.OK
    assert outcome.text == (
        "id,join_status\n1,creator\n2,manager\n3,joined\n4,invited\n5,requested\n"
        "6,payment_waiting\n7,\n"
    )
    assert outcome.stderr == (
        "coursectl: course 42: join_status 'payment_waiting' is not one that the API documents;"
        " kept as it is\n"
    )


@pytest.mark.parametrize("wanted", [{"creator", "invited"}, {"requested", "invited"}])
def test_a_list_that_the_server_shows_not_to_have_read_is_written_the_other_way(community, wanted):
    community.courses[42] = Course(42, EVERYBODY)
    default = community.behave

    def reads_commas_only(request):
        text = request.query.get("statuses", "")
        return default(request.asking(statuses="")) if text.startswith("[") else None

    community.misdeed_for_good = reads_commas_only
    criteria = Criteria(statuses=frozenset(wanted))
    reading = Reading()
    source = CourseMembers(42, Api(community.settings))
    found = [m for batch in source.batches(reading, criteria) for m in batch]

    assert {member["join_status"] for member in found} - {None} == wanted
    assert source.caveats == []


def test_a_total_that_cannot_be_had_does_not_spoil_the_answer(community):
    source = CourseMembers(42, Api(community.settings))
    reading = Reading()
    for _ in source.batches(reading, statuses("joined")):
        pass
    community.misdeed_for_good = detail(404, "Not found.")
    community.spares_what_is_beside = False

    assert source.total(reading) is None
