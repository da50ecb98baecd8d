"""A course on loopback whose pages take their time: `python -m tests.benchmarks.latent N MS`.

Prints its URL, and answers until stdin ends. Pages are made before the first request, so that what
is measured is the client.
"""

import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.community import Community, Course, Reply, Request, answer, row

PAGE = 100
_START = datetime(2020, 1, 1, tzinfo=UTC)


class Latent(Community):
    """Course 42: whichever page is asked for, each after the same time. All of it have joined."""

    def __init__(self, rows: list[dict[str, Any]], latency: float) -> None:
        super().__init__(Course(42, rows))
        self.latency = latency
        self._rows = rows
        self._pages: dict[int, Reply] = {}

    def behave(self, request: Request) -> Reply:
        statuses = request.query.get("statuses", "joined")  # a peer asks for none
        if not request.path.endswith("/users/") or "joined" not in statuses:
            return super().behave(request)
        offset = int(request.query.get("offset", 0))
        if offset not in self._pages:
            end = offset + PAGE
            more = f"{self.url}{request.path}?ordering=joined_at&limit={PAGE}&offset={end}"
            self._pages[offset] = answer(
                {
                    "count": len(self._rows),
                    "next": more if end < len(self._rows) else None,
                    "previous": None,
                    "results": self._rows[offset:end],
                }
            )
        return self._pages[offset]


def main() -> None:
    members, milliseconds = map(int, sys.argv[1:])
    rows = [
        row(id_, joined_at=f"{_START + timedelta(minutes=id_):%Y-%m-%dT%H:%M:%SZ}")
        for id_ in range(members)
    ]
    with Latent(rows, milliseconds / 1000).running() as community:
        print(community.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
