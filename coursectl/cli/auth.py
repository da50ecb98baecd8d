"""`coursectl auth`: into a community, and out again."""

import os
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from coursectl.cli import options
from coursectl.cli.commands import Command, Group
from coursectl.cli.debugging import begin_debugging

if TYPE_CHECKING:
    from pathlib import Path

    from coursectl.keychain import Keychain, Record
    from coursectl.settings import Rewritten, Settings
    from coursectl.sources.api.tokens import Credentials

_LONGEST_LINE = 64 * 1024

app = typer.Typer(
    name="auth",
    cls=Group,
    help="Log in to a community, and out again.",
    add_completion=False,
    rich_markup_mode=None,
)


class Method(StrEnum):
    """A way into a community."""

    OAUTH = "oauth"
    TOKEN = "token"  # noqa: S105 - a name
    JWT = "jwt"


@app.callback(invoke_without_command=True)
def auth(ctx: typer.Context) -> None:
    """Log in to a community, and out again."""
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


@app.command(cls=Command)
def login(
    ctx: typer.Context,
    method: Annotated[
        Method | None,
        typer.Option(
            help="In the browser; with a token; or with the community's API secret, which signs"
            " tokens. Default: the profile's, else oauth.",
            show_default=False,
        ),
    ] = None,
    url: Annotated[str | None, typer.Option(help="https://<your community>")] = None,
    client_id: Annotated[
        str | None, typer.Option(metavar="ID", help="oauth: the client, from the community.")
    ] = None,
    user_id: Annotated[
        int | None, typer.Option(metavar="N", help="jwt: the id of the account to act as.")
    ] = None,
    redirect_uri: Annotated[
        str | None,
        typer.Option(
            metavar="URI",
            help="oauth: where the browser is sent back to, exactly as it is registered.",
        ),
    ] = None,
    no_browser: Annotated[
        bool,
        typer.Option("--no-browser", help="oauth: show the address, to be opened elsewhere."),
    ] = False,
    profile: options.Profile = None,
    debug: options.Debug = False,
) -> None:
    """Log in, and stay so.

    A token or secret is asked for, or read from stdin; it is no option, which others could see.
    It is kept in the system's keyring, or else in a file that only you can read.
    """
    from coursectl.keychain import Keychain
    from coursectl.places import config_file
    from coursectl.settings import Settings
    from coursectl.sources.api.account import account
    from coursectl.sources.api.client import Api
    from coursectl.streams import Talk, say

    begin_debugging(wanted=debug)

    def load(reading: tuple[str, ...] = ()) -> Settings:
        return Settings.load(
            profile or ctx.obj,
            reading,
            may_be_new=True,
            method=method and method.value,
            url=url,
            client_id=client_id,
            user_id=user_id,
            redirect_uri=redirect_uri,
        )

    settings = load()
    if settings.method in (None, "oauth"):
        settings = load(("client_secret",))
    keychain = Keychain()
    # What would keep the secret from being kept is told before anybody is asked for it.
    _refuse_unkept(config_file())
    keychain.where(settings.url, settings.profile)
    record = _obtained(Method(settings.method or Method.OAUTH), settings, browse=not no_browser)
    who = account(Api(settings, _credentials(record, settings), on_wait=Talk(quiet=False).wait))
    with keychain.lock():
        before = _save_profile(settings, record)
        where = keychain.put(settings.url, settings.profile, record)
        said = _parted(before, settings.profile, keychain)
    other = _otherwise_set(settings, record.method)
    said += [
        f"{each} is set, and goes before it." for each in other if each.startswith("COURSECTL_")
    ]
    say(f"logged in to {settings.url} as {who}", f"Kept in {where}.", *said)


@app.command(cls=Command)
def status(
    ctx: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
    profile: options.Profile = None,
    debug: options.Debug = False,
) -> None:
    """Tell who you are to the community, how you got in, and until when. Shows no secret."""
    from json import dumps

    from coursectl.printable import printable
    from coursectl.render.json import escaped
    from coursectl.sources.api.account import account
    from coursectl.sources.api.client import Api
    from coursectl.sources.api.tokens import credentials_of
    from coursectl.streams import Talk, to_stdout

    settings = options.settings_loader(ctx, profile, debug)()
    credentials = credentials_of(settings)
    who = account(Api(settings, credentials, on_wait=Talk(quiet=False).wait))
    expires_at = credentials.expires_at
    if json:
        told = {
            "id": who.id,
            "username": who.username,
            "real_name": who.real_name,
            "community": settings.url,
            "profile": settings.profile,
            "method": credentials.method,
            "kept_in": credentials.kept,
            "expires_at": f"{expires_at:%Y-%m-%dT%H:%M:%SZ}" if expires_at else None,
            "renews": credentials.renews,
        }
        text = escaped(dumps(told, ensure_ascii=False, indent=2).encode()).decode()
    else:
        rows = {
            "community": settings.url,
            "profile": printable(settings.profile),
            "method": credentials.method,
            "kept in": credentials.kept,
            "until": _until(credentials),
        }
        text = "\n".join([str(who), *(f"  {name:<9}  {value}" for name, value in rows.items())])
    with to_stdout(Talk(quiet=True)) as out:
        out.write(f"{text}\n".encode(errors="replace"))


