"""A course by its slug or exact name."""

import pytest

from coursectl.errors import InvalidData, NotFound, ServerError
from coursectl.sources.api.client import Api
from coursectl.sources.api.courses import find_course
from coursectl.sources.seen_courses import remember
from tests.community import Community, Course, answer, detail, errors, html

PATH = "/api/v2/course/search/"


def found(community: Community, wanted: str) -> str:
    return find_course(wanted, Api(community.settings)).name


@pytest.fixture(autouse=True)
def _courses(community):
    community.courses = {
        course.id: course
        for course in (
            Course(42, name="Food Safety", slug="food-safety"),
            Course(43, name="Food Safety for Cooks", slug="food-safety-for-cooks"),
            Course(44, name="Yoga", slug="yoga"),
            Course(45, name="Yoga", slug="yoga-2"),
            Course(46, name="Straße", slug="strasse"),
            Course(47, name="Knives", slug="sharp-knives", description="All of sharp knives."),
        )
    }


@pytest.mark.parametrize(
    ("wanted", "id_"),
    [
        ("Food Safety", 42),
        ("food safety", 42),
        ("food-safety", 42),
        ("FOOD-SAFETY", 42),
        ("food-safety-for-cooks", 43),
        ("yoga-2", 45),
        ("STRASSE", 46),
        ("sharp-knives", 47),
        ("knives", 47),
        ("STRÁSSE", 46),
        ("strasse", 46),
    ],
)
def test_a_course_is_found_by_its_slug_or_whole_name_whatever_the_case(community, wanted, id_):
    if wanted == "yoga-2":
        community.courses[45].description = "The second yoga-2."

    assert found(community, wanted) == f"course {id_}"


def test_the_search_is_asked_with_the_text_as_it_is_and_then_with_blanks(community):
    found(community, "food-safety")

    assert [query["search"] for query in community.asked(PATH)] == ["food-safety", "food safety"]


def test_the_second_search_is_saved_where_the_first_one_finds_the_course(community):
    found(community, "Food Safety")

    assert [query["search"] for query in community.asked(PATH)] == ["Food Safety"]


def test_a_part_of_a_name_is_not_enough_and_the_candidates_are_listed(community):
    with pytest.raises(NotFound) as caught:
        found(community, "food")

    assert caught.value.message == "no course has the slug or name 'food'"
    assert caught.value.hints == (
        "Candidates: 43 food-safety-for-cooks (Food Safety for Cooks),"
        " 42 food-safety (Food Safety)",
    )


def test_nothing_found_at_all_says_where_to_look(community):
    with pytest.raises(NotFound) as caught:
        found(community, "juggling")

    assert caught.value.message == "no course has the slug or name 'juggling'"
    assert caught.value.hints == (
        "Look at the course's web page: its address holds the id and the slug.",
    )


def test_several_courses_of_one_name_are_listed_for_the_person_to_choose(community):
    with pytest.raises(NotFound) as caught:
        found(community, "yoga")

    assert caught.value.message == "2 courses have the slug or name 'yoga': give the id"
    assert caught.value.hints == ("Candidates: 45 yoga-2 (Yoga), 44 yoga (Yoga)",)


def test_ten_candidates_are_listed_and_the_others_counted(community):
    community.courses = {id_: Course(id_, name=f"Yoga {id_}", slug=f"y{id_}") for id_ in range(13)}

    with pytest.raises(NotFound) as caught:
        found(community, "yoga")

    assert caught.value.hints[0].startswith("Candidates: 12 y12 (Yoga 12), 11 y11 (Yoga 11), ")
    assert caught.value.hints[0].endswith(", 3 y3 (Yoga 3), and 3 more")


def test_candidates_move_no_cursor(community):
    community.courses = {1: Course(1, name="Yoga \x1b[31m\n", slug="yo\x07ga")}

    with pytest.raises(NotFound) as caught:
        found(community, "yog")

    assert caught.value.hints == ("Candidates: 1 yoga (Yoga [31m )",)


def test_the_course_may_stand_on_any_page(community):
    community.largest_page = 1

    assert found(community, "Food Safety") == "course 42"
    assert [query["offset"] for query in community.asked(PATH)] == ["0", "1"]


def test_a_page_that_is_empty_too_early_ends_the_search(community):
    community.largest_page = 1
    community.misdeeds = [community.behave, community.edited(lambda page: page["results"].clear())]
    for course in community.courses.values():
        course.own_status = None

    with pytest.raises(NotFound):
        found(community, "food safety")

    assert len(community.asked(PATH)) == 2


