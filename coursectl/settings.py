"""Which community coursectl talks to, with which credentials, and how patiently.

A setting comes from an option, a variable COURSECTL_<NAME>, or the profile in `config.toml`; the
first that says something wins. The file holds no secrets:

    profile = "work"                 # used when none is named

    [profiles.work]
    url = "https://community.example"
    method = "jwt"
    user_id = 7
    jwt_secret_file = "~/.secrets/community"
"""

import os
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    TypeAdapter,
    ValidationError,
)

from coursectl.address import community_url, host_of
from coursectl.errors import CoursectlError, NotConfigured, UsageError
from coursectl.login_hints import login_command
from coursectl.own_files import read_given
from coursectl.places import config_file, expanded, has_place_for_config
from coursectl.printable import printable, shortened
from coursectl.redaction import keep_secret

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

Method = Literal["token", "jwt", "oauth"]
"""The ways into a community."""

_PSEUDONYM_KEY = "pseudonym_key"

CREDENTIALS = ("token", "jwt_secret", "client_secret")
"""Secrets that let one into a community."""

SECRETS = (*CREDENTIALS, _PSEUDONYM_KEY)
"""Settings that no file of ours and no option holds; each may be in a file of its own."""

_OF_ONE_COMMUNITY = (
    "method",
    "user_id",
    "client_id",
    "redirect_uri",
    *(f"{name}_file" for name in CREDENTIALS),
)
"""What a profile says of its own community, and of no other that a variable names."""

_DEFAULT = "default"
_LOOPBACK = re.compile(r"localhost|127(\.\d{1,3}){3}|::1")
_HOST = re.compile(r"([^\s*.:]{1,63}\.)*[^\s*.:]{1,63}\.?|[\da-f.]*:[\da-f.:]*")
_LONGEST_HOST = 253
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)([smh]?)", re.ASCII)
_LARGEST_SECRET = 16 * 1024
_LARGEST_FILE = 1024 * 1024
_SHORTEST_KEY = 16


class _Unfit(ValueError):
    """Why a value is refused, to follow the name of where it stands; and what to do."""

    def __init__(self, told: str, hint: str) -> None:
        super().__init__(told)
        self.told = told
        self.hint = hint


def _community(url: str) -> str:
    shown = shortened(url.rpartition("@")[2])
    try:
        address = url if "://" in url else f"https://{url}"
        parts = urlsplit(address)
        host, _ = host_of(address)
        community = community_url(address)
    except ValueError:
        host = None
    if (
        not host
        or len(host) > _LONGEST_HOST
        or not _HOST.fullmatch(host)
        or parts.scheme not in ("http", "https")
        or parts.username is not None
    ):
        raise _Unfit(
            f"is {shown!r}, which is not the URL of a community",
            "Set it to https://<your community>, without a user name.",
        )
    if parts.scheme == "http" and not _LOOPBACK.fullmatch(host):
        raise _Unfit(
            f"is {shown!r}: a token is not sent over plain http", "Set it to an https:// URL."
        )
    return community


def _redirect(uri: str) -> str:
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if (
        parts.scheme not in ("http", "https")
        or not _LOOPBACK.fullmatch(parts.hostname or "")
        or parts.username is not None
        or port == 0
        or "#" in uri
        or " " in uri
        or not (uri.isascii() and uri.isprintable())
    ):
        raise _Unfit(
            f"is {shortened(uri.rpartition('@')[2])!r}, which is no address on this machine",
            "Set it to what is registered with the community, such as"
            f" {Settings.model_fields['redirect_uri'].default}",
        )
    return uri


def _kept(value: object) -> object:
    return keep_secret(value.strip()) if isinstance(value, str) else value


def is_sendable(token: str) -> bool:
    """Tell whether a token can stand in a header."""
    return token.isascii() and token.isprintable() and " " not in token


def _sendable(token: SecretStr) -> SecretStr:
    if not is_sendable(token.get_secret_value()):
        raise _Unfit("holds characters that no token has", "Copy the token again.")
    return token