@app.command(cls=Command)
def logout(
    ctx: typer.Context, profile: options.Profile = None, debug: options.Debug = False
) -> None:
    """Forget the secret that a login has kept, and have tokens of oauth revoked."""
    from coursectl.errors import NotConfigured
    from coursectl.keychain import Keychain
    from coursectl.settings import Settings
    from coursectl.streams import say

    begin_debugging(wanted=debug)
    try:
        settings = Settings.load(profile or ctx.obj, ())
    except NotConfigured:
        say("nothing to forget: no community is set")
        return
    keychain = Keychain()
    with keychain.lock():  # no other run renews meanwhile what is revoked
        revoked = _revoked(keychain, settings, profile or ctx.obj)
        where = keychain.delete(settings.url, settings.profile)
    told = f"logged out of {settings.url}" if where else f"nothing to forget of {settings.url}"
    said = [f"Forgotten: what was in {where}.", *revoked] if where else []
    other = _otherwise_set(settings, settings.method)
    say(told, *said, *(f"{each} still logs you in." for each in other))


def _revoked(keychain: "Keychain", settings: "Settings", profile: str | None) -> list[str]:
    """Have the community forget what is kept of OAuth, and say whether it has."""
    from coursectl.errors import CoursectlError
    from coursectl.settings import Settings
    from coursectl.sources.api.oauth import revoke

    record = keychain.get(settings.url, settings.profile)
    if record is None or record.method != "oauth":
        return []
    try:
        revoke(Settings.load(profile, ("client_secret",)), record)
    except CoursectlError as error:
        return [
            f"Its tokens could not be revoked: {error.message}.",
            "A copy of them is good until they end, or until the community's owner revokes them.",
        ]
    return ["Its tokens are revoked: no copy of them lets anybody in."]


@app.command("list", cls=Command)
def list_(
    ctx: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="As a JSON array.")] = False,
    profile: options.Profile = None,
    debug: options.Debug = False,
) -> None:
    """List the profiles, and which is in use. Asks nobody, and shows no secret."""
    from json import dumps

    from coursectl.login_hints import login_command
    from coursectl.printable import shortened
    from coursectl.render.json import escaped
    from coursectl.settings import listed_profiles
    from coursectl.streams import Talk, say, to_stdout

    begin_debugging(wanted=debug)
    named = profile or ctx.obj
    found = listed_profiles(named)
    if not found:
        say("no profiles yet", f"A new one: {login_command(named or 'default')}")
    if json:
        fields = [
            {
                "profile": each.name,
                "community": each.community,
                "method": each.method,
                "in_use": each.is_in_use,
            }
            for each in found
        ]
        text = escaped(dumps(fields, ensure_ascii=False, indent=2).encode()).decode() + "\n"
    else:
        names = [shortened(each.name) for each in found]
        width = max(map(len, names), default=0)
        text = "".join(
            f"{'*' if each.is_in_use else ' '} {name:<{width}}  {each.method or '-':<6}"
            f"  {each.community or '-'}\n"
            for name, each in zip(names, found, strict=True)
        )
    with to_stdout(Talk(quiet=True)) as out:
        out.write(text.encode(errors="replace"))


def _obtained(method: Method, settings: "Settings", *, browse: bool) -> "Record":
    """Ask the person for what the method needs. Raises CoursectlError."""
    from coursectl.errors import UsageError
    from coursectl.keychain import Record
    from coursectl.settings import is_sendable
    from coursectl.sources.api.tokens import account_id

    match method:
        case Method.OAUTH:
            from coursectl.sources.api.login import log_in
            from coursectl.streams import say

            return log_in(settings, browse=browse, tell=say, ask=_address)
        case Method.TOKEN:
            token = _secret("token")
            if not is_sendable(token):
                raise UsageError(
                    "the token holds characters that no token has", "Copy the token again."
                )
            return Record("token", token)
        case Method.JWT:
            account_id(settings)
            return Record("jwt", _secret("API secret of the community"))


