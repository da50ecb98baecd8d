"""The README's commands and what they print."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Example:
    """A block of the README: commands with the output that stands below the last of them."""

    commands: tuple[str, ...]
    output: str

    def __str__(self) -> str:
        return self.commands[-1]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def examples() -> list[Example]:
    found = []
    for block in blocks("console"):
        lines = block.splitlines(keepends=True)
        commands = tuple(line[2:].strip() for line in lines if line.startswith("$ "))
        output = "".join(line for line in lines if not line.startswith("$ "))
        found.append(Example(commands, output))
    return found


def table_below(heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, its header aside."""
    section = README.partition(f"\n### {heading}\n")[2]
    table = re.search(r"^\|.*?(?=^[^|])", section, re.MULTILINE | re.DOTALL)
    assert table, f"no table below {heading}"
    rows = [line.strip("| \n").split(" | ") for line in table[0].splitlines()]
    return rows[2:]
