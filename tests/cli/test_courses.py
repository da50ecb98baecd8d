"""`coursectl courses`: what the account may report on."""

import csv
import io
import json
import re
import threading

import pytest

from coursectl.errors import ExitCode
from tests.community import ONLOOKER, Community, Course, answer, detail, html
from tests.running import Outcome, clean_environment, coursectl
from tests.test_terminal import on_terminal

PATH = "/api/v2/course/"


@pytest.fixture(autouse=True)
def _courses(community: Community):
    community.courses = {
        course.id: course
        for course in (
            Course(42, name="Food Safety", slug="food-safety", own_status="manager"),
            Course(7, name="yoga", slug="yoga", own_status="creator", privacy="", type="scheduled"),
            Course(9, name="Zumba", slug="zumba", own_status="joined"),
            Course(8, name="Archery", slug="bows", own_status="creator", created_at=None),
        )
    }


def run(community: Community, *arguments: str, **variables: str) -> Outcome:
    return coursectl("courses", *arguments, environment=community.environment | variables)


def rows(community: Community, *arguments: str) -> list[dict]:
    done = run(community, *arguments, "--json")
    assert (done.code, done.stderr) == (0, "")
    return json.loads(done.stdout)


def ids(community: Community, *arguments: str) -> list[int]:
    return [row["id"] for row in rows(community, *arguments)]


@pytest.mark.slow
@pytest.mark.measured
def test_a_course_has_seven_fields_under_the_names_of_the_api(community):
    assert rows(community)[0:2] == [
        {
            "id": 8,
            "name": "Archery",
            "slug": "bows",
            "type": "self-paced",
            "privacy": "open",
            "role": "creator",
            "created_at": None,
        },
        {
            "id": 42,
            "name": "Food Safety",
            "slug": "food-safety",
            "type": "self-paced",
            "privacy": "open",
            "role": "manager",
            "created_at": "2026-01-05T09:00:00Z",
        },
    ]
    assert list(rows(community)[0]) == [
        "id", "name", "slug", "type", "privacy", "role", "created_at"
    ]  # fmt: skip


def test_courses_come_by_name_whatever_the_case_and_nameless_ones_last(community):
    community.courses[5] = Course(5, name="Food Safety", slug="food-safety-2")
    community.courses[1] = Course(1, fields={"name": None})
    assert ids(community) == [8, 5, 42, 7, 1]


def test_each_status_is_asked_for_alone_which_is_the_documented_form(community):
    ids(community)
    assert [query["statuses"] for query in community.asked(PATH)] == ["creator", "manager"]
    assert {request.method for request in community.requests} == {"GET"}


@pytest.mark.slow
@pytest.mark.parametrize("heeds", [True, False])
@pytest.mark.parametrize("tells", [True, False])
def test_the_role_is_the_same_however_the_server_lets_it_be_known(community, heeds, tells):
    community.filters_courses, community.lists_own_status = heeds, tells
    assert {row["id"]: row["role"] for row in rows(community)} == {
        7: "creator", 8: "creator", 42: "manager"
    }  # fmt: skip
    asked = [request.path for request in community.requests if request.path.endswith("/status/")]
    assert len(asked) == (0 if heeds or tells else 4)


def test_a_status_of_null_says_nothing_about_the_role(community):
    for course in community.courses.values():
        course.fields["join_status"] = None
    assert {row["id"]: row["role"] for row in rows(community)} == {
        7: "creator", 8: "creator", 42: "manager"
    }  # fmt: skip


def test_words_that_the_api_does_not_document_are_kept(community):
    community.courses[42].type, community.courses[42].privacy = "cohort", "by-invitation"
    (row,) = rows(community, "--search", "food")
    assert (row["type"], row["privacy"]) == ("cohort", "by-invitation")


def test_fields_that_the_server_leaves_out_are_null(community):
    def bare(page):
        page["results"] = [{"id": row["id"]} for row in page["results"]]

    community.misdeed_for_good = community.edited(bare)
    assert rows(community)[0] == {
        "id": 7, "name": None, "slug": None, "type": None, "privacy": None, "role": "creator",
        "created_at": None,
    }  # fmt: skip