def _credentials(record: "Record", settings: "Settings") -> "Credentials":
    from coursectl.sources.api.tokens import BearerToken, SignedTokens, account_id

    if record.method == "jwt":
        return SignedTokens(record.secret, account_id(settings))
    return BearerToken(record.secret)


def _save_profile(settings: "Settings", record: "Record") -> "Rewritten":
    """Write what is no secret into the profile. Raises UsageError."""
    from coursectl.places import config_file
    from coursectl.settings import Settings, with_profile
    from coursectl.streams import to_file

    values: dict[str, str | int | None] = {"url": settings.url, "method": record.method}
    if record.method == "jwt" and settings.user_id is not None:
        values["user_id"] = settings.user_id
    if record.method == "oauth" and settings.client_id is not None:
        values["client_id"] = settings.client_id
        is_usual = settings.redirect_uri == Settings.model_fields["redirect_uri"].default
        values["redirect_uri"] = None if is_usual else settings.redirect_uri
    path = config_file()
    _refuse_unkept(path)
    text = path.read_bytes().decode("utf-8-sig") if path.exists() else ""
    rewritten = with_profile(text, settings.profile, values)
    with to_file(path) as file:
        file.write(rewritten.text.encode())
    return rewritten


def _refuse_unkept(path: "Path") -> None:
    """Raise UsageError where a profile cannot be written, because a pipe or device stands there."""
    from coursectl.errors import UsageError
    from coursectl.printable import printable

    if path.exists() and not path.is_file():
        raise UsageError(
            f"{printable(str(path))} is not a regular file, so no profile can be kept in it",
            "Name another place in COURSECTL_CONFIG.",
        )


def _parted(before: "Rewritten", profile: str, keychain: "Keychain") -> list[str]:
    """Forget what the profile kept for another community; say so, and what the profile lost."""
    from coursectl.errors import AccessDenied

    said = [f"No longer in the profile: {', '.join(before.dropped)}."] if before.dropped else []
    if before.left is None:
        return said
    try:
        if keychain.delete(before.left, profile):
            said.append(f"Forgotten: what was kept for {before.left}.")
    except AccessDenied as error:
        said.append(f"{error.message}; it would be of {before.left}.")
    return said


def _otherwise_set(settings: "Settings", method: str | None) -> list[str]:
    """Name what lets one in before anything that is kept."""
    return [
        origin
        for name, way in (("token", "token"), ("jwt_secret", "jwt"))
        for field in (name, f"{name}_file")
        if getattr(settings, field)
        and ((origin := settings.origin(field)).startswith("COURSECTL_") or method in (None, way))
    ]


def _until(credentials: "Credentials") -> str:
    ends = credentials.expires_at and f"{credentials.expires_at:%Y-%m-%d %H:%M} UTC"
    if not credentials.renews:
        return ends or "no end is known"
    return f"{ends}, renewed before" if ends else "made anew for each run"


def _secret(what: str) -> str:
    """Ask for a secret without showing it. Raises UsageError when none is given."""
    from coursectl.redaction import keep_secret

    return keep_secret(_given(f"The {what}", shown=False))


def _address(question: str) -> str:
    """Ask for an address. Raises UsageError when none is given."""
    return _given(question, shown=True)


def _line_of_stdin() -> bytes:
    """Return a line of stdin, or what there is at its end; wait where nothing is there yet."""
    line = b""
    while not line.endswith(b"\n") and len(line) < _LONGEST_LINE:
        is_waited_for = _wait_for_stdin()
        part = sys.stdin.buffer.readline(_LONGEST_LINE - len(line))
        line += part
        if not is_waited_for or not part:
            break
    return line


def _wait_for_stdin() -> bool:
    """Wait until there is something to read, if stdin does not wait by itself; return which."""
    if sys.platform == "win32":
        return False
    try:
        descriptor = sys.stdin.fileno()
        if os.get_blocking(descriptor):
            return False
    except OSError:
        return False
    import select

    select.select([descriptor], [], [])
    return True


def _given(what: str, *, shown: bool) -> str:
    """Ask on a terminal, or take a line from stdin."""
    from getpass import getpass

    from coursectl.errors import UsageError

    if sys.stdin is not None and sys.stdin.isatty():
        if shown:
            sys.stderr.write(f"{what}: ")
            sys.stderr.flush()
        try:
            line = sys.stdin.readline() if shown else getpass(f"{what} (not shown): ")
        except EOFError:
            line = ""
    else:
        line = _line_of_stdin().decode(errors="replace") if sys.stdin else ""
    if not line.strip():
        raise UsageError(
            f"{what[0].lower()}{what[1:]} was not given",
            "Type it in on a terminal, or pipe it in as one line.",
        )
    return line.strip()