def test_a_course_that_several_pages_repeat_is_one_course(community):
    community.largest_page = 1
    community.misdeed_for_good = community.first_page
    community.courses.pop(42)
    community.courses[41] = Course(41, name="Food Safety Law", slug="law")

    assert found(community, "Food Safety for Cooks") == "course 43"


def test_a_search_without_end_comes_to_one(community):
    def go_on(request):
        offset = int(request.query.get("offset", 0))
        return answer({"count": offset + 2, "results": [{"id": offset, "name": "Yoga"}]})

    community.misdeed_for_good = go_on
    with pytest.raises(InvalidData, match="the list has no end: 15 rows so far"):
        found(community, "yoga")


def test_the_name_is_known_already_and_not_asked_for_again(community):
    assert find_course("Food Safety", Api(community.settings)).course_name == "Food Safety"
    assert [request.path for request in community.requests] == [PATH]


@pytest.mark.parametrize("name", [None, ""])
def test_courses_without_a_name_or_a_slug_are_no_obstacle(community, name):
    community.misdeeds = [
        answer({"count": 2, "results": [{"id": 1, "name": name}, {"id": 2, "name": "Yoga"}]})
    ]

    assert found(community, "yoga") == "course 2"


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (html(200, "Sign in"), "'Sign in'"),
        (answer([]), "'[]'"),
        (answer({"results": []}), """'{"results": []}'"""),
        (answer({"count": 1, "results": [7]}), """'{"count": 1, "results": [7]}'"""),
        (answer({"detail": "Try later."}), "'Try later.'"),
    ],
    ids=["web page", "list", "no count", "no course", "detail"],
)
def test_an_answer_that_is_no_page_of_courses_is_invalid(community, reply, said):
    community.misdeeds = [reply]

    with pytest.raises(InvalidData) as caught:
        found(community, "yoga")

    assert caught.value.message == f"{PATH}: found {said}, expected a page of courses"


@pytest.mark.parametrize("refusal", [detail(404, "No such page."), detail(403, "Not for you.")])
def test_a_search_that_is_refused_is_not_the_only_way(community, refusal):
    community.misdeed_for_good = lambda request: refusal if request.path == PATH else None

    assert found(community, "Food Safety") == "course 42"


def test_a_search_that_is_not_there_is_not_found(community):
    community.misdeed_for_good = detail(404, "No such page.")

    with pytest.raises(NotFound, match="No such page"):
        found(community, "yoga")


def test_a_search_that_is_refused_tells_why(community):
    community.misdeed_for_good = errors(400, "Too short.", field="search")

    with pytest.raises(ServerError, match=r"search: Too short\."):
        found(community, "y")


# Beyond the search


@pytest.mark.parametrize("wanted", ["old-name", "OLD-NAME", "Old Name", "New Name", "new name"])
@pytest.mark.parametrize("role", ["creator", "manager"])
def test_a_course_that_was_renamed_is_found_among_ones_own(community, wanted, role):
    community.courses = {7: Course(7, name="New Name", slug="old-name", own_status=role)}

    assert found(community, wanted) == "course 7"


def test_a_name_to_the_letter_comes_before_one_that_is_alike(community):
    community.courses = {
        1: Course(1, name="Resume", slug="one"),
        2: Course(2, name="Résumé", slug="two"),
    }
    community.misdeed_for_good = lambda request: (
        answer({"count": 0, "results": []}) if request.path == PATH else None
    )

    assert found(community, "RE\u0301SUME\u0301") == "course 2"
    assert found(community, "resume") == "course 1"


def test_names_that_are_alike_are_for_the_person_to_choose(community):
    community.courses = {
        1: Course(1, name="Zoë", slug="one"),
        2: Course(2, name="Zöe", slug="two"),
    }

    with pytest.raises(NotFound, match="2 courses have the slug or name 'zoe'"):
        found(community, "zoe")


def test_a_slug_that_was_seen_before_is_asked_for_by_its_id(community):
    community.courses = {7: Course(7, name="New", slug="old-name", own_status=None)}
    remember([(7, "old-name")])

    assert found(community, "old-name") == "course 7"
    assert community.requests[-1].path == "/api/v2/course/7/"


def test_a_slug_seen_in_another_community_is_not_taken_for_this_one(community):
    community.courses = {7: Course(7, name="Yoga", slug="yoga", own_status=None)}
    remember([(7, "old-name"), (8, "old-name-2")])

    with pytest.raises(NotFound, match="no course has the slug or name 'old-name'"):
        found(community, "old-name")


def test_accents_alone_are_no_name(community):
    community.courses = {1: Course(1, name="Yoga", slug="")}

    with pytest.raises(NotFound):
        found(community, "\u0308")
