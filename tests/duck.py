"""What DuckDB makes of an export: the figures of a summary, computed another way."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

Figures = dict[str, Any]

_MEMBERS = """
CREATE TABLE members AS SELECT unnest(results, recursive := true) FROM read_json($1, columns = {
    results: 'STRUCT(id BIGINT, join_status VARCHAR, user_completion_rate DOUBLE,
                     last_active_at TIMESTAMPTZ, joined_at TIMESTAMPTZ)[]'
})
"""
_FIGURES = """
SELECT count(*) AS counted,
       count(user_completion_rate) AS members,
       count(*) FILTER (user_completion_rate IS NULL) AS without_rate,
       avg(user_completion_rate) AS mean,
       quantile_cont(user_completion_rate, 0.25) AS lower_quartile,
       median(user_completion_rate) AS median,
       quantile_cont(user_completion_rate, 0.75) AS upper_quartile,
       count(*) FILTER (user_completion_rate = 0) AS at_0,
       count(*) FILTER (user_completion_rate = 100) AS at_100,
       count(*) FILTER (last_active_at >= $as_of - INTERVAL 168 HOURS) AS active_7,
       count(*) FILTER (last_active_at >= $as_of - INTERVAL 720 HOURS) AS active_30,
       count(*) FILTER (last_active_at >= $as_of - INTERVAL 2160 HOURS) AS active_90,
       count(*) FILTER (last_active_at < $as_of - INTERVAL 2160 HOURS) AS longer_ago,
       count(*) FILTER (last_active_at IS NULL) AS never,
       count(*) FILTER (user_completion_rate >= 90 AND user_completion_rate < 100)
           AS from_90_under_100
FROM counted
"""
_BANDS = """
SELECT count(*) FILTER (last_active_at >= $as_of - INTERVAL 168 HOURS AND known),
       count(*) FILTER (last_active_at >= $as_of - INTERVAL 720 HOURS
                        AND last_active_at < $as_of - INTERVAL 168 HOURS),
       count(*) FILTER (last_active_at >= $as_of - INTERVAL 2160 HOURS
                        AND last_active_at < $as_of - INTERVAL 720 HOURS),
       count(*) FILTER (last_active_at < $as_of - INTERVAL 2160 HOURS),
       count(*) FILTER (last_active_at IS NULL),
       count(*) FILTER (last_active_at IS NOT NULL AND NOT known)
FROM (SELECT *, NOT $in_hindsight OR last_active_at <= $as_of AS known FROM counted)
WHERE $all OR user_completion_rate < 100
"""
_TENTHS = """
SELECT count(user_completion_rate)
FROM range(0, 100, 10) AS tenths(start) LEFT JOIN counted
    ON user_completion_rate >= start
    AND (user_completion_rate < start + 10 OR (start = 90 AND user_completion_rate = 100))
GROUP BY start ORDER BY start
"""
_JOINS = """
SELECT date_trunc('week', joined_at AT TIME ZONE 'UTC')::DATE AS week, count(*)
FROM counted WHERE joined_at IS NOT NULL GROUP BY week ORDER BY week
"""
_NUDGED = """
SELECT id, CASE WHEN user_completion_rate >= 80 THEN 'nearly_done'
                WHEN last_active_at IS NULL THEN 'never_began'
                ELSE 'stalled' END AS kind
FROM members
WHERE join_status = 'joined' AND user_completion_rate < 100
    AND coalesce(joined_at, last_active_at) <= $as_of - $silent
    AND (last_active_at IS NULL OR last_active_at < $as_of - $silent)
ORDER BY coalesce(last_active_at, joined_at), id
"""


def figures(
    export: Path,
    as_of: datetime,
    *,
    statuses: tuple[str | None, ...] = ("joined",),
    silent: timedelta = timedelta(days=30),
    in_hindsight: bool = False,
) -> Figures:
    """The figures of an export that is one page object, counting the members with `statuses`.

    `as_of` is the moment that ages are measured from, and who joined at least `silent` before it
    and was inactive for so long needs a nudge. `in_hindsight`, who joined after that moment is not
    there.
    """
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(_MEMBERS, [str(export)])
        if in_hindsight:
            connection.execute("DELETE FROM members WHERE joined_at > $1", [as_of])
        wanted = "CREATE TABLE wanted AS SELECT unnest($1::VARCHAR[]) AS status"
        connection.execute(wanted, [list(statuses)])
        connection.execute(
            "CREATE TABLE counted AS SELECT members.* FROM members"
            " JOIN wanted ON join_status IS NOT DISTINCT FROM status"
        )

        def rows(query: str, **values: object) -> list[tuple[Any, ...]]:
            return connection.execute(query, values or None).fetchall()

        (values,) = rows(_FIGURES, as_of=as_of)
        names = [column[0] for column in connection.description or ()]
        one: Figures = dict(zip(names, values, strict=True))
        joins: list[tuple[date, int]] = rows(_JOINS)
        nudged = rows(_NUDGED, as_of=as_of, silent=silent)
        kinds = [kind for _, kind in nudged]
        for name, all_ in (("bands", True), ("not_done", False)):
            (one[name],) = rows(_BANDS, as_of=as_of, in_hindsight=in_hindsight, all=all_)
        return one | {
            "by_status": dict(rows("SELECT join_status, count(*) FROM members GROUP BY ALL")),
            "tenths": tuple(number for (number,) in rows(_TENTHS)),
            "joins": dict(joins),
            "nudged": [id_ for id_, _ in nudged],
            "kinds": {
                kind: kinds.count(kind) for kind in ("never_began", "stalled", "nearly_done")
            },
        }
