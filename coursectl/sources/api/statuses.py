"""How to ask the API for members of some statuses, where its reference leaves it open.

Not documented: how a server answers a status that it does not know, and which of two ways of
writing a list it reads. So the first page is asked for in one form after the other, until an answer
shows that it was understood: nobody must be left out because a list was not.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from coursectl.printable import shortened
from coursectl.roster.glance import Glance, glance
from coursectl.roster.join_status import SEEN_STATUSES, JoinStatus
from coursectl.sources.api.client import Answer
from coursectl.sources.api.session import BadRequest

Get = Callable[[dict[str, str | int]], Answer]
"""Gets a page for a part of a query. Raises BadRequest, and others."""

_DOCUMENTED = tuple(status.value for status in JoinStatus)


@dataclass(frozen=True, slots=True)
class FirstPage:
    """A first page, and what it took to get it."""

    answer: Answer
    form: str
    """The `statuses` that all further pages have to be asked for with."""
    words: tuple[str, ...]
    """The statuses that the server looked for."""
    glance: Glance | None
    """None where what came is no page."""

    @property
    def is_answer(self) -> bool:
        """Whether the page shows that the server understood."""
        return len(self.words) == 1 or (self.count > 0 and self._is_filtered)

    @property
    def count(self) -> int:
        """How many members the server found."""
        return self.glance.count if self.glance else 0

    @property
    def _is_filtered(self) -> bool:
        return self.glance is None or self.glance.statuses <= {*self.words, None}

    def warnings(self, asked: frozenset[str | None] | None) -> Iterator[str]:
        """Say whom the roster may lack of those that were `asked` for; None is everybody."""
        if not self._is_filtered:
            yield "the server does not list by status as asked; others may be missing"
        if asked is not None and None in asked:
            yield (
                "the API cannot be asked for members without a status; only those that it sent"
                " all the same are listed"
            )
        for word in sorted(word for word in asked or () if word is not None):
            if word not in self.words:
                yield (
                    f"the server does not take the status {shortened(word)!r},"
                    " so nobody with it can be listed"
                )


def first_page(get: Get, statuses: frozenset[str | None] | None) -> FirstPage:
    """Get the first page of members with these statuses; None is everybody.

    Raises BadRequest when the server takes none of the forms, and what `get` raises.
    """
    best: FirstPage | None = None
    refusal: BadRequest | None = None
    for words in _attempts(get, _words(statuses)):
        for form in dict.fromkeys((_listed(words), ",".join(words))):
            try:
                answer = get({"statuses": form})
            except BadRequest as error:
                refusal = error
                continue
            page = FirstPage(answer, form, words, glance(answer.body))
            if page.glance is None or page.is_answer:
                return page
            if best is None or page.count > best.count:
                best = page
        if best is not None:
            return best
    assert refusal is not None  # noqa: S101 - there was an attempt, and it was refused
    raise refusal


def _words(statuses: frozenset[str | None] | None) -> tuple[str, ...]:
    """Give the words to ask for, documented ones first.

    The API has no word for members without a status, and its default leaves out the creator, the
    invited and the requested. So everybody, and those without a status, are asked for by every
    word that is known; the criteria are applied again to what comes.
    """
    words = {status for status in statuses or () if status is not None}
    if statuses is None or None in statuses:
        words |= {*_DOCUMENTED, *SEEN_STATUSES}
    documented = (word for word in _DOCUMENTED if word in words)
    return (*documented, *sorted(words.difference(_DOCUMENTED)))


def _attempts(get: Get, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Give the words to ask for: all, and if that is refused, those that are not refused."""
    yield words
    known = tuple(word for word in words if word in _DOCUMENTED)
    others = words[len(known) :]
    if others:
        taken = tuple(word for word in others if len(others) > 1 and _takes(get, word))
        yield known + taken or _DOCUMENTED


def _takes(get: Get, word: str) -> bool:
    try:
        get({"statuses": word, "limit": 1})
    except BadRequest:
        return False
    return True


def _listed(words: tuple[str, ...]) -> str:
    return words[0] if len(words) == 1 else json.dumps(words, separators=(",", ":"))
