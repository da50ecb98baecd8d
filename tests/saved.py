"""Exports that coursectl saved: those of the README's course, on days that a test names."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.readme import ROOT
from tests.running import coursectl

DEMO = json.loads((ROOT / "coursectl" / "sources" / "demo.json").read_text(encoding="utf-8"))


def as_of(day: str) -> dict[str, Any]:
    """The demo as far as it had come on a day, as if whoever went on had been active that day."""
    moment = f"{day}T06:00:00Z"
    members = []
    for member in DEMO["results"]:
        if member["joined_at"] is not None and _is_later(member["joined_at"], moment):
            continue
        last = member["last_active_at"]
        was = f"{day}T05:00:00Z" if last is not None and _is_later(last, moment) else last
        members.append(member | {"last_active_at": was})
    return DEMO | {"fetched_at": moment, "results": members, "count": len(members)}


def _is_later(one: str, other: str) -> bool:
    return datetime.fromisoformat(one) > datetime.fromisoformat(other)


def save_rosters(folder: Path, days: list[str]) -> Path:
    """Let coursectl export the demo of each day into `rosters`; give that folder."""
    for day in days:
        run = coursectl(
            "export",
            "-",
            "-q",
            "-o",
            "rosters/{course}-{date}.json.gz",
            stdin=json.dumps(as_of(day)).encode(),
            cwd=folder,
        )
        assert run.code == 0, run.stderr
    return folder / "rosters"
