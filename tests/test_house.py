"""The walls of the house: which room may import which."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "coursectl"

FLOORS = (
    ("coursectl.__main__",),
    ("coursectl.cli",),
    ("coursectl.survey", "coursectl.comparison", "coursectl.second_process"),
    ("coursectl.gather", "coursectl.streams"),
    ("coursectl.aside", "coursectl.pager"),
    ("coursectl.render", "coursectl.sources"),
    ("coursectl.keychain",),
    ("coursectl.settings", "coursectl.roster"),
    ("coursectl.places", "coursectl.files", "coursectl.address", "coursectl.own_files"),
    ("coursectl.login_hints",),
    ("coursectl.access",),
    ("coursectl.printable",),
    (
        "coursectl.deadline",
        "coursectl.ending",
        "coursectl.redaction",
        "coursectl.threads",
        "coursectl.second_interpreter",
        "coursectl.signals",
        "coursectl.whole_writes",
    ),
    ("coursectl.errors", "coursectl"),
)
"""From the top down: a room imports itself and rooms on lower floors."""

OWNERS = {
    "typer": ("coursectl.cli",),
    "requests": ("coursectl.sources.api",),
    "urllib3": ("coursectl.sources.api",),
    "rich": ("coursectl.render.table", "coursectl.render.screen", "coursectl.streams"),
    "tabulate": ("coursectl.render.lined_up",),
    "jwt": ("coursectl.sources.api.tokens",),
    "oauthlib": ("coursectl.sources.api",),
    "keyring": ("coursectl.keychain",),
    "filelock": ("coursectl.keychain",),
    "platformdirs": ("coursectl.places",),
    "tomlkit": ("coursectl.settings",),
    "jinja2": ("coursectl.render.html",),
    "xlsxwriter": ("coursectl.render.xlsx",),
    "pyarrow": ("coursectl.render.parquet",),
    "sqlite3": ("coursectl.comparison", "coursectl.roster.seen_ids"),
}
"""Libraries that only these rooms know."""


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            names |= {
                f"{node.module}.{alias.name}"
                if f"{node.module}.{alias.name}" in MODULES
                else str(node.module)
                for alias in node.names
            }
    return names


def is_in(module: str, room: str) -> bool:
    return module == room or (room != "coursectl" and module.startswith(f"{room}."))


def floor_of(module: str) -> int:
    return next(
        number for number, rooms in enumerate(FLOORS) if any(is_in(module, r) for r in rooms)
    )


def room_of(module: str) -> str:
    return next(room for rooms in FLOORS for room in rooms if is_in(module, room))


@pytest.mark.slow
@pytest.mark.parametrize("module", MODULES)
def test_imports_run_downward_only(module):
    ours = {name for name in imports(MODULES[module]) if name.partition(".")[0] == "coursectl"}
    upward = {
        name
        for name in ours
        if room_of(name) != room_of(module) and floor_of(name) <= floor_of(module)
    }
    assert not upward


@pytest.mark.slow
@pytest.mark.parametrize("module", MODULES)
def test_a_library_is_known_to_its_own_rooms_only(module):
    for name in imports(MODULES[module]):
        owners = OWNERS.get(name.partition(".")[0])
        assert owners is None or any(is_in(module, owner) for owner in owners), name


def test_no_module_is_a_drawer_for_everything():
    last_names = {name.rpartition(".")[2] for name in MODULES}
    assert last_names.isdisjoint({"utils", "helpers", "common", "misc"})


@pytest.mark.parametrize("module", [name for name in MODULES if ".roster" in name])
def test_the_roster_knows_no_file_no_clock_and_no_network(module):
    assert imports(MODULES[module]).isdisjoint({"os", "io", "time", "socket", "pathlib", "sys"})
    assert ".now(" not in MODULES[module].read_text(encoding="utf-8")


def test_the_version_stands_in_one_place_and_nothing_beside_it():
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    assert [type(node) for node in tree.body] == [ast.Expr, ast.Assign]
