"""A community on loopback that answers as the API is known to, and misbehaves on demand.

Where the API's behaviour is not known, an attribute of `Community` chooses: the largest page that
is granted, how a list of statuses is written, what an unknown status does, where nulls sort.
"""

import json
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import jwt

from coursectl.settings import Settings
from tests.oauth import OAuthServer

TOKEN = "s3cret-token-of-a-manager"
ONLOOKER = "s3cret-token-of-an-onlooker"
JWT_SECRET = "s3cret of the community, with which tokens are signed"

DOCUMENTED = ("creator", "manager", "joined", "invited", "requested")
SEEN = "payment_waiting"
"""A status that the official client relies on and the reference does not list."""
DEFAULT_STATUSES = ("manager", "joined")


def row(id_: int, **fields: Any) -> dict[str, Any]:
    """A member as the API sends one; what is not named is believable."""
    usual = {
        "id": id_,
        "username": f"member_{id_}",
        "real_name": f"Member {id_}",
        "avatar": None,
        "join_status": "joined",
        "user_completion_rate": 0,
        "last_active_at": None,
        "joined_at": f"2026-01-{id_ % 28 + 1:02}T00:00:00Z",
    }
    return usual | fields


@dataclass
class Course:
    id: int
    members: list[dict[str, Any]] = field(default_factory=list)
    name: str = "Food Safety"
    slug: str = "food-safety"
    description: str = ""
    type: str = "self-paced"
    privacy: str = "open"
    created_at: str | None = "2026-01-05T09:00:00Z"
    own_status: str | None = "manager"
    """How the people of `Community.tokens` stand to it."""
    fields: dict[str, Any] = field(default_factory=dict)
    """What the API sends of it besides."""


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    """The path and the query, as they came."""
    headers: dict[str, str]
    """By their names in small letters."""
    body: bytes = b""

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return {name: values[-1] for name, values in self.all_values.items()}

    @property
    def all_values(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))

    @property
    def token(self) -> str | None:
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token if scheme == "Bearer" else None

    def asking(self, **query: object) -> "Request":
        """The same request with another query."""
        return replace(self, target=f"{self.path}?{urlencode(self.query | query)}")


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
    sent: int | None = None
    """Bytes of the body after which the connection breaks."""
    drip: float | None = None
    """Seconds between each ten bytes of the body."""
    tells_length: bool = True
    """Whether it says how long the body is, which else ends with the connection."""


Misdeed = Reply | Callable[[Request], Reply | None] | None
"""An answer, or what is done before answering: None from it means to answer as usual."""


def answer(value: Any, status: int = 200) -> Reply:
    return Reply(status, json.dumps(value).encode())


def detail(status: int, text: str) -> Reply:
    """An error as Django REST Framework words it."""
    return answer({"detail": text}, status)


def errors(status: int, text: str, *, field: str | None = None) -> Reply:
    """An error in one of the two shapes that the official client knows."""
    said = {"code": "invalid", "message": text}
    entry = said if field is None else {"field": field, "messages": [said]}
    return answer({"errors": [entry]}, status)


def html(status: int, title: str) -> Reply:
    page = f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><p>Sorry.</p></body>"
    return Reply(status, page.encode(), (("Content-Type", "text/html"),))


def redirect(location: str, status: int = 302) -> Reply:
    return Reply(status, headers=(("Location", location),))


