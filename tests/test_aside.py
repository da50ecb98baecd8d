import io
import json
import subprocess
import sys
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursectl.aside import Aside, AsideRendered, Records
from coursectl.errors import UsageError
from coursectl.render.columns import COLUMN_KEYS, MEMBER_COLUMNS
from coursectl.render.csv import CsvRenderer
from coursectl.render.interface import Answer, Caption
from coursectl.render.json import JsonRenderer
from coursectl.roster.criteria import Batch, Criteria, Roster, Sort
from coursectl.roster.parsing import Reading
from tests.benchmarks import rosters as generated
from tests.benchmarks.rosters import Shape
from tests.plain import in_order
from tests.render.answers import member
from tests.roster.strategies import rosters
from tests.running import COURSECTL, clean_environment, coursectl

NOW = datetime(2026, 11, 23, tzinfo=UTC)
RENDERERS = [
    CsvRenderer(),
    CsvRenderer("\t", raw=True),
    CsvRenderer(excel=True),
    CsvRenderer(raw=True, excel=True),
    JsonRenderer(),
    JsonRenderer(lines=True),
]


def batches_of(*lists: list[dict]) -> list[Batch]:
    """A roster for each list, two members at a time."""
    batches = []
    for number, rows in enumerate(lists):
        roster = Roster(f"Course {number}", NOW)
        text = json.dumps(rows).encode()
        members = [member for few in Reading().document([text], "x") for member in few]
        batches += [Batch(roster, members[at : at + 2]) for at in range(0, len(members), 2)]
    return batches


def rendered(renderer: CsvRenderer | JsonRenderer, batches) -> bytes:
    out = io.BytesIO()
    renderer.render(Answer(MEMBER_COLUMNS, batches, lambda: Caption("", ())), out)
    return out.getvalue()


def reference(batches: list[Batch], sort: Sort, limit: int | None) -> list[Batch]:
    """Members in order, as the rule for all orders puts them, each in a batch."""
    rows = [(member, batch.roster) for batch in batches for member in batch.members]

    def value(row):
        return row[1].course if sort.column == "course" else row[0][sort.column]

    ordered = in_order(rows, value, id_=lambda row: row[0]["id"], descending=sort.descending)
    return [Batch(roster, [member]) for member, roster in ordered[:limit]]


@given(st.lists(st.binary(max_size=9), min_size=1, max_size=20), st.data())
def test_texts_are_given_by_where_they_stand(texts, data):
    starts = st.integers(0, len(texts) - 1)
    drawn = data.draw(st.lists(st.tuples(starts, st.integers(1, 20)), min_size=1, max_size=5))
    stretches = [(start, min(start + size, len(texts))) for start, size in drawn]
    records = Records()
    with closing(records):
        records.put([b"".join([b"-", *texts])], [1, *map(len, texts)])
        found = records.at([(start + 1, end + 1) for start, end in stretches])
        assert found == [b"".join(texts[start:end]) for start, end in stretches]


@given(
    st.lists(st.binary(min_size=1, max_size=9), max_size=10),
    st.lists(st.binary(min_size=1, max_size=9), min_size=1, max_size=10),
    st.data(),
)
def test_texts_of_two_files_are_numbered_through(here, behind, data):
    texts = here + behind
    drawn = data.draw(st.lists(st.tuples(*[st.integers(0, len(texts))] * 2), max_size=5))
    stretches = [(min(pair), max(pair)) for pair in drawn]
    records = Records()
    with closing(records):
        records.put([b"".join(here)], map(len, here))
        with tempfile.TemporaryFile() as file:
            others = Records(file)
            others.put([b"".join(behind), b"what is told"], map(len, behind))
            records.join(others)
        assert len(records) == len(texts)
        assert records.at(stretches) == [b"".join(texts[a:b]) for a, b in stretches]


@pytest.mark.slow
@settings(max_examples=200)
@given(
    st.lists(rosters(max_size=20), min_size=1, max_size=2),
    st.sampled_from(COLUMN_KEYS),
    st.booleans(),
    st.none() | st.integers(0, 15),
    st.integers(1, 9),
    st.sampled_from(RENDERERS),
)
def test_any_order_is_the_same_however_few_members_are_held(
    lists, column, descending, limit, holds, renderer
):
    batches = batches_of(*lists)
    sort = Sort(column, descending)
    expected = rendered(renderer, reference(batches, sort, limit))
    for shelf in (Aside(holds), AsideRendered(renderer, MEMBER_COLUMNS, holds)):
        with closing(shelf):
            found = Criteria(sort=sort, limit=limit).arrange(batches, shelf)
            assert rendered(renderer, found) == expected


@pytest.mark.slow
@settings(max_examples=100)
@given(
    rates=st.lists(st.sampled_from([None, 0, 12, 12.0, 12.5, 100]), min_size=100, max_size=300),
    odd=st.lists(st.integers(0, 100), max_size=30),
    shift=st.sampled_from([0, 0, 7]),
    descending=st.booleans(),
    limit=st.none() | st.integers(0, 300),
    holds=st.integers(10, 80),
)
def test_members_of_whom_many_share_a_value_are_in_the_same_order(
    rates, odd, shift, descending, limit, holds
):
    # With a shift, ids do not ascend; some runs may hold nothing but what is odd.
    ids = [*range(shift, len(rates + odd)), *range(shift)]
    batches = batches_of(
        [
            {"id": id_, "user_completion_rate": rate}
            for id_, rate in zip(ids, rates + odd, strict=True)
        ]
    )
    sort = Sort("user_completion_rate", descending)
    expected = rendered(CsvRenderer(), reference(batches, sort, limit))
    for shelf in (Aside(holds), AsideRendered(CsvRenderer(), MEMBER_COLUMNS, holds)):
        with closing(shelf):
            found = Criteria(sort=sort, limit=limit).arrange(batches, shelf)
            assert rendered(CsvRenderer(), found) == expected


