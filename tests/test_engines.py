"""Exports and Parquet files are data that other engines read: DuckDB, and Spark by PySpark."""

import gzip
import io
import json
import math
import os
import shutil
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coursectl.cli.trend import _Reading
from coursectl.gather import Tolerance
from coursectl.roster.criteria import Criteria
from coursectl.roster.trend import trend_of
from coursectl.sources.folder import find_exports
from coursectl.streams import Talk
from tests.missing import missing
from tests.readme import blocks
from tests.roster.strategies import members
from tests.running import coursectl
from tests.saved import as_of, save_rosters

# What writes these files has tests of its own; here other engines read them.
pytestmark = [pytest.mark.no_cover, pytest.mark.slow]

FIGURES = ("course_id", "fetched_at", "members", "counted", "mean", "active_30", "completed")
IN_DUCKDB = (
    "STRUCT(id BIGINT, join_status VARCHAR, user_completion_rate DOUBLE,"
    " last_active_at TIMESTAMPTZ)[]"
)
IN_SPARK = (
    "ARRAY<STRUCT<id: BIGINT, join_status: STRING, user_completion_rate: DOUBLE,"
    " last_active_at: TIMESTAMP>>"
)
TREND = """
SELECT course_id, fetched_at,
       count(member.id) AS members,
       count(CASE WHEN joined THEN 1 END) AS counted,
       avg(CASE WHEN joined THEN member.user_completion_rate END) AS mean,
       count(CASE WHEN joined AND member.last_active_at >= fetched_at - INTERVAL 720 HOURS
                  THEN 1 END) AS active_30,
       count(CASE WHEN joined AND member.user_completion_rate = 100 THEN 1 END) AS completed
FROM (
    SELECT course.id AS course_id, fetched_at, member, member.join_status = 'joined' AS joined
    FROM {exports}
)
GROUP BY course_id, fetched_at ORDER BY course_id, fetched_at
"""

Row = tuple[object, ...]


def same(one: list[Row], other: list[Row]) -> None:
    """Two engines agree; a mean to the last bits, which depend on the order of adding."""
    assert len(one) == len(other)
    for mine, yours in zip(one, other, strict=True):
        *mine, mean = (*mine[:4], *mine[5:], mine[4])
        *yours, other_mean = (*yours[:4], *yours[5:], yours[4])
        assert mine == yours
        if mean is None or other_mean is None:
            assert mean is other_mean
        else:
            assert math.isclose(mean, other_mean, rel_tol=1e-12, abs_tol=1e-12)


def by_coursectl(folder: Path) -> list[Row]:
    run = coursectl("trend", folder, "--json", "--strict")
    assert run.code == 0, run.stderr
    rows = sorted(json.loads(run.stdout), key=lambda row: (row["course_id"], row["fetched_at"]))
    return [tuple(row[name] for name in FIGURES) for row in rows]


def by_duckdb(folder: Path) -> list[Row]:
    exports = f"""
        read_json({[str(path) for path in sorted(folder.iterdir())]}, columns = {{
            course: 'STRUCT(id BIGINT)', fetched_at: 'TIMESTAMPTZ', results: '{IN_DUCKDB}'
        }}) LEFT JOIN unnest(results) AS each(member) ON true
    """
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        moment = "strftime(fetched_at, '%Y-%m-%dT%H:%M:%SZ')"
        trend = TREND.format(exports=exports)
        query = f"SELECT * REPLACE ({moment} AS fetched_at) FROM ({trend}) ORDER BY 1, 2"
        return connection.execute(query).fetchall()


def put(path: Path, day: str, course_id: int, *results: dict) -> None:
    text = json.dumps(
        {
            "community": "https://community.example",
            "course": {"id": course_id, "name": f"Course {course_id}"},
            "fetched_at": day,
            "count": len(results),
            "results": results,
        }
    ).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)