def test_courses_of_every_page_are_listed(community):
    community.courses = {id_: Course(id_, name=f"{id_:03}") for id_ in range(1, 251)}
    community.largest_page = 30
    assert ids(community) == list(range(1, 251))


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("text", "found"),
    [("FOOD", [42]), ("bow", [8]), ("a", [8, 42, 7]), ("x", []), ("", [8, 42, 7])],
)
def test_the_search_is_in_names_and_slugs_whatever_the_case(community, text, found):
    assert ids(community, "--search", text) == found


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("sort", "found"),
    [("id", [7, 8, 42]), ("-id", [42, 8, 7]), ("role", [7, 8, 42]), ("-created_at", [7, 42, 8])],
)
def test_courses_are_sorted_by_any_column_with_nulls_last(community, sort, found):
    assert ids(community, "--sort", sort) == found


@pytest.mark.slow
@pytest.mark.measured
def test_a_limit_counts_in_the_order_that_is_shown(community):
    assert ids(community, "-n", "1", "--sort", "-id") == [42]
    assert ids(community, "-n", "0") == []


def test_columns_come_in_the_order_in_which_they_are_named(community):
    assert run(community, "--csv", "-c", "role,id").text == (
        "role,id\ncreator,8\nmanager,42\ncreator,7\n"
    )


@pytest.mark.slow
def test_a_draft_is_empty_for_machines_and_a_word_for_people(community):
    assert rows(community, "--search", "yoga")[0]["privacy"] == ""
    assert run(community, "--csv", "-c", "privacy").text == 'privacy\nopen\nopen\n""\n'
    assert run(community, "-f", "plain", "-c", "privacy").text == "Privacy\nopen\nopen\ndraft\n"
    assert "draft" in run(community, "-f", "markdown").text
    assert "draft" in run(community, "-f", "table").text


@pytest.mark.slow
@pytest.mark.no_cover
def test_every_format_shows_the_same_courses(community):
    for name in ("csv", "tsv"):
        lines = run(community, "-f", name).text.splitlines()
        assert [line.replace("\t", ",").split(",")[0] for line in lines] == ["id", "8", "42", "7"]
    lines = run(community, "-f", "jsonl").text.splitlines()
    assert [json.loads(line) for line in lines] == rows(community)
    assert run(community).text.splitlines() == [
        "ID  Name         Slug         Type        Privacy  Role     Created",
        " 8  Archery      bows         self-paced  open     creator  -",
        "42  Food Safety  food-safety  self-paced  open     manager  2026-01-05T09:00:00Z",
        " 7  yoga         yoga         scheduled   draft    creator  2026-01-05T09:00:00Z",
    ]


@pytest.mark.slow
@pytest.mark.no_cover
def test_what_whoever_made_a_course_wrote_is_defused_in_every_format(community):
    hostile = "=1+1\x1b[2J\n\u202eevil|[/bad]"
    community.courses = {
        1: Course(1, name=hostile, slug=hostile, type=hostile, privacy=hostile),
    }
    for name in ("table", "plain", "markdown"):
        text = run(community, "-f", name).text
        assert not {"\x1b", "\u202e", "\r"} & set(text)
        assert "evil" in text
        assert "1+1[2J evil|[/bad]" in text.replace("\\", "")
    for name in ("csv", "tsv"):
        text = run(community, "-f", name).text
        records = list(csv.reader(io.StringIO(text), delimiter="," if name == "csv" else "\t"))
        assert records[1][1:5] == ["'=1+1[2J evil|[/bad]"] * 4
    done = run(community, "--json")
    assert not {b"\x1b", "\u202e".encode()} & {done.stdout[at : at + 3] for at in range(9999)}
    assert json.loads(done.stdout)[0]["name"] == hostile
    assert hostile in run(community, "--csv", "--raw").text


@pytest.mark.slow
@pytest.mark.measured
def test_a_file_is_written_and_that_is_said(community, tmp_path):
    file = tmp_path / "courses.csv"
    done = run(community, "-o", str(file))
    assert (done.code, done.stdout) == (0, b"")
    assert done.stderr == f"coursectl: {file}: 3 courses written\n"
    assert file.read_text().startswith("id,name,slug,type,privacy,role,created_at\n8,Archery,")
    assert run(community, "-q", "-o", str(file)).stderr == ""


