"""What stands behind the members of an export may be supposed, and is the same as what is read."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursectl.errors import CoursectlError
from coursectl.gather import Gathering, StartOver
from coursectl.roster.criteria import Criteria
from coursectl.roster.summary import Summary
from coursectl.second_process import GatheringInHalves
from coursectl.sources.export import Export
from coursectl.survey import summarise

NOW = datetime(2026, 11, 23, tzinfo=UTC)
MEMBERS = [
    {"id": 1, "join_status": "joined", "last_active_at": "2026-11-01T00:00:00Z"},
    {"id": 2, "join_status": "joined", "user_completion_rate": 5, "tags": [{"a": [1]}]},
]
FETCHED = {"fetched_at": "2026-11-20T06:00:00Z"}
COURSE = {"course": {"id": 42, "name": "Safety", "slug": None, "tags": ["a", "]", "],"]}}


def page(front: dict, behind: dict, members: list = MEMBERS, separators=(",", ":")) -> str:
    return json.dumps({**front, "results": members, **behind}, separators=separators)


EXPORTS = {
    "told in front": page(FETCHED | COURSE, {}),
    "told behind": page({}, FETCHED | COURSE),
    "told behind, with blanks": page({}, FETCHED | COURSE, separators=(" , ", " : ")) + " \n",
    "some behind": page(COURSE, FETCHED),
    "another time behind": page({"fetched_at": "2020-01-01T00:00:00Z"}, FETCHED),
    "nothing told": page({"count": 2}, {"next": None}),
    "a list behind": page({}, FETCHED | {"notes": ["x", {"fetched_at": "no"}]}),
    "two pages": page(FETCHED, {"count": 2}, MEMBERS[:1]) + page({}, FETCHED, MEMBERS[1:]),
    "a list of pages": f"[{page({}, FETCHED)}]",
    "lines": "\n".join(map(json.dumps, MEMBERS)),
    "nobody": page({}, FETCHED, []),
    "long behind": page({}, FETCHED | {"notes": "x" * 100_000}),
    "many brackets behind": page({}, FETCHED | {"notes": [[]] * 100}),
}
MISLEADING = {
    "a member behind the page": page({}, {})
    + '\n{"id":9,"tags":[],"fetched_at":"2001-01-01T00:00:00Z"}',
    "a page of nobody": page({}, {})
    + '\n{"course":{"name":"x"},"id":9,"tags":[],"course":{"id":7,"name":"Not this"}}',
}
BROKEN = {
    "two rosters": page(FETCHED, {}, MEMBERS[:1])
    + page({"fetched_at": "2019-01-01T00:00:00Z"}, {}, MEMBERS[1:]),
    "a member behind an export": page({}, FETCHED) + '\n{"id":9,"tags":[]}',
    "a bad time behind": page({}, {"fetched_at": "yesterday"}),
    "cut off": page({}, FETCHED)[:-3],
    "marked behind": page({}, FETCHED | {"pseudonyms": "k"}),
    "too few": page({}, FETCHED | {"count": 3}),
    "a bad row": page({}, FETCHED, [*MEMBERS, {"id": "x"}]),
}


def summed_up(path: Path, *, supposes: bool, kind=Gathering) -> Summary | tuple[str, ...]:
    gathering = kind(
        [Export(path, "saved.json")], Criteria(), now=NOW, tells_provenance=True, supposes=supposes
    )
    try:
        return summarise(gathering, Criteria())
    except CoursectlError as error:
        return (error.message, *error.hints)


@pytest.mark.slow
@pytest.mark.measured
@pytest.mark.parametrize("name", EXPORTS | MISLEADING | BROKEN)
@pytest.mark.parametrize("is_zipped", [False, True])
def test_a_summary_is_the_same_whether_anything_was_supposed(name, is_zipped, tmp_path):
    text = (EXPORTS | MISLEADING | BROKEN)[name].encode()
    path = tmp_path / "saved.json"
    path.write_bytes(gzip.compress(text) if is_zipped else text)
    expected = summed_up(path, supposes=False)
    assert summed_up(path, supposes=True) == expected
    assert isinstance(expected, Summary) == (name not in BROKEN)


@pytest.mark.slow
@settings(max_examples=300)
@given(
    front=st.fixed_dictionaries({}, optional={"fetched_at": st.sampled_from([None, "2026-01-01"])}),
    behind=st.dictionaries(
        st.sampled_from(["fetched_at", "course", "notes", "results", "a]"]),
        st.sampled_from(["2026-02-01T00:00:00Z", {"name": "]}"}, [], [[{}], "],"], None, {}]),
    ),
    last=st.sampled_from([{"id": 3}, {"id": 3, "x": []}, {"id": 3, "x": [], "fetched_at": "]"}]),
    end=st.sampled_from(
        ["", " ", "\n", "]", "}", ",", '{"id":4,"x":[],"fetched_at":"2020-01-01"}']
    ),
)
def test_whatever_is_told_behind_the_members(front, behind, last, end, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "told.json"
    path.write_text(page(front, behind, [*MEMBERS, last]) + end)
    assert summed_up(path, supposes=True) == summed_up(path, supposes=False)


def reads(path: Path) -> int:
    """How often a summary reads an export to its end."""
    export = Export(path, "saved.json")
    honest, times = export.blocks, []

    def blocks():
        times.append(1)
        return honest()

    export.blocks = blocks
    gathering = Gathering([export], Criteria(), now=NOW, tells_provenance=True, supposes=True)
    summarise(gathering, Criteria())
    return len(times)


def test_an_export_is_read_once_and_once_more_only_where_its_end_misled(tmp_path):
    path = tmp_path / "saved.json"
    for name, text in (EXPORTS | MISLEADING).items():
        path.write_text(text)
        found = reads(path)
        if name in MISLEADING or name == "many brackets behind":
            assert found == 3, name  # in vain, to look through it, and again
        elif name in ("a list of pages", "long behind"):
            assert found == 2, name
        else:
            assert found == 1, name


def test_who_cannot_start_over_is_told_so(tmp_path):
    path = tmp_path / "saved.json"
    path.write_text(MISLEADING["a member behind the page"])
    gathering = Gathering(
        [Export(path, "x")], Criteria(), now=NOW, tells_provenance=True, supposes=True
    )
    with pytest.raises(StartOver):
        list(gathering.batches())
    assert sum(map(len, gathering.batches())) == 3
    assert gathering.shown == 3
    assert [roster.as_of for roster in gathering.rosters] == [NOW]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("behind", "end"),
    [
        ({}, ""),
        (FETCHED | COURSE, ""),
        *(({}, text[len(page({}, {})) :]) for text in MISLEADING.values()),
    ],
)
def test_two_processes_count_as_one_does(behind, end, tmp_path):
    rows = [
        {
            "id": at,
            "join_status": ("joined", "manager", None)[at % 3],
            "user_completion_rate": at % 101,
            "last_active_at": f"2026-{at % 11 + 1:02}-01T00:00:00Z" if at % 5 else None,
            "joined_at": f"2025-{at % 12 + 1:02}-01T00:00:00Z",
        }
        for at in range(20_000)
    ]
    path = tmp_path / "saved.json"
    path.write_text(page({}, behind, rows) + end)
    expected = summed_up(path, supposes=False)
    assert isinstance(expected, Summary)
    assert summed_up(path, supposes=True) == expected
    assert _in_halves(path, end) == expected


def _in_halves(path: Path, end: str) -> Summary:
    from coursectl.roster.summary import USUAL, Tallied

    gathering = GatheringInHalves(
        [Export(path, "saved.json")],
        Criteria(),
        now=NOW,
        tells_provenance=True,
        supposes=True,
        counting=USUAL,
    )
    honest, kinds = gathering.batches, set()

    def batches():
        for batch in honest():
            kinds.add(type(batch))
            yield batch

    gathering.batches = batches
    found = summarise(gathering, Criteria())
    assert (Tallied in kinds) == (not end)
    return found