def member(id_: int, rate: float | None, last: str | None, status: str | None = "joined") -> dict:
    return {
        "id": id_,
        "join_status": status,
        "user_completion_rate": rate,
        "last_active_at": last,
    }


@pytest.fixture(scope="module")
def hard(tmp_path_factory) -> Path:
    """Exports of two courses with all that figures may trip over."""
    folder = tmp_path_factory.mktemp("hard")
    put(folder / "empty.json", "2026-01-01T00:00:00Z", 1)
    put(
        folder / "leap.json.gz",
        "2024-03-30T06:00:00Z",
        1,
        member(1, 33.3, "2024-02-29T06:00:00Z"),
        member(2, 100, "2024-02-29T05:59:59Z"),
        member(3, 99.99, "2024-02-29T08:00:00+02:00"),
        member(4, 100, None),
    )
    put(
        folder / "summer-time.json",
        "2026-04-10T08:00:00+02:00",
        1,
        member(1, 0, "2026-03-11T07:00:00+01:00"),
        member(2, 12.5, "2026-03-11T06:59:59+01:00"),
        member(3, None, "2026-04-11T00:00:00Z"),
    )
    put(
        folder / "statuses.json",
        "2026-04-10T06:00:00Z",
        2,
        *(
            member(id_, 100, "2026-04-09T06:00:00Z", status)
            for id_, status in enumerate(
                ("creator", "manager", "joined", "invited", "requested", None, "new", "JOINED")
            )
        ),
    )
    put(folder / "nulls.json.gz", "2026-05-10T06:00:00Z", 2, member(1, None, None))
    return folder


@pytest.fixture(scope="module")
def rosters(tmp_path_factory) -> Path:
    return save_rosters(tmp_path_factory.mktemp("saved"), ["2026-05-01", "2026-07-01"])


def test_duckdb_computes_the_numbers_of_trend(hard, rosters):
    for folder in (hard, rosters):
        same(by_coursectl(folder), by_duckdb(folder))


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(
            st.integers(1, 3),
            st.sampled_from(["2026-03-31T02:00:00+02:00", "2024-03-30T00:00:00Z"]),
            st.lists(members(), max_size=8, unique_by=lambda row: row["id"]),
        ),
        min_size=1,
        max_size=4,
        unique_by=lambda export: export[:2],
    )
)
def test_duckdb_computes_the_numbers_of_trend_for_whatever_exports(made):
    with TemporaryDirectory() as name:
        folder = Path(name)
        for number, (course_id, day, rows) in enumerate(made):
            put(folder / f"{number}.json", day, course_id, *rows)
        reading = _Reading(Criteria(), Tolerance())
        for export in find_exports([name]).exports:
            reading.read(export, Talk(quiet=True))
        assert not reading.broken
        points = [point for each in trend_of(reading.points).series for point in each.points]
        ours = sorted(
            (p.course_id, f"{p.fetched_at:%Y-%m-%dT%H:%M:%SZ}", *p.figures) for p in points
        )
        same(ours, by_duckdb(folder))


# Spark


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    """Spark in local mode, on loopback, in a Java that ends with it."""
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        missing("java", "apt-get install default-jre-headless")
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        session = (
            SparkSession.builder.master("local[1]")
            .config("spark.ui.enabled", "false")
            .config("spark.ui.showConsoleProgress", "false")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.memory", "512m")
            .config("spark.sql.shuffle.partitions", "1")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.local.dir", str(tmp_path_factory.mktemp("spark")))
            .config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("warehouse")))
            .getOrCreate()
        )
        session.sparkContext.setLogLevel("ERROR")
        gateway = session.sparkContext._gateway
        yield session
        session.stop()
        gateway.shutdown()
        gateway.proc.stdin.close()
        gateway.proc.wait(timeout=30)
        SparkContext._gateway = SparkContext._jvm = None