class Community:
    """The server. What it holds and how it behaves are attributes, to be set at any time."""

    def __init__(self, *courses: Course) -> None:
        self.courses = {course.id: course for course in courses}
        self.tokens = {TOKEN}
        """Of people who are a manager of every course."""
        self.onlookers = {ONLOOKER}
        """Tokens of people who manage no course."""
        self.oauth = OAuthServer()
        self.date: str | None = None
        """The time as its answers tell it; None is the time as it is."""
        self.jwt_secret = JWT_SECRET
        self.account: dict[str, Any] = {"id": 7, "username": "ann", "real_name": "Ann Smith"}
        """Whom every credential belongs to."""
        self.page_size = 20
        self.largest_page = 100
        self.list_forms = {"json", "comma"}
        self.reads_statuses: Literal[
            "all", "first", "last", "one", "known", "none", "everybody"
        ] = "all"
        """Which words of a list are heeded; `one` and `known` are that, or else the default."""
        self.never_listed: set[str] = set()
        """Statuses that it lists nobody by, though people have them."""
        self.tells_beside = True
        """Whether it has lists of the invited and of those who asked, and tells who the creator is.
        """
        self.known_statuses = {*DOCUMENTED, SEEN}
        self.refuses_unknown_statuses = True
        self.nulls_first = False
        self.lists_own_status = True
        """Whether a list of courses tells how whoever asks stands to each."""
        self.filters_courses = True
        """Whether it heeds the statuses that it is asked for."""
        # How members without a status are asked for is not known: the API has no word for them.
        # Here they come with every request for several statuses, so that there is a way at all.
        self.nulls_with_lists = True
        self.requests: list[Request] = []
        self.connections = 0
        self.latency = 0.0
        """Seconds that an answer takes."""
        self.arrivals: list[float] = []
        """When requests came, in seconds of a clock that only runs forward."""
        self.under_way = 0
        self.most_under_way = 0
        self.counting = threading.Lock()
        self.misdeeds: list[Misdeed] = []
        """What befalls the next requests, one each."""
        self.misdeed_for_good: Misdeed = None
        """What befalls every request after these."""
        self.spares_what_is_beside = True
        """Whether no misdeed befalls what is asked for to check the pages of a roster."""
        self.failures: list[BaseException] = []
        """What went wrong in the server itself."""
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> Settings:
        return Settings(url=self.url, token=TOKEN)

    @property
    def environment(self) -> dict[str, str]:
        return {"COURSECTL_URL": self.url, "COURSECTL_TOKEN": TOKEN}

    def asked(self, path: str) -> list[dict[str, str]]:
        """The queries of the requests for a path, in turn."""
        return [request.query for request in self.requests if request.path == path]

    def pages(self, path: str) -> list[dict[str, str]]:
        """The queries of the requests for pages at a path, in turn, and of none for a count."""
        return [query for query in self.asked(path) if query.get("limit") != "1"]

    @contextmanager
    def running(self) -> Iterator["Community"]:
        server = _Server(self)
        self.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
        assert self.failures == []

    # Misdeeds

    def edited(self, edit: Callable[[Any], object]) -> Misdeed:
        """Answer as usual, but for what `edit` does to the JSON of an answer that is no error."""

        def edited(request: Request) -> Reply:
            reply = self.behave(request)
            if reply.status != 200:
                return reply
            page = json.loads(reply.body)
            edit(page)
            return replace(reply, body=json.dumps(page).encode())

        return edited

    def first_page(self, request: Request) -> Reply:
        """Answer with the first page, whichever was asked for."""
        return self.behave(request.asking(offset=0))

    def cut(self, request: Request) -> Reply:
        """Answer as usual, and break the connection halfway."""
        reply = self.behave(request)
        return replace(reply, sent=len(reply.body) // 2)

    def cut_without_length(self, request: Request) -> Reply:
        """The same, as HTTP/1.0 does it: nothing but the JSON shows that there was more."""
        return replace(self.cut(request), tells_length=False)

    # How it answers

    def take(self, request: Request) -> Reply:
        with self.counting:
            self.requests.append(request)
            self.arrivals.append(time.monotonic())
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            if self.latency:
                time.sleep(self.latency)
            return self._take(request)
        finally:
            with self.counting:
                self.under_way -= 1

    def _take(self, request: Request) -> Reply:
        if self.spares_what_is_beside and _is_beside(request):
            return self.behave(request)
        misdeed = self.misdeeds.pop(0) if self.misdeeds else self.misdeed_for_good
        reply = misdeed(request) if callable(misdeed) else misdeed
        return reply or self.behave(request)

    def behave(self, request: Request) -> Reply:
        if not request.path.endswith("/"):
            path, mark, query = request.target.partition("?")
            return redirect(f"{path}/{mark}{query}", 301)
        if request.path.startswith("/oauth/"):
            return self._oauth(request)
        if not self._lets_in(request.token):
            return detail(401, "Authentication credentials were not provided.")
        if request.method != "GET":
            return detail(405, f'Method "{request.method}" not allowed.')
        return self._resource(request)

    def _resource(self, request: Request) -> Reply:
        if request.path == "/api/v2/user/me/":
            return answer(self.account)
        if request.path == "/api/v2/course/search/":
            return self._search(request)
        if request.path == "/api/v2/course/":
            return self._own_courses(request)
        if own := re.fullmatch(r"/api/v2/course/(\d+)/status/", request.path):
            course = self.courses.get(int(own[1]))
            return answer({"status": course.own_status}) if course else detail(404, "Not found.")
        match = re.fullmatch(r"/api/v2/course/(\d+)/(users/|invite/|request_join/)?", request.path)
        course = self.courses.get(int(match[1])) if match else None
        if match is None or course is None:
            return detail(404, "Not found.")
        return self._of_course(request, course, match[2])

    def _of_course(self, request: Request, course: Course, part: str | None) -> Reply:
        if not part and request.query.get("view", "user") == "user":
            return answer({"id": course.id, "name": course.name, "slug": course.slug})
        if request.token in self.onlookers:
            return detail(403, "You do not have permission to perform this action.")
        match part:
            case "users/":
                return self._members(request, course)
            case "invite/":
                return self._people(request, course, "invited")
            case "request_join/":
                return self._people(request, course, "requested")
            case _:
                return self._dashboard(course)

    def _lets_in(self, token: str | None) -> bool:
        if token in self.tokens | self.onlookers or self.oauth.is_good(token):
            return True
        try:
            header = jwt.get_unverified_header(token or "")
            required = ["token_type", "exp", "iat", "jti", "user_id"]
            claims = jwt.decode(
                token or "", self.jwt_secret, algorithms=["HS256"], options={"require": required}
            )
        except jwt.PyJWTError:
            return False
        is_whole = header["typ"] == "JWT" and claims["token_type"] == "access"
        return is_whole and claims["user_id"] == self.account["id"]

    def _oauth(self, request: Request) -> Reply:
        match request.method, request.path:
            case "GET", "/oauth/authorize/":
                location = self.oauth.authorize(request.query)
                return redirect(location) if location else html(400, "Bad Request")
            case "POST", "/oauth/token/":
                status, said = self.oauth.token(request.form)
                return answer(said, status)
            case "POST", "/oauth/revoke_token/":
                status, said = self.oauth.revoke(request.form)
                return answer(said, status)
            case _:
                return html(404, "Not Found")

    def _dashboard(self, course: Course) -> Reply:
        rates = [member.get("user_completion_rate") or 0 for member in course.members]
        average = sum(rates) / len(rates) if rates else 0
        fields = _fields_of(course) | {"avg_completion_rate": average}
        if self.tells_beside:
            creators = _having(course, "creator")
            fields["created_by"] = creators[0] if creators else None
        return answer(fields | course.fields)

    def _people(self, request: Request, course: Course, status: str) -> Reply:
        if not self.tells_beside:
            return detail(404, "Not found.")
        return self._page(request, _having(course, status))

    def _own_courses(self, request: Request) -> Reply:
        statuses = self._statuses(request.query.get("statuses"))
        if statuses is None:
            return errors(400, "Select a valid choice.", field="statuses")
        found = []
        for course in self.courses.values():
            status = None if request.token in self.onlookers else course.own_status
            if status is None or (self.filters_courses and status not in statuses):
                continue
            told = {"join_status": status} if self.lists_own_status else {}
            found.append(_fields_of(course) | told | course.fields)
        return self._page(request, found)

    def _search(self, request: Request) -> Reply:
        text = request.query.get("search", "").casefold()
        found = [
            {"id": course.id, "name": course.name, "slug": course.slug, "type": "self-paced"}
            for course in sorted(self.courses.values(), key=lambda course: -course.id)
            if text in course.name.casefold() or text in course.description.casefold()
        ]
        return self._page(request, found)

    def _members(self, request: Request, course: Course) -> Reply:
        statuses = self._statuses(request.query.get("statuses"))
        if statuses is None:
            return errors(400, "Select a valid choice.", field="statuses")
        if self.reads_statuses == "everybody":
            statuses = {member.get("join_status") for member in course.members}
        statuses -= self.never_listed
        members = [member for member in course.members if member.get("join_status") in statuses]
        if text := request.query.get("search", "").casefold():
            members = [
                member
                for member in members
                if any(
                    text in (member.get(name) or "").casefold()
                    for name in ("username", "real_name")
                )
            ]
        ordering = request.query.get("ordering", "-joined_at")
        column = ordering.removeprefix("-")
        if column not in ("joined_at", "last_active_at"):
            return errors(400, "Select a valid choice.", field="ordering")
        some = [member for member in members if member.get(column) is not None]
        none = [member for member in members if member.get(column) is None]
        some.sort(key=lambda member: moment(member[column]), reverse=ordering.startswith("-"))
        return self._page(request, none + some if self.nulls_first else some + none)

    def _statuses(self, text: str | None) -> set[str | None] | None:
        """The statuses that are asked for; None if one of them is not known and that matters."""
        if not text:
            return set(DEFAULT_STATUSES)
        if "json" in self.list_forms and text.startswith("["):
            words = json.loads(text)
        elif "comma" in self.list_forms:
            words = text.split(",")
        else:
            words = [text]
        match self.reads_statuses:
            case "first":
                words = words[:1]
            case "last":
                words = words[-1:]
            case "one" if len(words) > 1:
                return {*DEFAULT_STATUSES}
            case "known" if not self.known_statuses.issuperset(words):
                return {*DEFAULT_STATUSES}
            case "none":
                return {*DEFAULT_STATUSES}
        if self.refuses_unknown_statuses and not self.known_statuses.issuperset(words):
            return None
        several = len(words) > 1 and self.nulls_with_lists
        return {*words, None} if several else set(words)

    def _page(self, request: Request, rows: list[dict[str, Any]]) -> Reply:
        limit = min(_number(request, "limit") or self.page_size, self.largest_page)
        offset = _number(request, "offset")

        def link(offset: int) -> str:
            return self.url + request.asking(limit=limit, offset=offset).target

        return answer(
            {
                "count": len(rows),
                "next": link(offset + limit) if offset + limit < len(rows) else None,
                "previous": link(max(0, offset - limit)) if offset else None,
                "results": rows[offset : offset + limit],
            }
        )


def _is_beside(request: Request) -> bool:
    """Whether a request is for the invited, those who asked, the creator, or a count."""
    return (
        request.path.endswith(("/invite/", "/request_join/"))
        or request.query.get("view") == "dashboard"
        or (request.path.endswith("/users/") and request.query.get("limit") == "1")
    )


def _having(course: Course, status: str) -> list[dict[str, Any]]:
    """Those with a status, as they are told where nothing but who they are is."""
    names = ("id", "username", "real_name", "avatar")
    return [
        {name: member.get(name) for name in names} | {"ext_id": None}
        for member in course.members
        if member.get("join_status") == status
    ]


def _fields_of(course: Course) -> dict[str, Any]:
    names = ("id", "name", "slug", "type", "privacy", "created_at")
    return {name: getattr(course, name) for name in names}


def moment(text: str) -> datetime:
    """Read a date-time of a row."""
    return datetime.fromisoformat(text)


def _number(request: Request, name: str) -> int:
    text = request.query.get(name, "")
    return int(text) if text.isdecimal() else 0


class _Server(ThreadingHTTPServer):
    def __init__(self, community: Community) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.community = community
        self.open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.community.connections += 1
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Take down what went wrong, but for whoever asked being gone."""
        error = sys.exception()
        if error is not None and not isinstance(error, ConnectionError):
            self.community.failures.append(error)

    def server_close(self) -> None:
        super().server_close()
        for connection in list(self.open):
            # It waits for a next request on a connection that was kept open.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def date_time_string(self, timestamp: float | None = None) -> str:
        date = self.server.community.date
        return super().date_time_string(timestamp) if date is None else date

    def answer(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        reply = self.server.community.take(Request(self.command, self.path, headers, body))
        self.send_response(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        if reply.tells_length:
            self.send_header("Content-Length", str(len(reply.body)))
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        if reply.drip is None:
            self.wfile.write(reply.body[: reply.sent])
        else:
            for start in range(0, len(reply.body), 10):
                self.wfile.write(reply.body[start : start + 10])
                self.wfile.flush()
                time.sleep(reply.drip)
        self.close_connection = self.close_connection or reply.sent is not None

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Nothing is said beside the tests."""
