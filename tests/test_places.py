from pathlib import Path

import platformdirs
import pytest

from coursectl.places import config_file, seen_courses_path


@pytest.mark.parametrize("base", [None, "", "/elsewhere", "/with/slash/"])
def test_a_persons_folders_are_those_that_platformdirs_names(base, monkeypatch):
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        if base is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, base)
    config = platformdirs.user_config_path("coursectl", appauthor=False)
    cache = platformdirs.user_cache_path("coursectl", appauthor=False)
    assert config_file() == config / "config.toml"
    assert Path(seen_courses_path()) == cache / "courses"


@pytest.mark.parametrize("base", ["relative", " /blank"])
def test_a_folder_that_is_not_absolute_counts_for_nothing(base, monkeypatch):
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    usual = config_file(), seen_courses_path()
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, base)
    assert (config_file(), seen_courses_path()) == usual


def test_where_there_is_no_such_standard_platformdirs_is_asked(monkeypatch):
    monkeypatch.setattr("sys.platform", "darwin")
    assert (
        config_file() == platformdirs.user_config_path("coursectl", appauthor=False) / "config.toml"
    )