def _no_bool(value: object) -> object:
    if isinstance(value, bool):  # which pydantic, as Python, would take for 0 or 1
        raise ValueError
    return value


def _seconds(value: object) -> object:
    match = _DURATION.fullmatch(value.strip().lower()) if isinstance(value, str) else None
    if match is None:
        return _no_bool(value)
    return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]


Deadline = Annotated[float, BeforeValidator(_seconds), Field(gt=0, allow_inf_nan=False)]
_Secret = Annotated[SecretStr, BeforeValidator(_kept)]
_WholeNumber = Annotated[int, BeforeValidator(_no_bool)]
_Text = Annotated[str, Field(min_length=1)]

_KINDS = {
    "url": "https://<your community>",
    "method": "token, jwt or oauth",
    "user_id": "the number of an account",
    "redirect_uri": "a URL",
    "concurrency": "a whole number from 1 to 8",
    "deadline": "a time such as 90s, 5m or 1h, or seconds",
}
"""What may stand for a setting, where that is more than text."""


class Settings(BaseModel):
    """Everything that is set outside the command line, and for a few things also on it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: Annotated[str, AfterValidator(_community)]
    """The community, as `https://host` or `https://host:port`; plain http only on loopback."""
    profile: str = _DEFAULT
    """The name of the profile in use."""
    method: Method | None = None

    token: Annotated[_Secret, AfterValidator(_sendable)] | None = None
    """The bearer token that goes to that community and nowhere else."""
    token_file: Path | None = None
    jwt_secret: _Secret | None = None
    """The community's API secret, which signs tokens."""
    jwt_secret_file: Path | None = None
    user_id: Annotated[_WholeNumber, Field(ge=1)] | None = None
    """The id of the account that signed tokens are for."""
    client_id: _Text | None = None
    client_secret: _Secret | None = None
    client_secret_file: Path | None = None
    redirect_uri: Annotated[str, AfterValidator(_redirect)] = "http://127.0.0.1:8765/callback"
    """Where the community sends a browser back to; registered there letter by letter."""

    pseudonym_key: _Secret | None = None
    """What `--pseudonymize` makes pseudonyms with; it is of no community, and never sent."""
    pseudonym_key_file: Path | None = None

    concurrency: Annotated[_WholeNumber, Field(ge=1, le=8)] = 4
    """Requests that are under way at once."""
    deadline: Deadline = 1800.0
    """Seconds for all requests of a run together."""

    _origins: dict[str, str] = PrivateAttr(default_factory=dict)
    _names_nobody: bool = PrivateAttr(default=False)

    @property
    def names_nobody(self) -> bool:
        """Whether no error may repeat what the community answers."""
        return self._names_nobody

    @classmethod
    def load(
        cls,
        profile: str | None = None,
        reading: Collection[str] = CREDENTIALS,
        /,
        *,
        may_be_new: bool = False,
        names_nobody: bool = False,
        **options: object,
    ) -> Self:
        """Put together what `options` (None counts for nothing), the environment and a profile say.

        Of the secrets that are in files of their own, those are read that are named in `reading`.
        The profile is the named one, else COURSECTL_PROFILE, else the file's `profile`, else
        `default`. One that is not in the file is refused unless it `may_be_new`. Raises
        NotConfigured without a URL, and UsageError, which names where the mistake is.
        """
        name, said = _put_together(profile, reading, may_be_new=may_be_new, **options)
        values = {field: each.value for field, each in said.items()}
        try:
            settings = cls.model_validate({**values, "profile": name})
        except ValidationError as error:
            raise _told(error, said, name) from None
        origins = {field: each.where for field, each in said.items()}
        settings._origins.update(origins)  # noqa: SLF001 - its own class
        settings._names_nobody = names_nobody  # noqa: SLF001
        return settings

    def origin(self, field: str) -> str:
        """Say where a setting comes from: an option, a variable, or a place in a file."""
        return self._origins.get(field, f"COURSECTL_{field.upper()}")