def by_spark(spark, folder: Path) -> list[Row]:
    spark.read.json(
        str(folder),
        multiLine=True,
        schema=f"course STRUCT<id: BIGINT>, fetched_at TIMESTAMP, results {IN_SPARK}",
    ).createOrReplaceTempView("exports")
    exports = "exports LATERAL VIEW OUTER explode(results) AS member"
    found = spark.sql(TREND.format(exports=exports)).selectExpr(
        "course_id", "date_format(fetched_at, \"yyyy-MM-dd'T'HH:mm:ss'Z'\")", *FIGURES[2:]
    )
    return [tuple(row) for row in found.collect()]


def test_spark_computes_the_numbers_of_trend(spark, hard, rosters):
    for folder in (hard, rosters):
        same(by_coursectl(folder), by_spark(spark, folder))


def test_the_recipe_for_spark_prints_what_stands_below_it(spark, tmp_path):
    (recipe,) = blocks("python", "Spark")
    (printed,) = blocks("text", "Spark")
    days = [line.split("|")[2] for line in printed.splitlines() if "|20" in line]
    folder = save_rosters(tmp_path, days)
    here = recipe.replace('"rosters/"', repr(str(folder)))
    assert here != recipe
    out = io.StringIO()
    with redirect_stdout(out):
        exec(here, {})
    assert out.getvalue().strip() == printed.strip()


# Parquet


@pytest.fixture(scope="module")
def data_set(tmp_path_factory) -> Path:
    """Rosters in folders that say which course and which day."""
    root = tmp_path_factory.mktemp("data") / "rosters"
    for course in (42, 57):
        for day in ("2026-05-01", "2026-07-01"):
            folder = root / f"course={course}" / f"date={day}"
            folder.mkdir(parents=True)
            export = json.dumps(as_of(day)).encode()
            run = coursectl("members", "-", "-q", "-o", folder / "roster.parquet", stdin=export)
            assert run.code == 0, run.stderr
    return root


def test_duckdb_reads_many_rosters_as_one_typed_table(data_set):
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        table = f"read_parquet('{data_set}/**/*.parquet', hive_partitioning = true)"
        types = connection.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()
        assert {name: type_ for name, type_, *_ in types} == {
            "id": "BIGINT",
            "username": "VARCHAR",
            "real_name": "VARCHAR",
            "avatar": "VARCHAR",
            "join_status": "VARCHAR",
            "user_completion_rate": "DOUBLE",
            "last_active_at": "TIMESTAMP WITH TIME ZONE",
            "joined_at": "TIMESTAMP WITH TIME ZONE",
            "course": "BIGINT",
            "date": "DATE",
        }
        counts = connection.execute(
            f"SELECT course, date::VARCHAR, count(*) FROM {table} GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    assert counts == [
        (course, day, as_of(day)["count"])
        for course in (42, 57)
        for day in ("2026-05-01", "2026-07-01")
    ]


def test_spark_reads_many_rosters_as_one_typed_table(spark, data_set):
    from pyspark.sql.functions import expr

    table = spark.read.parquet(str(data_set))
    assert dict(table.dtypes) == {
        "id": "bigint",
        "username": "string",
        "real_name": "string",
        "avatar": "string",
        "join_status": "string",
        "user_completion_rate": "double",
        "last_active_at": "timestamp",
        "joined_at": "timestamp",
        "course": "int",
        "date": "date",
    }
    july = table.where("course = 57 AND date = DATE '2026-07-01'")
    expected = as_of("2026-07-01")["results"]
    moment = "date_format(last_active_at, \"yyyy-MM-dd'T'HH:mm:ss'Z'\")"
    rows = july.select("id", "real_name", "user_completion_rate", expr(moment)).collect()
    fields = ("id", "real_name", "user_completion_rate", "last_active_at")
    assert [tuple(row) for row in rows] == [tuple(row[name] for name in fields) for row in expected]
    assert table.count() == 2 * sum(as_of(day)["count"] for day in ("2026-05-01", "2026-07-01"))
