"""What is kept of an odd answer with tokens, and what is refused."""

import json
from time import perf_counter

import pytest

from coursectl.sources.api.token_answer import tokens_in

PAIR = {"access_token": "an-access-token", "refresh_token": "a-refresh-token"}
DEEP = 100_000


def with_life(life: str) -> bytes:
    return json.dumps(PAIR).encode()[:-1] + b', "expires_in": ' + life.encode() + b"}"


@pytest.mark.parametrize(
    ("life", "seconds"),
    [
        ("36000", 36000),
        ('"36000"', 36000),
        ('" 36000.0 "', 36000),
        ("36000.5", 36000.5),
        ("1e4", 10_000),
        ("1" + "0" * 400, None),
        ('"1' + "0" * 4_000 + '"', None),
        ("1e18", None),
        ("1e999", None),
        ("Infinity", None),
        ("-Infinity", None),
        ("NaN", None),
        ('"inf"', None),
        ('"nan"', None),
        ('"soon"', None),
        ("-1", None),
        ("0", None),
        ("true", None),
        ("null", None),
        ("[36000]", None),
        ('{"seconds": 36000}', None),
        ("[" * DEEP + "]" * DEEP, None),
    ],
    ids=range(22),
)
def test_whatever_is_said_of_its_life_the_pair_is_kept(life, seconds):
    found = tokens_in(with_life(life))

    assert (found.access, found.refresh) == tuple(PAIR.values())
    assert found.life == seconds


@pytest.mark.parametrize("field", ["scope", "token_type", "id_token", "error"])
@pytest.mark.parametrize("value", [None, 5, True, ["read", {}], {"a": []}, "", "mac", "x" * 5_000])
def test_whatever_stands_beside_it_the_pair_is_kept(field, value):
    found = tokens_in(json.dumps(PAIR | {field: value}).encode())

    assert (found.access, found.refresh) == tuple(PAIR.values())


@pytest.mark.parametrize("text", [b"\\ud800", b"\xff", b"a\tb", b"\\q"])
def test_a_text_that_cannot_be_read_does_not_cost_the_pair(text):
    pair = json.dumps(PAIR).encode()[1:-1]

    for document in (b'{%b, "scope": "%b"}' % (pair, text), b'{"%b": 1, %b}' % (text, pair)):
        found = tokens_in(document)
        assert (found.access, found.refresh) == tuple(PAIR.values())


def test_of_half_an_answer_the_pair_is_kept_once_both_are_there():
    document = json.dumps({"scope": "read", **PAIR, "expires_in": 36000}).encode()
    both = document.index(b', "expires_in"')

    for end in range(both):
        assert tokens_in(document[:end]) is None
    for end in range(both, len(document)):
        found = tokens_in(document[:end])
        assert (found.access, found.refresh) == tuple(PAIR.values())


def test_a_token_that_cannot_be_read_is_none():
    odd = b'{"access_token": "an-access-token", "refresh_token": "\\ud800"}'

    found = tokens_in(odd)
    assert (found.access, found.refresh) == ("an-access-token", None)
    assert tokens_in(b'{"access_token": "\xff"}') is None


@pytest.mark.parametrize("piece", [b'\\"', b"\\\\", b'"', b'{"', b"a "])
def test_an_answer_is_read_in_time_proportional_to_it(piece):
    document = b'{"access_token": "abc", "scope": "' + piece * (1_000_000 // len(piece))

    began = perf_counter()
    assert tokens_in(document) is None
    assert perf_counter() - began < 10


@pytest.mark.parametrize("is_first", [True, False])
def test_a_pair_beside_what_is_nested_too_deep_is_kept(is_first):
    deep = '"more": ' + '{"access_token": "not-this", "a": [' * DEEP + "]}" * DEEP
    pair = f'{json.dumps(PAIR)[1:-1]}, "expires_in": 300, "scope": "a\\"]}}"'
    document = f"{{{pair}, {deep}}}" if is_first else f"{{{deep}, {pair}}}"

    found = tokens_in(document.encode())
    assert (found.access, found.refresh, found.life) == (*PAIR.values(), 300)


@pytest.mark.parametrize("refresh", [None, 5, "", "two words", "ä", ["a"]])
def test_a_refresh_token_that_is_none_does_not_cost_the_access_token(refresh):
    found = tokens_in(json.dumps(PAIR | {"refresh_token": refresh}).encode())

    assert (found.access, found.refresh) == (PAIR["access_token"], None)


def test_the_answer_may_be_a_form():
    found = tokens_in(b"access_token=abc&refresh_token=def&expires_in=300&token_type=bearer")

    assert (found.access, found.refresh, found.life) == ("abc", "def", 300)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"null",
        b"<html>",
        b"\xff\xfe",
        b"[]",
        b'{"access_token": ""}',
        b'{"access_token": ["a"]}',
        b'{"access_token": "a\\u0000b"}',
        b'{"access_token": "abc", "refresh',
        b'{"a":' * DEEP + b"1" + b"}" * DEEP,
        b"[" * DEEP,
        b'{"a": {"access_token": "abc"' + b"[" * DEEP + b"]" * DEEP + b"}}",
    ],
    ids=range(12),
)
def test_an_answer_without_an_access_token_is_none(document):
    assert tokens_in(document) is None