def test_no_course_is_no_failure(community):
    done = run(community, "--json", COURSECTL_TOKEN=ONLOOKER)
    assert (done.code, done.text, done.stderr) == (0, "[]\n", "")


# What can be wrong


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sort", "size"], "--sort: no column 'size' to sort by"),
        (["-c", "real_name"], "no column 'real_name'"),
        (["--json", "--excel"], "--excel goes with csv and tsv, not json"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_asked(community, arguments, message):
    done = run(community, *arguments)
    assert done.code == ExitCode.USAGE
    assert done.stderr.startswith(f"coursectl: {message}")
    assert community.requests == []


def test_a_list_that_is_not_whole_is_no_list(community):
    def lie(page):
        page["count"] = 9

    community.misdeed_for_good = community.edited(lie)
    done = run(community, "--json")
    assert (done.code, done.stdout) == (ExitCode.INCOMPLETE_ROSTER, b"")
    assert done.stderr.startswith(
        "coursectl: the list of courses is not whole: as creator, expected 9 courses, received 2\n"
    )


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize("also", [(), (900,)], ids=["", "another created"])
@pytest.mark.parametrize("moment", range(2, 7))
def test_a_course_that_goes_while_the_list_is_fetched_takes_no_other_with_it(
    community, moment, also
):
    community.courses = {id_: Course(id_) for id_ in range(1, 45)}
    community.largest_page = 10

    def change(_request):
        community.courses.pop(1)
        community.courses |= {id_: Course(id_) for id_ in also}

    community.misdeeds = [None] * moment + [change]
    assert sorted(ids(community)) == [*range(2, 45), *also]


def test_a_list_that_never_stands_still_is_no_list(community):
    community.courses = {id_: Course(id_) for id_ in range(1, 45)}
    community.largest_page = 10
    changing = threading.Lock()

    def change(request):
        with changing:
            community.courses.pop(min(community.courses))
            new = max(community.courses) + 1
            community.courses[new] = Course(new)
            return community.behave(request)

    community.misdeed_for_good = change
    done = run(community, "--json")
    assert (done.code, done.stdout) == (ExitCode.INCOMPLETE_ROSTER, b"")
    assert re.match(
        r"coursectl: the list of courses is not whole: as manager, expected 44 courses,"
        r" received \d\d; it kept changing \(fetched 6 times\)\n",
        done.stderr,
    )


def test_one_page_is_of_one_moment_and_fetched_once(community):
    community.courses = {id_: Course(id_) for id_ in range(1, 101)}
    assert len(ids(community)) == 100
    assert len(community.asked(PATH)) == 2


@pytest.mark.slow
@pytest.mark.parametrize("most", [1, 4])
def test_pages_are_fetched_several_at_once_as_many_as_allowed(community, most):
    community.courses = {id_: Course(id_) for id_ in range(1, 200)}
    community.largest_page = 10
    community.latency = 0.02
    assert len(ids(community, "--concurrency", str(most))) == 199
    assert community.most_under_way == most


def test_roles_are_asked_for_several_at_once(community):
    community.courses = {id_: Course(id_) for id_ in range(1, 40)}
    community.filters_courses = community.lists_own_status = False
    community.latency = 0.02
    assert len(ids(community, "--concurrency", "4")) == 39
    assert community.most_under_way == 4


def test_a_server_that_grants_fewer_rows_later_gives_them_all(community):
    community.courses = {id_: Course(id_) for id_ in range(1, 96)}
    community.largest_page = 20

    def grant_fewer(request):
        asked = int(request.query["limit"])
        return community.behave(request.asking(limit=min(asked, 7)))

    community.misdeeds = [None, None]
    community.misdeed_for_good = grant_fewer
    assert ids(community) == list(range(1, 96))


@pytest.mark.slow
@pytest.mark.parametrize("at_first", [25, 1000])
def test_a_list_without_end_comes_to_one(community, at_first):
    def go_on(request):
        if request.query["statuses"] == "creator":
            return answer({"count": 0, "results": []})
        offset = int(request.query.get("offset", 0))
        rows = [{"id": offset + place} for place in range(10)]
        return answer({"count": at_first + offset, "results": rows})

    community.misdeed_for_good = go_on
    done = run(community, "--json")
    assert (done.code, done.stdout) == (ExitCode.INVALID_DATA, b"")
    assert done.stderr.startswith(f"coursectl: {PATH}?offset=")
    assert f"the list has no end: {at_first * 2 + 110:,} rows so far" in done.stderr
    assert f"it said at first that there are {at_first:,}\n" in done.stderr


def test_a_server_that_sends_the_same_page_for_good_comes_to_an_end(community):
    community.courses = {id_: Course(id_) for id_ in range(1, 50)}
    community.largest_page = 10
    community.misdeed_for_good = community.first_page
    assert run(community).code == ExitCode.INCOMPLETE_ROSTER


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"created_at": "yesterday"}, 'created_at: found "yesterday", expected an ISO 8601'),
        ({"created_at": 1767600000}, "created_at: found 1767600000, expected an ISO 8601"),
        ({"id": "42"}, 'id: found "42", expected a whole number, 0 or more'),
        ({"name": ["a"]}, "name: found a list, expected text, or null"),
    ],
)
def test_a_row_that_is_not_valid_is_told_with_its_field(community, fields, problem):
    community.courses[42].fields = fields
    done = run(community, "--json")
    assert (done.code, done.stdout) == (ExitCode.INVALID_DATA, b"")
    assert done.stderr.startswith(f"coursectl: {PATH}: row 1: {problem}")
    assert done.stderr.count("\n") == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (answer([]), ExitCode.INVALID_DATA),
        (html(200, "Log in"), ExitCode.INVALID_DATA),
        (detail(403, "No."), ExitCode.ACCESS_DENIED),
        (detail(404, "Not found."), ExitCode.NOT_FOUND),
    ],
)
def test_an_answer_that_is_no_list_is_told(community, reply, code):
    community.misdeed_for_good = reply
    done = run(community)
    assert (done.code, done.stdout) == (code, b"")
    assert done.stderr.startswith("coursectl: ")


