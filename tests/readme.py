"""What the README holds: commands and what they print, files, tables."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Example:
    """A block of the README: commands with the output that stands below the last of them."""

    commands: tuple[str, ...]
    output: str

    def __str__(self) -> str:
        return self.commands[-1]

    @property
    def is_login(self) -> bool:
        return " auth login " in str(self)


def languages() -> list[str]:
    """The languages of all blocks, in turn."""
    return [language for language, _ in _FENCED.findall(README)]


def blocks(language: str, heading: str | None = None) -> list[str]:
    """The blocks in a language, below a heading if one is named."""
    text = README if heading is None else section(heading)
    return [block for found, block in _FENCED.findall(text) if found == language]


def examples() -> list[Example]:
    found = []
    for block in blocks("console"):
        lines = block.splitlines(keepends=True)
        commands = tuple(line[2:].strip() for line in lines if line.startswith("$ "))
        output = "".join(line for line in lines if not line.startswith("$ "))
        found.append(Example(commands, output))
    return found


def section(heading: str) -> str:
    """What stands between a heading, given without its marks, and the next of its rank."""
    found = re.search(rf"^(##+) {re.escape(heading)}\n", README, re.MULTILINE)
    assert found, f"no heading {heading}"
    rest = README[found.end() :]
    end = re.search(rf"^#{{2,{len(found[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def table_below(heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, its header aside."""
    table = re.search(r"^\|.*?(?=^[^|]|\Z)", section(heading), re.MULTILINE | re.DOTALL)
    assert table, f"no table below {heading}"
    rows = [line.removeprefix("|").removesuffix("|") for line in table[0].strip().splitlines()]
    return [[cell.strip() for cell in row.split("|")] for row in rows[2:]]


@dataclass(frozen=True)
class Crontab:
    """A crontab as cron reads one: nothing is expanded, and a % ends a command."""

    settings: dict[str, str]
    jobs: list[tuple[str, str]]
    """When, and what the shell gets."""

    @classmethod
    def of(cls, text: str) -> "Crontab":
        settings, jobs = {}, []
        for line in text.splitlines():
            if setting := re.fullmatch(r"(\w+) *= *(.*)", line):
                settings[setting[1]] = setting[2]
            else:
                *when, command = line.split(None, 5)
                command = re.split(r"(?<!\\)%", command)[0].replace(r"\%", "%")
                jobs.append((" ".join(when), command))
        return cls(settings, jobs)


Unit = dict[str, list[tuple[str, str]]]
"""The settings of each section of a systemd unit, in turn; a name may occur repeatedly."""


def units() -> dict[str, str]:
    """The text of each systemd unit, by the path that a comment above it names."""
    found = {}
    for block in blocks("ini"):
        _, *parts = re.split(r"^# (/\S+)\n", block, flags=re.MULTILINE)
        found.update(zip(parts[::2], parts[1::2], strict=True))
    return found


def unit(text: str) -> Unit:
    found: Unit = {}
    for line in filter(None, text.splitlines()):
        if line.startswith("["):
            settings = found.setdefault(line.strip("[]"), [])
        else:
            name, _, value = line.partition("=")
            settings.append((name, value))
    return found