@dataclass(frozen=True, slots=True)
class Profile:
    """What may be shown of a profile, whatever else is in it."""

    name: str
    community: str | None
    method: str | None
    is_in_use: bool


def listed_profiles(named: str | None) -> list[Profile]:
    """Return all profiles of the file, by name. Raise UsageError for a file that is none."""
    if not has_place_for_config():
        return []
    path = config_file()
    usual, profiles = _profiles(path, printable(str(path)))
    in_use = named or _variables().get("profile") or usual
    return [_listed(name, table, name == in_use) for name, table in sorted(profiles.items())]


def _listed(name: str, table: object, is_in_use: bool) -> Profile:
    said = table if isinstance(table, dict) else {}
    url, method = said.get("url"), said.get("method")
    try:
        community = _community(url) if isinstance(url, str) else None
    except ValueError:  # which may hold a password
        community = None
    known = method if method in get_args(Method) else None
    return Profile(name, community, known, is_in_use)


def seconds_until_deadline(deadline: str) -> float:
    """Read `--deadline`, which takes no community to be set. Raises UsageError."""
    try:
        found = TypeAdapter(Deadline).validate_python(deadline)
    except ValidationError:
        raise UsageError(f"--deadline is not {_KINDS['deadline']}", "Correct it.") from None
    return found


def load_pseudonym_key(profile: str | None = None) -> str:
    """Give the key for pseudonyms, which takes no community to be set.

    Raises UsageError without one, and for one that could be found by trying.
    """
    _, said = _put_together(profile, (_PSEUDONYM_KEY,))
    found = said.get(_PSEUDONYM_KEY)
    if found is None:
        raise UsageError(
            "--pseudonymize needs a key, and COURSECTL_PSEUDONYM_KEY is not set",
            "Make one, once: openssl rand -hex 32 > FILE",
            "Keep it, tell nobody, and set COURSECTL_PSEUDONYM_KEY_FILE to FILE.",
        )
    key = str(found.value)
    if len(key) < _SHORTEST_KEY:
        raise UsageError(
            f"{found.where} has {len(key)} characters, too few for a key",
            f"Give it at least {_SHORTEST_KEY}, at random: openssl rand -hex 32",
        )
    return key


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A config file after a login was written into one of its profiles."""

    text: str
    left: str | None
    """The community that the profile was for until now, if it was another."""
    dropped: tuple[str, ...]
    """The settings that are no longer in the profile."""


def with_profile(text: str, profile: str, values: Mapping[str, str | int | None]) -> Rewritten:
    """Write the `values` of a login into a profile of a config file; None takes a setting out.

    What belonged to another community goes, and so does the name of a file whose secret would go
    before the one of this login. All else stays, comments too.
    """
    import tomlkit

    document = tomlkit.parse(text)
    if "profiles" not in document:
        document["profiles"] = tomlkit.table(is_super_table=True)
    profiles = _tables(document)
    if profile not in profiles:
        profiles[profile] = {}
    table = profiles[profile]
    going = {key for key, value in values.items() if value is None}
    going.add({"token": "token_file", "jwt": "jwt_secret_file"}.get(str(values.get("method")), ""))
    left = None
    if "url" in table and _host(table["url"]) != _host(values["url"]):
        going.update(_OF_ONE_COMMUNITY)
        left = str(_host(table["url"]))
    staying = {key: value for key, value in values.items() if value is not None}
    dropped = tuple(key for key in table if key in going and key not in staying)
    for key in dropped:
        # Of keys with dots in them, tomlkit takes out one and then finds no other.
        document = tomlkit.parse(tomlkit.dumps(document))
        del _tables(document)[profile][key]
    _tables(document)[profile].update(staying)
    return Rewritten(tomlkit.dumps(document), left, dropped)


def _tables(document: "TOMLDocument") -> dict[str, Any]:
    profiles = document["profiles"]
    assert isinstance(profiles, dict)  # noqa: S101 - it was read before
    return profiles


@dataclass(frozen=True, slots=True)
class _Said:
    """A value, and what a person calls the place where it was set."""

    value: object
    where: str


def _put_together(
    profile: str | None,
    reading: Collection[str],
    *,
    may_be_new: bool = False,
    **options: object,
) -> tuple[str, dict[str, _Said]]:
    """Give the profile's name, and what is said of each setting. Raises UsageError."""
    name, table = _profile(profile or _variables().get("profile"), may_be_new=may_be_new)
    given = {
        field: _Said(value, f"--{field.replace('_', '-')}")
        for field, value in options.items()
        if value is not None
    }
    said = _merged(given, _environment(), table)
    for secret in reading:
        if file := said.get(f"{secret}_file"):
            said[secret] = _read_secret(file)
    for secret in SECRETS:
        if secret in said:
            keep_secret(str(said[secret].value))
    return name, said