def test_with_nothing_configured_that_is_said():
    done = coursectl("courses")
    assert done.code == ExitCode.ACCESS_DENIED
    assert done.stderr.startswith("coursectl: no community to ask")


# On a terminal


@pytest.fixture
def crowd(community):
    community.courses = {
        42: Course(42, name="Food Safety Essentials", slug="food-safety-essentials"),
        1204: Course(
            1204,
            name="Hygiene for the whole of the kitchen, from the floor to the ceiling",
            slug="hygiene-for-the-whole-of-the-kitchen",
            privacy="",
            own_status="creator",
            type="structured",
        ),
    }
    return community


def test_on_80_columns_the_slug_folds_away_first(crowd):
    shown = on_terminal("courses", width=80, **crowd.environment)
    assert shown.lines == [
        crowd.url,
        "2 courses",
        "",
        "  ID  Name                              Type        Privacy  Role     Created",
        "────  ────────────────────────────────  ──────────  ───────  ───────  ──────────",
        "  42  Food Safety Essentials            self-paced  open     manager  2026-01-05",
        "1204  Hygiene for the whole of the ki…  structured  draft    creator  2026-01-05",
        "",
        "Not shown at this width: Slug (see --columns)",
    ]
    assert shown.colour_of("creator") == "magenta"
    assert shown.colour_of("manager") == "blue"


def test_the_id_and_the_name_never_fold_away(crowd):
    shown = on_terminal("courses", width=24, **crowd.environment)
    assert shown.lines[3].split() == ["ID", "Name"]
    assert max(map(len, shown.lines)) <= 24


def test_on_200_columns_nothing_folds(crowd):
    shown = on_terminal("courses", "--search", "e", "-n", "1", width=200, **crowd.environment)
    assert shown.lines[:2] == [crowd.url, '1 of 2 courses · search "e" · first 1']
    header, _, row = shown.lines[3:]
    assert header.split() == ["ID", "Name", "Slug", "Type", "Privacy", "Role", "Created"]
    assert re.split("  +", row) == [
        "42", "Food Safety Essentials", "food-safety-essentials", "self-paced", "open", "manager",
        "2026-01-05",
    ]  # fmt: skip


def test_no_course_is_a_title_and_no_header(crowd):
    shown = on_terminal("courses", "--search", "juggling", **crowd.environment)
    assert shown.lines == [crowd.url, '0 of 2 courses · search "juggling"']
    assert "COURSECTL_URL" not in clean_environment()
