"""What a test needs and a machine may lack."""

import shutil
from typing import NoReturn

import pytest

is_failure = False
"""Whether every test has to run, so that what is missing is a failure."""


def missing(what: str, remedy: str) -> NoReturn:
    """Leave a test out for want of something; with `--all`, fail it."""
    if is_failure:
        pytest.fail(f"{what} is missing: {remedy}")
    pytest.skip(f"{what} is missing ({remedy})")


def program(name: str, *other_names: str) -> str:
    """Return the path of a program, or leave the test out without it."""
    for each in (name, *other_names):
        if found := shutil.which(each):
            return found
    missing(name, f"apt-get install {name}")
