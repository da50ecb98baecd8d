"""When a request is sent again, and after how long: urllib3's `Retry` at the run's own pace."""

import logging
from contextlib import suppress
from time import monotonic
from typing import Any, Self

from urllib3.exceptions import HTTPError, InvalidHeader
from urllib3.response import BaseHTTPResponse

from coursectl.redaction import redacted_bytes
from coursectl.roster.error_body import LONGEST, message_in
from coursectl.sources.api.failures import UsefulRetry, failure_of
from coursectl.sources.api.pace import Turn

RETRIED_STATUSES = (429, 500, 502, 503, 504)

_log = logging.getLogger("coursectl")

_TIMES = 5
"""Times that a request is sent again."""

_RATE_LIMITS = 25
"""Times that it is sent again because the server said when it may be."""

_LEAST_WAIT = 1.0
"""Seconds to wait after a rate limit that names no time."""

_LEAST_NAMED_WAIT = 0.25
"""Seconds to wait after the first rate limit that names less; then twice as long each time."""

_GLANCE = 8 * 1024
"""Bytes of an answer that are read at once."""

_PATIENCE = 1.0
"""Seconds for what such an answer says."""


class Retries(UsefulRetry):
    """The retries of one request: exponential backoff with jitter, or what the server names.

    Waiting is the `turn`'s: after a rate limit everybody waits. Raises OutOfTime.
    """

    url: str
    """The community's."""
    turn: Turn
    rate_limits: int
    """How often the server has named a time to wait until."""
    quotes: bool
    """Whether what the server says is told."""

    @classmethod
    def within(cls, url: str, turn: Turn, *, quotes: bool) -> Self:
        """Give the retries of a request that has its turn."""
        retries = cls(
            total=_TIMES,
            status_forcelist=RETRIED_STATUSES,
            allowed_methods=("GET",),
            backoff_factor=0.3,
            backoff_jitter=0.25,
            backoff_max=30,
            raise_on_status=False,
            redirect=False,
        )
        retries.url, retries.turn, retries.rate_limits = url, turn, 0
        retries.quotes = quotes
        return retries

    def new(self, **changes: Any) -> Self:
        """Give a copy, for the next try."""
        retries = super().new(**changes)
        retries.turn, retries.rate_limits = self.turn, self.rate_limits
        retries.quotes, retries.url = self.quotes, self.url
        return retries

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        *others: Any,
        **more: Any,
    ) -> Self:
        """Count a try. Raises MaxRetryError when it was the last, and what was wrong with it."""
        retries = super().increment(method, url, response, *others, **more)
        # Not before: an answer that is the last belongs to whoever asked.
        last = retries.history[-1]
        if response is not None:
            self.turn.failure = self._told(response)
        elif last.error is not None:
            self.turn.failure = failure_of(last.error, self.url).told
        _log.debug("GET %s -> %s", url, self.turn.failure)
        if response is not None and self._named_wait(response) is not None:
            retries.rate_limits += 1
            if retries.rate_limits <= _RATE_LIMITS:
                retries.total = self.total
        return retries

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        """Wait before the next try."""
        named = None if response is None else self._named_wait(response)
        is_limited = response is not None and response.status == 429
        wait = named if named is not None else self.get_backoff_time()
        if named is not None:
            wait = max(wait, _LEAST_NAMED_WAIT * 2 ** min(self.rate_limits - 1, 4))
        elif is_limited:
            wait = max(wait, _LEAST_WAIT)
        self.turn.pause(wait, everyone=is_limited or named is not None)

    def _named_wait(self, response: BaseHTTPResponse) -> float | None:
        """Give the seconds that the server names, if it names any that can be read."""
        try:
            return self.get_retry_after(response)
        except (InvalidHeader, ValueError, OverflowError):
            return None

    def _told(self, response: BaseHTTPResponse) -> str:
        """Say what an answer was that is not to be the last."""
        told = f"the server answered {response.status}"
        body = self._beginning(response)
        if self.quotes and (said := message_in(redacted_bytes(body))):
            return f"{told}: {said}"
        return told

    def _beginning(self, response: BaseHTTPResponse) -> bytes:
        """Give the beginning of an answer; one that is longer is read no more.

        To read what is left, so that the connection can be used again, is urllib3's habit.
        """
        body = b""
        with suppress(HTTPError, OSError):
            until = monotonic() + _PATIENCE
            while part := response.read1(_GLANCE, decode_content=True):
                body += part
                if len(body) > LONGEST or monotonic() > until:
                    response.close()
                    break
        return body