@pytest.mark.parametrize("descending", [False, True])
def test_texts_of_which_one_begins_another_keep_their_order_across_runs(descending):
    names = ["", "a", "A", "a\0", "ab", "a\uffff", "a\U0010ffff", "ß", "SS", None, "\0", "é", "z"]
    batches = batches_of([{"id": at, "real_name": name} for at, name in enumerate(names * 3)])
    sort = Sort("real_name", descending)
    with closing(Aside(3)) as shelf:
        found = [
            row["id"] for batch in Criteria(sort=sort).arrange(batches, shelf) for row in batch.rows
        ]
    assert found == [batch.rows[0]["id"] for batch in reference(batches, sort, None)]


def test_the_same_course_twice_is_no_trouble():
    rows = [{"id": at, "user_completion_rate": at % 3} for at in range(10)]
    one, other = batches_of(rows), batches_of(rows)
    with closing(Aside(4)) as shelf:
        criteria = Criteria(sort=Sort("user_completion_rate"))
        found = [
            row["id"] for batch in criteria.arrange([*one, *other], shelf) for row in batch.rows
        ]
    assert found == sorted([*range(10), *range(10)], key=lambda id_: (id_ % 3, id_))


def test_a_folder_that_cannot_be_written_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    (batch,) = batches_of([{"id": 1}])
    with closing(Aside()) as shelf:
        shelf.put(batch)
        with pytest.raises(UsageError) as told:
            shelf.lay([0])
    assert told.value.message == (
        "a temporary file for members to be sorted cannot be written: No such file or directory"
    )
    assert str(tmp_path / "missing") in told.value.hints[0]


# Whole runs


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("large") / "large.json"
    generated.write(path, Shape.PAGE, 160_000)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("column", ["-user_completion_rate", "username", "-joined_at"])
def test_a_large_roster_is_sorted_and_nothing_is_left_behind(column, large, tmp_path):
    run = coursectl(
        *("members", large, "--json", "--sort", column), environment={"TMPDIR": str(tmp_path)}
    )
    assert (run.code, run.stderr) == (0, "")
    rows = json.loads(large.read_bytes())["results"]
    expected = in_order(
        rows,
        lambda row: row[column.lstrip("-")],
        id_=lambda row: row["id"],
        descending=column.startswith("-"),
    )
    assert json.loads(run.stdout) == expected
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="limits are Unix's")
@pytest.mark.parametrize("format_", ["csv", "json"])
def test_a_full_disk_is_told_and_nothing_is_written(format_, large, tmp_path):
    import resource

    run = subprocess.run(
        [*COURSECTL, "members", str(large), "-f", format_, "--sort", "username"],
        env=clean_environment(TMPDIR=str(tmp_path)),
        capture_output=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10_000_000, 10_000_000)),
        check=False,
    )
    assert (run.returncode, run.stdout) == (2, b"")
    assert run.stderr.decode() == (
        "coursectl: a temporary file for members to be sorted cannot be written: File too large\n"
        f"  Free some space in {tmp_path}, or name another folder in TMPDIR.\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_who_reads_the_first_line_only_leaves_nothing_behind(large, tmp_path):
    with subprocess.Popen(
        [*COURSECTL, "members", str(large), "--csv", "--sort", "username"],
        env=clean_environment(TMPDIR=str(tmp_path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as run:
        assert run.stdout
        assert run.stderr
        with closing(run.stdout):
            assert run.stdout.readline().startswith(b"id,username")
        assert run.stderr.read() == b""
    assert run.returncode == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_roster_that_is_not_whole_gives_nothing_sorted(large, tmp_path):
    path = tmp_path / "cut.json"
    path.write_bytes(large.read_bytes().replace(b'"count":160000', b'"count":160001'))
    folder = tmp_path / "folder"
    folder.mkdir()
    run = coursectl(
        *("members", path, "--csv", "--sort", "username"), environment={"TMPDIR": str(folder)}
    )
    assert (run.code, run.stdout) == (7, b"")
    assert list(folder.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("limit", [None, 20, 2_000])
@pytest.mark.parametrize("is_rendered", [True, False])
def test_few_members_of_long_texts_are_laid_aside_too(limit, is_rendered):
    sort = Sort("id", descending=True)
    members = [member(id_, avatar="x" * 60_000) for id_ in range(1, 1_001)]
    roster = Roster("x", datetime(2026, 1, 2, tzinfo=UTC))
    batches = [Batch(roster, members[at : at + 10]) for at in range(0, len(members), 10)]
    shelf = AsideRendered(CsvRenderer(), MEMBER_COLUMNS) if is_rendered else Aside()
    given = []
    for batch in Criteria(sort=sort, limit=limit).arrange(batches, shelf):
        text = rendered(CsvRenderer(), [batch])
        assert len(text) < 20_000_000
        given += [int(line.partition(b",")[2].partition(b",")[0]) for line in text.splitlines()[1:]]
    assert given == list(range(1_000, 0, -1))[:limit]
    shelf.close()
