import inspect
import re

from coursectl import errors
from coursectl.errors import CoursectlError, ExitCode

CLASSES = [
    each
    for _, each in inspect.getmembers(errors, inspect.isclass)
    if issubclass(each, CoursectlError)
]


def test_each_exit_code_has_its_number():
    assert {code.name: code.value for code in ExitCode} == {
        "OK": 0,
        "BUG": 1,
        "USAGE": 2,
        "INVALID_DATA": 3,
        "ACCESS_DENIED": 4,
        "NOT_FOUND": 5,
        "SERVER_ERROR": 6,
        "INCOMPLETE_ROSTER": 7,
        "CHANGED": 8,
        "INTERRUPTED": 130,
    }


def test_each_exit_code_has_a_meaning_of_its_own():
    meanings = {code.meaning for code in ExitCode}
    assert all(meanings)
    assert len(meanings) == len(ExitCode)


def test_each_error_has_its_exit_code():
    assert {each.__name__: int(each.exit_code) for each in CLASSES} == {
        "CoursectlError": 1,
        "UsageError": 2,
        "InvalidData": 3,
        "AccessDenied": 4,
        "NotConfigured": 4,
        "NotFound": 5,
        "ServerError": 6,
        "IncompleteRoster": 7,
    }


def test_the_drawn_tree_is_the_tree_of_classes():
    drawn = {}
    above: list[str] = []
    for line in errors.__doc__.splitlines():
        if found := re.fullmatch(r"    ([│├└─ ]*)(\w+)(?: {2,}(\d+) .*)?", line):
            depth = len(found[1]) // 4
            above[depth:] = [found[2]]
            drawn[found[2]] = (above[depth - 1] if depth else "Exception", int(found[3] or 1))
    assert drawn == {
        each.__name__: (each.__base__.__name__, int(each.exit_code)) for each in CLASSES
    }


def test_an_error_keeps_its_message_and_its_hints():
    error = errors.NotFound("no such course", "Ask.", "Look.")
    assert str(error) == error.message == "no such course"
    assert error.hints == ("Ask.", "Look.")
    assert errors.NotFound("no such course").hints == ()
