"""A COURSE argument to a source."""

import pytest

from coursectl.errors import ExitCode, NotConfigured, NotFound, UsageError
from coursectl.roster.criteria import Criteria
from coursectl.roster.parsing import Reading
from coursectl.settings import Settings
from coursectl.sources.api.members import CourseMembers
from coursectl.sources.export import Export
from coursectl.sources.resolve import resolve
from tests.community import Community, Course
from tests.running import coursectl

COMMUNITY = Settings(url="https://community.example", token="t")
WITH_PORT = Settings(url="https://community.example:8443", token="t")


def nothing_set() -> Settings:
    raise AssertionError("nobody needs to know which community this is")


def names(courses: list[str], settings: Settings = COMMUNITY) -> list[str]:
    return [source.name for source in resolve(courses, lambda: settings)]


@pytest.mark.parametrize("course", ["42", "042", "0" * 16 + "42"])
def test_digits_are_a_course_id(course):
    [source] = resolve([course], lambda: COMMUNITY)

    assert isinstance(source, CourseMembers)
    assert source.name == "course 42"


@pytest.mark.parametrize(
    "url",
    [
        "https://community.example/course/42/food-safety/",
        "https://community.example/course/42/",
        "https://community.example/course/42",
        "https://community.example/en/course/42/food-safety/lesson/7/?tab=1#top",
        "https://community.example/api/v2/course/42/users/?limit=5",
        "https://community.example:443/course/42/",
        "http://community.example/course/42/",
        "http://community.example:80/course/42/",
        "HTTPS://Community.Example/course/42/",
    ],
)
def test_a_url_of_the_community_is_the_course_in_it(url):
    assert names([url]) == ["course 42"]


def test_a_port_belongs_to_the_host():
    assert names(["https://community.example:8443/course/42/"], WITH_PORT) == ["course 42"]


@pytest.mark.parametrize("configured", ["https://bücher.example", "https://xn--bcher-kva.example."])
@pytest.mark.parametrize("host", ["bücher.example", "XN--BCHER-KVA.EXAMPLE", "bücher.example.:443"])
def test_a_url_names_its_host_in_any_writing(configured, host):
    settings = Settings(url=configured, token="t")
    assert names([f"https://{host}/course/42/"], settings) == ["course 42"]


@pytest.mark.parametrize(
    ("url", "settings"),
    [
        ("https://elsewhere.example/course/42/", COMMUNITY),
        ("https://community.example.elsewhere.example/course/42/", COMMUNITY),
        ("https://elsewhere.example/https://community.example/course/42/", COMMUNITY),
        ("https://community.example:8443/course/42/", COMMUNITY),
        ("https://community.example/course/42/", WITH_PORT),
        ("https://community.example:444/course/42/", WITH_PORT),
        ("https://community.example:99999/course/42/", COMMUNITY),
        ("https://[community.example/course/42/", COMMUNITY),
        ("https:///course/42/", COMMUNITY),
    ],
)
def test_a_url_of_another_host_is_refused(url, settings):
    with pytest.raises(UsageError) as caught:
        names([url], settings)

    assert caught.value.message == (
        f"{url} is not in the configured community ({settings.url}); nothing was sent"
    )


@pytest.mark.parametrize("user", ["ann:s3cret", "community.example:s3cret"])
def test_a_refused_url_is_shown_without_its_password(user):
    with pytest.raises(UsageError) as caught:
        names([f"https://{user}@elsewhere.example/course/42/"])

    assert "elsewhere.example/course/42/ is not in the configured" in caught.value.message
    assert "s3cret" not in caught.value.message


def test_the_program_exits_2_for_a_url_of_another_host_and_sends_nothing(community):
    with Community(Course(42)).running() as elsewhere:
        url = f"{elsewhere.url}/course/42/food-safety/"
        outcome = coursectl("members", url, environment=community.environment)

        assert outcome.code == ExitCode.USAGE
        assert outcome.stdout == b""
        assert f"{url} is not in the configured community ({community.url})" in outcome.stderr
        assert elsewhere.connections == 0
        assert community.connections == 0


@pytest.mark.parametrize(
    "path", ["/", "/course/", "/course/food-safety/", "/course/42a/", "/courses/42/", "/?/course/4"]
)
def test_a_url_without_a_course_id_is_wrong_usage(path):
    url = f"https://community.example{path}"

    with pytest.raises(UsageError) as caught:
        names([url])

    assert caught.value.message == f"{url} holds no course id"
    assert caught.value.hints == ("It looks like https://community.example/course/42/...",)


def test_a_dash_is_an_export_on_stdin():
    [source] = resolve(["-"], nothing_set)

    assert isinstance(source, Export)
    assert source.name == "stdin"


def test_stdin_can_be_named_once():
    with pytest.raises(UsageError, match="stdin can be read once"):
        resolve(["-", "demo", "-"], nothing_set)


def test_demo_is_the_bundled_export():
    [source] = resolve(["demo"], nothing_set)

    reading = Reading()
    assert sum(map(len, source.batches(reading, Criteria()))) == 200
    assert reading.count == 200


@pytest.mark.parametrize("name", ["roster", "Food Safety", "roster.txt", "https", "42 a"])
def test_a_file_that_exists_is_an_export_whatever_its_name(name, tmp_path, monkeypatch):
    (tmp_path / name).write_text('[{"id": 1}]')
    monkeypatch.chdir(tmp_path)

    [source] = resolve([name], nothing_set)

    assert isinstance(source, Export)
    assert source.name == name


@pytest.mark.parametrize("suffix", ["json", "jsonl", "ndjson", "json.gz", "jsonl.gz", "ndjson.gz"])
@pytest.mark.parametrize("change", [str.lower, str.upper], ids=["lower", "upper"])
def test_a_name_that_ends_like_an_export_is_one_though_it_does_not_exist(suffix, change):
    [source] = resolve([change(f"roster.{suffix}")], nothing_set)

    assert isinstance(source, Export)
    with pytest.raises(NotFound, match="no such file"):
        list(source.batches(Reading(), Criteria()))


def test_a_course_id_is_no_file(tmp_path, monkeypatch):
    (tmp_path / "42").write_text("[]")
    monkeypatch.chdir(tmp_path)

    assert names(["42"]) == ["course 42"]


@pytest.mark.parametrize("course", ["food-safety", "Food Safety", "FOOD SAFETY"])
def test_anything_else_is_a_slug_or_a_name(course, community):
    assert names([course], community.settings) == ["course 42"]


def test_a_name_as_long_as_no_file_is_looked_up_all_the_same(community):
    with pytest.raises(NotFound, match="no course has the slug or name"):
        names(["x" * 5_000], community.settings)


def test_more_digits_than_an_id_has_are_no_course_and_nothing_is_asked():
    with pytest.raises(NotFound, match="no course has an id of 5000 digits"):
        resolve(["2" * 5_000], nothing_set)


@pytest.mark.parametrize("course", ["", " ", "\t"])
def test_an_empty_course_is_wrong_usage(course):
    with pytest.raises(UsageError, match="a COURSE is empty"):
        resolve([course], nothing_set)


def test_each_course_gives_its_source_in_turn(tmp_path):
    path = tmp_path / "roster.json"

    assert names(["demo", "7", str(path), "-", "42"]) == [
        "demo",
        "course 7",
        str(path),
        "stdin",
        "course 42",
    ]


@pytest.mark.parametrize("course", ["42", "https://community.example/course/42/", "food-safety"])
def test_a_course_of_a_community_needs_one_to_be_configured(course):
    with pytest.raises(NotConfigured):
        resolve([course], Settings.load)