def _variables() -> dict[str, str]:
    """Give what is set in the environment, by the names of the settings; blanks are nothing."""
    found = {
        field: os.environ.get(f"COURSECTL_{field.upper()}", "").strip()
        for field in Settings.model_fields
    }
    return {field: value for field, value in found.items() if value}


def _environment() -> dict[str, _Said]:
    return {
        field: _Said(value, f"COURSECTL_{field.upper()}")
        for field, value in _variables().items()
        if field != "profile"
    }


def _merged(
    options: dict[str, _Said], environment: dict[str, _Said], table: dict[str, _Said]
) -> dict[str, _Said]:
    """Put one over the other, and take from the profile what no longer belongs with the rest."""
    nearer = environment | options
    dropped: set[str] = set()
    if (
        "url" in table
        and "url" in nearer
        and _host(table["url"].value) != _host(nearer["url"].value)
    ):
        # What lets one into one community is not for another.
        dropped.update(_OF_ONE_COMMUNITY)
    for secret in SECRETS:
        given = {secret, f"{secret}_file"} & nearer.keys()
        if len(given) > 1:
            first, second = (nearer[field].where for field in sorted(given))
            raise UsageError(f"{first} and {second} are both set", "Set one of them.")
        if given:
            dropped.add(f"{secret}_file")
            if secret in ("token", "jwt_secret"):
                # Who sets a token or a key means to use it.
                dropped.add("method")
    return {field: said for field, said in table.items() if field not in dropped} | nearer


def _host(url: object) -> object:
    try:
        return _community(str(url))
    except _Unfit:
        return url


def _expanded(path: str, where: str) -> str:
    try:
        return expanded(path)
    except UsageError as error:
        if path[1:2] not in ("", os.sep):  # which may be the secret itself
            raise _no_file(where) from None
        raise UsageError(f"{where}: {error.message}", *error.hints) from None


def _no_file(where: str) -> UsageError:
    """Return what to say where a path should be, and perhaps the secret stands, not repeated."""
    return UsageError(f"{where} names no file that is there", "Check it.")


def _read_secret(file: _Said) -> _Said:
    if not isinstance(file.value, str | Path):
        raise UsageError(f"{file.where} is not the path of a file", "Write it as text.")
    path = Path(_expanded(str(file.value), file.where))
    where = f"{file.where} ({printable(str(path))})"
    try:
        secret = read_given(str(path), _LARGEST_SECRET).decode("utf-8-sig").strip()
    except (OSError, ValueError) as error:
        if not os.path.exists(path):  # noqa: PTH110 - Path.exists raises on a long name
            raise _no_file(file.where) from None
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise UsageError(f"{where} cannot be read: {reason}", "Check the path.") from None
    if not secret:
        raise UsageError(f"{where} holds no secret", "Write the secret into it, and nothing else.")
    return _Said(keep_secret(secret), where)


