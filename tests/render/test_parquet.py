import io
from datetime import UTC, datetime
from itertools import chain, repeat

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from coursectl import __version__
from coursectl.errors import InvalidData
from coursectl.render.columns import COLUMN_KEYS, MEMBER_COLUMNS
from coursectl.render.interface import Answer
from coursectl.render.parquet import GROUP, ParquetRenderer
from tests.render.answers import AS_OF, MEMBERS, answer, member, rendered

MOMENT = pa.timestamp("us", tz="UTC")


def written(shown: Answer) -> parquet.ParquetFile:
    return parquet.ParquetFile(io.BytesIO(rendered(ParquetRenderer(), shown)))


def rows(file: parquet.ParquetFile) -> list[dict]:
    return file.read().to_pylist()


@pytest.mark.slow
@pytest.mark.measured
@settings(max_examples=100)
@given(st.lists(MEMBERS, max_size=6), st.integers(1, 3))
def test_values_read_back_as_they_are(members, batch):
    shown = answer(*members, columns=",".join(COLUMN_KEYS), course="Food\n=Safety", batch=batch)
    assert rows(written(shown)) == [{"course": "Food\n=Safety"} | each for each in members]


def test_each_column_has_the_type_of_what_it_holds():
    schema = written(answer(columns=",".join(COLUMN_KEYS))).schema_arrow
    assert dict(zip(schema.names, schema.types, strict=True)) == {
        "course": pa.string(),
        "id": pa.int64(),
        "username": pa.string(),
        "real_name": pa.string(),
        "avatar": pa.string(),
        "join_status": pa.string(),
        "user_completion_rate": pa.float64(),
        "last_active_at": MOMENT,
        "joined_at": MOMENT,
    }
    assert schema.metadata[b"coursectl"] == __version__.encode()


def test_statuses_that_repeat_are_written_once():
    column = written(answer(member(1), member(2))).metadata.row_group(0).column(4)
    assert column.path_in_schema == "join_status"
    assert "RLE_DICTIONARY" in column.encodings


def test_columns_stand_in_the_order_asked_for():
    assert written(answer(member(), columns="joined_at,id")).schema_arrow.names == [
        "joined_at",
        "id",
    ]


def test_moments_that_are_still_text_become_moments():
    text = member(joined_at="2026-03-02T08:00:00Z", last_active_at="2999-12-31T23:59:59.999999Z")
    (row,) = rows(written(answer(text)))
    assert row["joined_at"] == datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert row["last_active_at"] == datetime(2999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)


def test_the_first_and_the_last_moment_there_are_can_be_held():
    ends = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    (row,) = rows(written(answer(member(joined_at=ends[0], last_active_at=ends[1]))))
    assert (row["joined_at"], row["last_active_at"]) == ends


def test_a_roster_of_nobody_is_a_file_with_its_columns():
    file = written(answer())
    assert (file.metadata.num_rows, file.schema_arrow.names) == (0, list(COLUMN_KEYS[1:]))


class Batches:
    """Batches of one and the same member, over and over."""

    def __init__(self, size: int) -> None:
        self.rows = [member()] * size
        self.shared = {"course": "Food Safety"}
        self.as_of = AS_OF


@pytest.mark.slow
@pytest.mark.parametrize("size", [1000, GROUP, 3 * GROUP])
def test_rows_go_into_groups_of_one_size_whatever_comes_together(size):
    number = 3 * GROUP + 1
    sizes = chain(repeat(size, number // size), [number % size])
    shown = Answer(MEMBER_COLUMNS[1:2], map(Batches, sizes), lambda: None)
    groups = written(shown).metadata
    assert [groups.row_group(i).num_rows for i in range(groups.num_row_groups)] == [
        *[GROUP] * 3,
        1,
    ]


def test_the_same_roster_gives_the_same_bytes():
    assert rendered(ParquetRenderer(), answer(member())) == rendered(
        ParquetRenderer(), answer(member())
    )


def test_what_failed_on_the_way_cannot_be_taken_for_whole():
    out = io.BytesIO()
    members = [member(id_) for id_ in range(GROUP + 1)]
    with pytest.raises(InvalidData):
        ParquetRenderer().render(answer(*members, error=InvalidData("torn", "mend it")), out)
    assert out.getvalue().startswith(b"PAR1")
    assert not out.getvalue().endswith(b"PAR1")


class Full:
    """A disk that takes no more."""

    def write(self, data: bytes, /) -> None:
        raise OSError(28, "No space left on device")


def test_a_full_disk_is_what_it_is():
    with pytest.raises(OSError, match="No space left on device"):
        ParquetRenderer().render(answer(member()), Full())


def test_duckdb_reads_the_types(tmp_path):
    file = tmp_path / "roster.parquet"
    file.write_bytes(rendered(ParquetRenderer(), answer(member(7, user_completion_rate=12.5))))
    told = duckdb.sql(f"DESCRIBE SELECT * FROM '{file}'").fetchall()
    assert [row[1] for row in told] == [
        "BIGINT",
        *["VARCHAR"] * 4,
        "DOUBLE",
        *["TIMESTAMP WITH TIME ZONE"] * 2,
    ]
    query = f"SELECT id, user_completion_rate, epoch_ms(joined_at), last_active_at FROM '{file}'"
    joined = datetime(2026, 3, 2, 8, tzinfo=UTC).timestamp() * 1000
    assert duckdb.sql(query).fetchall() == [(7, 12.5, joined, None)]
