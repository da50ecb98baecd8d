import os
from pathlib import Path

import pytest

from coursectl.errors import InvalidData, NotFound, UsageError
from coursectl.sources import EXPORT_SUFFIXES
from coursectl.sources.folder import find_exports


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(*names: str) -> None:
    for name in names:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("[]")


def found(*arguments: str) -> list[str]:
    return [export.name for export in find_exports(arguments).exports]


def test_a_file_is_taken_whatever_its_name(folder):
    put("roster", "b.json")
    assert found("roster", "b.json") == ["roster", "b.json"]


def test_a_folder_gives_the_exports_below_it_by_name(folder):
    put("rosters/b.json", "rosters/a.json.gz", "rosters/2025/z.JSONL", "rosters/2024/y.ndjson")
    assert found("rosters") == [
        "rosters/a.json.gz",
        "rosters/b.json",
        "rosters/2024/y.ndjson",
        "rosters/2025/z.JSONL",
    ]


def test_a_folder_gives_all_that_ends_as_an_export_does_and_nothing_else(folder):
    put(*(f"rosters/a{suffix}" for suffix in EXPORT_SUFFIXES), "rosters/notes.txt", "rosters/json")
    assert found("rosters/") == sorted(f"rosters/a{suffix}" for suffix in EXPORT_SUFFIXES)


def test_what_is_hidden_in_a_folder_is_left_out_unless_it_is_named(folder):
    put("rosters/.coursectl-1.json", "rosters/.old/a.json", "rosters/a.json")
    assert found("rosters") == ["rosters/a.json"]
    assert found("rosters/.old", "rosters/.coursectl-1.json") == [
        "rosters/.old/a.json",
        "rosters/.coursectl-1.json",
    ]


def test_a_glob_is_expanded_through_folders_and_in_order(folder):
    put("rosters/b.json.gz", "rosters/2025/a.json.gz", "rosters/a.csv")
    assert found("rosters/**/*.json.gz") == ["rosters/2025/a.json.gz", "rosters/b.json.gz"]


def test_a_glob_that_meets_a_folder_gives_what_is_in_it(folder):
    put("rosters/2024/a.json", "rosters/2025/b.json", "rosters/2025/notes.txt")
    assert found("rosters/*") == ["rosters/2024/a.json", "rosters/2025/b.json"]


def test_a_file_with_a_star_or_a_bracket_in_its_name_is_itself(folder):
    put("rosters[1].json", "rosters1.json", "a*.json", "ab.json")
    assert found("rosters[1].json", "a*.json") == ["rosters[1].json", "a*.json"]


def test_a_file_that_is_named_repeatedly_counts_once(folder):
    put("rosters/a.json", "rosters/b.json")
    Path("rosters/c.json").symlink_to("a.json")
    again = ("rosters/b.json", "rosters", "./rosters/a.json", "rosters/*.json", "-", "demo", "-")
    assert found(*again, "demo") == ["rosters/b.json", "rosters/a.json", "stdin", "demo"]


@pytest.mark.parametrize("argument", ["missing.json", "42", "rosters/*.gz", "[", "x" * 5000])
def test_what_names_nothing_is_an_error_that_names_it(folder, argument):
    put("rosters/a.json")
    with pytest.raises(NotFound) as caught:
        find_exports(["rosters", argument])
    assert caught.value.message.startswith(argument[:59])
    assert "no such file or folder, and no glob that fits any" in caught.value.message


def test_a_folder_without_an_export_is_an_error_that_says_how_one_ends(folder):
    put("empty/notes.txt")
    with pytest.raises(NotFound) as caught:
        find_exports(["empty"])
    assert caught.value.message == "empty: no export in this folder"
    assert caught.value.hints == ("An export ends in " + ", ".join(EXPORT_SUFFIXES) + ".",)


@pytest.mark.parametrize("argument", ["", "  "])
def test_an_empty_argument_is_an_error_rather_than_everything(folder, argument):
    put("a.json")
    with pytest.raises(UsageError, match="an EXPORT is empty"):
        find_exports([argument])


def test_a_folder_without_an_export_among_others_is_told(folder):
    put("empty/notes.txt", "bare/notes.txt", "rosters/a.json")
    told = find_exports(["empty", "rosters", "[eb]*[ey]"])
    assert [export.name for export in told.exports] == ["rosters/a.json"]
    assert [each.message for each in told.empty] == [
        "empty: no export in this folder",
        "[eb]*[ey]: no export in these folders",
    ]


def test_a_folder_behind_a_link_is_in_a_folder_and_one_that_leads_back_ends(folder):
    put("2025/a.json", "rosters/2026/b.json")
    Path("rosters/2025").symlink_to("../2025")
    Path("rosters/2026/back").symlink_to("..")
    assert found("rosters") == ["rosters/2025/a.json", "rosters/2026/b.json"]


def test_a_folder_that_cannot_be_read_is_told_rather_than_a_hole(folder, monkeypatch):
    put("rosters/a.json", "rosters/2025/b.json")
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("2025"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    # Root, who may run this, may read every folder.
    monkeypatch.setattr(os, "scandir", refuse)
    told = find_exports(["rosters"])
    assert [export.name for export in told.exports] == ["rosters/a.json"]
    assert [each.message for each in told.unreadable] == [
        "rosters/2025: cannot be read: Permission denied"
    ]
    with pytest.raises(InvalidData, match="rosters/2025: cannot be read"):
        find_exports(["rosters/2025"])


def test_names_are_shown_safely(folder):
    put("rosters/\x1b[31mred.json")
    assert found("rosters") == ["rosters/[31mred.json"]


def test_a_working_folder_that_has_been_deleted_is_told(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(NotFound, match="the folder that you are in has been deleted"):
        find_exports(["."])
