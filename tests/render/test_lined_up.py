"""Texts in columns, however many rows there are and however wide they be."""

import tracemalloc

import pytest

from coursectl.render.lined_up import lined_up


def lines(*rows, markdown=False, aligned=("right", "left", "left")):
    some = [[list(row)] for row in rows]
    return list(lined_up(some, ["ID", "Name", "X"], aligned, markdown=markdown))


def test_columns_line_up_by_the_cells_that_they_take():
    assert lines(("1", "佐藤", "a"), ("20", "Zoe\u0301", "b")) == [
        "ID  Name  X\n",
        " 1  佐藤  a\n",
        "20  Zoe\u0301   b\n",
    ]


def test_a_table_in_markdown_says_how_its_columns_are_aligned():
    assert lines(("1", " Ann ", ""), markdown=True) == [
        "| ID | Name | X |\n",
        "|---:|:-----|:--|\n",
        "|  1 | Ann  |   |\n",
    ]


def test_a_table_without_rows_is_a_header():
    assert lines() == ["ID  Name  X\n"]
    assert lines(markdown=True) == ["| ID | Name | X |\n", "|----|------|---|\n"]


def test_a_text_of_more_than_a_thousand_cells_makes_no_other_row_as_wide():
    _, wide, narrow = lines(("1", "w" * 5_000, "a"), ("2", "n", "b"))
    assert wide == f" 1  {'w' * 5_000}  a\n"
    assert narrow == f" 2  n{' ' * 999}  b\n"


@pytest.mark.parametrize("markdown", [True, False])
def test_rows_wait_in_a_file_for_the_width_of_the_last_one(markdown):
    rows = ([[str(each), "a name of some length" * 10, ""]] * 500 for each in range(40))
    tracemalloc.start()
    try:
        number = sum(
            1 for _ in lined_up(rows, ["ID", "Name", "X"], ["right"] * 3, markdown=markdown)
        )
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert number == 20_001 + markdown
    assert peak < 5_000_000