def _told(error: ValidationError, said: Mapping[str, _Said], profile: str) -> CoursectlError:
    wrong = error.errors(include_url=False, include_input=False)[0]
    field = str(wrong["loc"][0])
    if wrong["type"] == "missing":
        return _no_community(said, profile)
    unfit = wrong.get("ctx", {}).get("error")
    if isinstance(unfit, _Unfit):
        return UsageError(f"{said[field].where} {unfit.told}", unfit.hint)
    # The value is not repeated: it may be a secret that stands in the wrong place.
    return UsageError(f"{said[field].where} is not {_KINDS.get(field, 'text')}", "Correct it.")


def _no_community(said: Iterable[str], profile: str) -> NotConfigured:
    has_secret = not {"token", "jwt_secret"}.isdisjoint(said)
    missing = "COURSECTL_URL" if has_secret else "COURSECTL_URL and COURSECTL_TOKEN"
    return NotConfigured(
        f"no community to ask: {missing} not set",
        f"Set {'it' if has_secret else 'both'}, or log in:"
        f" {login_command(profile)} --url https://<your community> --client-id ID",
        "Nothing at hand yet? This works now: coursectl members demo",
    )


# The file


def _profile(named: str | None, *, may_be_new: bool) -> tuple[str, dict[str, _Said]]:
    """Give the profile's name and what it says. Raises UsageError."""
    if named in (None, _DEFAULT) and not has_place_for_config():
        return _DEFAULT, {}
    path = config_file()
    shown = printable(str(path))
    usual, profiles = _profiles(path, shown)
    name = named or usual
    if name not in profiles:
        if name != _DEFAULT and not may_be_new:
            there = ", ".join(shortened(each) for each in profiles) or "none yet"
            raise UsageError(
                f"{shown}: no profile {shortened(name)!r}",
                f"Profiles: {there}. A new one: coursectl --profile NAME auth login",
            )
        return name, {}
    table, where = profiles[name], f"{shown}: profile {shortened(name)}"
    if not isinstance(table, dict):
        raise UsageError(f"{where} is no table", f"Write [profiles.{shortened(name)}].")
    for secret in SECRETS:
        if secret in table:
            raise UsageError(
                f"{where}: {secret} is a secret, which has no place in this file",
                "Take it out; then "
                + (f"{login_command(name)}, or " if secret in CREDENTIALS else "")
                + f"{secret}_file = a file that holds it.",
            )
    _refuse_unknown(table, [key for key in Settings.model_fields if key != "profile"], where)
    for key, value in table.items():
        if key.endswith("_file") and isinstance(value, str) and not value.startswith("~"):
            table[key] = path.parent / value
    return name, {key: _Said(value, f"{where}: {key}") for key, value in table.items()}


def _profiles(path: Path, shown: str) -> tuple[str, dict[str, object]]:
    """Return the name of the usual profile, and all profiles. Raise UsageError."""
    document = _document(path, shown)
    _refuse_unknown(document, ("profile", "profiles"), shown)
    usual, profiles = document.get("profile", _DEFAULT), document.get("profiles", {})
    if not isinstance(usual, str) or not isinstance(profiles, dict):
        raise UsageError(
            f"{shown}: profile is a name, and [profiles.NAME] what it stands for",
            'Write profile = "NAME" at the top, and a table for each profile.',
        )
    return usual, profiles


def _document(path: Path, shown: str) -> dict[str, object]:
    try:
        return tomllib.loads(read_given(str(path), _LARGEST_FILE).decode("utf-8-sig"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError(f"{shown} cannot be read: {error.strerror}", "Check the file.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        said = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "it is no UTF-8 text"
        raise UsageError(f"{shown} is no TOML: {shortened(said, 120)}", "Mend the file.") from None


def _refuse_unknown(table: Iterable[str], known: Iterable[str], where: str) -> None:
    known = [key for key in known if key not in SECRETS]
    for key in table:
        if key not in known:
            near = get_close_matches(key, known, 1)
            raise UsageError(
                f"{where}: no setting {shortened(key)!r}",
                f"Did you mean {near[0]}?" if near else f"Settings: {', '.join(known)}.",
            )
