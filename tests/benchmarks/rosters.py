"""Exports of any size, the same for the same seed, written without being held.

Their members are what a community's are: mostly joined, some nulls and fractions, names in several
scripts, and one name in a thousand that CSV must quote.
"""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from random import Random

SEED = 20261123

_DAYS = 720


class Shape(StrEnum):
    """How an export may be saved."""

    PAGE = "page"
    """One page object that holds everyone."""
    NDJSON = "ndjson"


def write(path: Path, shape: Shape, members: int, seed: int = SEED) -> None:
    """Write an export of `members` members; the file is there when it is complete."""
    rows = _rows(members, seed)
    unfinished = path.with_name(f"{path.name}.part")
    with unfinished.open("w", encoding="utf-8", buffering=2**20) as file:
        match shape:
            case Shape.PAGE:
                file.write(f'{{"count":{members},"next":null,"previous":null,"results":[')
                file.writelines(_separated(rows))
                file.write("]}")
            case Shape.NDJSON:
                file.writelines(f"{row}\n" for row in rows)
    unfinished.replace(path)


def _separated(rows: Iterator[str]) -> Iterator[str]:
    yield next(rows, "")
    for row in rows:
        yield f",{row}"


_FIRST = [
    "Amelia",
    "Noah",
    "Sofia",
    "Luca",
    "Emma",
    "Mateo",
    "Chloé",
    "Jonas",
    "Zoë",
    "Søren",
    "Ingrid",
    "Łukasz",
    "Tomáš",
    "Ştefan",
    "Ioana",
    "Anaïs",
    "Björn",
    "Siobhán",
    "Niamh",
    "Priya",
    "Arjun",
    "Fatima",
    "Omar",
    "Leila",
    "Yusuf",
    "Aiko",
    "Minh",
    "Linh",
    "Grace",
    "Samuel",
    "Olivia",
]
_LAST = [
    "Rossi",
    "Müller",
    "García",
    "O'Brien",
    "Nowak",
    "Dupont",
    "Lefèvre",
    "Andersson",
    "Hansen",
    "Silva",
    "Costa",
    "Popescu",
    "Yılmaz",
    "Novák",
    "Nagy",
    "Patel",
    "Sharma",
    "Haddad",
    "Nguyen",
    "Okafor",
    "Mensah",
    "Dlamini",
    "Tanaka",
    "Fischer",
    "López",
    "Smith",
    "Jones",
]
_ELSEWHERE = (
    "李雷",
    "佐藤 さくら",
    "김민준",
    "Мария Иванова",
    "Ελένη Παπαδοπούλου",
    "محمد الأحمد",
    "प्रिया शर्मा",
    "สมชาย ใจดี",
    "Ana 🌻 Souza",
    "DJ 🎧 Max",
)
_QUOTED = ("Rossi, Emma", 'Samuel "Sam" Jones')

_STATUSES = (
    *['"joined"'] * 164,
    *['"invited"'] * 17,
    *['"requested"'] * 11,
    *['"manager"'] * 4,
    *["null"] * 4,
)
_INSIDE = {'"creator"', '"manager"', '"joined"'}
_FRACTIONS = ("12.5", "33.3", "66.7")


def _names(random: Random) -> tuple[str, ...]:
    """Give 10,000 names as JSON, as common as they are in a roster."""
    names = [f"{first} {last}" for first in _FIRST for last in _LAST]
    common = random.choices(names, k=8_590) + random.choices(_ELSEWHERE, k=1_000)
    return tuple(
        json.dumps(name, ensure_ascii=False)
        for name in (*common, *random.choices(_QUOTED, k=10), *[None] * 400)
    )


def _rows(members: int, seed: int) -> Iterator[str]:
    """Yield members as JSON, oldest first, in the API's order of fields and without blanks."""
    source = Random(seed)
    names = _names(source)
    first = date(2024, 12, 1)
    days = [f"{first + timedelta(days=day)}T" for day in range(_DAYS + 2)]
    times = [f"{hour:02}:{minute:02}:" for hour in range(24) for minute in range(60)]
    seconds = [f"{second:02}Z" for second in range(60)]
    random = source.random

    def moment(day: int) -> str:
        return f'"{days[day]}{times[int(random() * 1440)]}{seconds[int(random() * 60)]}"'

    id_ = 1_000
    for number in range(members):
        id_ += 1 + int(random() * 37)
        status = _STATUSES[int(random() * 200)] if number else '"creator"'
        avatar = (
            f'"https://community.example/media/avatars/{id_}.png"' if random() < 0.6 else "null"
        )
        rate, joined, active = "0", "null", "null"
        if status in _INSIDE:
            day = number * _DAYS // members
            joined = moment(day)
            chance = random()
            if chance < 0.22:
                rate = "100"
            elif chance < 0.86:
                rate = str(3 + int(random() * 95))
            elif chance < 0.87:
                rate = _FRACTIONS[int(random() * 3)]
            elif chance < 0.89:
                rate = "null"
            if rate not in ("0", "null"):
                active = moment(day + 1 + int(random() * (_DAYS - day)))
        yield (
            f'{{"id":{id_},"username":"member_{id_}",'
            f'"real_name":{names[int(random() * 10_000)]},"avatar":{avatar},'
            f'"join_status":{status},"user_completion_rate":{rate},'
            f'"last_active_at":{active},"joined_at":{joined}}}'
        )
