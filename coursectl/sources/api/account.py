"""Whom the community takes one for: `GET /api/v2/user/me/`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, TypeAdapter, ValidationError

from coursectl.errors import InvalidData
from coursectl.printable import shortened

if TYPE_CHECKING:
    from coursectl.sources.api.client import Api


@dataclass(frozen=True, slots=True)
class Account:
    """The account behind the credentials. The names are foreign text."""

    id: Annotated[int, Field(strict=True)]
    username: str | None = None
    real_name: str | None = None

    def __str__(self) -> str:
        """Name it in words that are safe to print."""
        names = [shortened(name) for name in (self.real_name, self.username) if name]
        first, *rest = [*names, f"id {self.id}"]
        return f"{first} ({', '.join(rest)})" if rest else first


def account(api: "Api") -> Account:
    """Ask who one is. Raises AccessDenied, InvalidData, ServerError."""
    body, where = api.get("/api/v2/user/me/")
    try:
        return TypeAdapter(Account).validate_json(body)
    except ValidationError:
        raise InvalidData(
            f"{where}: the server answered, but not with an account",
            "Check the community's URL.",
        ) from None
