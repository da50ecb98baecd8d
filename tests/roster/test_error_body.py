import json
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursectl.printable import printable
from coursectl.redaction import keep_secret
from coursectl.roster.error_body import message_in
from tests.roster.strategies import texts


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"detail": "Not found."}, "Not found."),
        ({"detail": ["One.", "Two."]}, "One.; Two."),
        ({"message": "Gone."}, "Gone."),
        ({"errors": [{"code": "denied", "message": "No way."}]}, "No way."),
        ({"errors": [{"code": "a", "message": "A."}, {"code": "b", "message": "B."}]}, "A.; B."),
        (
            {"errors": [{"field": "limit", "messages": [{"code": "max", "message": "Too big."}]}]},
            "limit: Too big.",
        ),
        (
            {
                "errors": [
                    {"field": "a", "messages": [{"message": "1"}, {"message": "2"}]},
                    {"field": "", "messages": [{"message": "3"}]},
                    {"field": None, "message": "4"},
                ]
            },
            "a: 1; a: 2; 3; 4",
        ),
        ({"errors": {"detail": "Nested."}}, "Nested."),
        (["One.", "Two."], "One.; Two."),
        ("Forbidden", "Forbidden"),
    ],
)
def test_the_message_is_found_in_each_shape_of_json(body, message):
    assert message_in(json.dumps(body).encode()) == message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html><head><title> 502 Bad\nGateway </title></head></html>", "502 Bad Gateway"),
        (b"<html><body><H1 class='x'>Down for repair</H1></body></html>", "Down for repair"),
        (b"<html><body><p>Sorry</p></body></html>", ""),
        (b"<title></title>", ""),
        (b"<title> </title><h1>Down</h1>", "Down"),
        (b"<title>Gateway", "Gateway"),
        (b"  upstream timed out\n", "upstream timed out"),
        ("zu spät".encode(), "zu spät"),
        (b"caf\xe9", "caf\ufffd"),
        (b"\x1b[31mred\x1b[0m \xe2\x80\xaetxt", "[31mred[0m txt"),
        (b"", ""),
        (b" \n ", ""),
    ],
)
def test_the_message_is_found_in_a_web_page_or_plain_text(body, message):
    assert message_in(body) == message


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b"null",
        b"true",
        b"502",
        b'{"count":0,"results":[]}',
        b'{"detail":null,"errors":[],"message":5,"messages":{}}',
        b'{"code":"denied"}',
    ],
)
def test_where_there_is_no_message_none_is_made_up(body):
    assert message_in(body) == ""


def test_a_message_is_cut_at_two_hundred_characters():
    assert message_in(b"x" * 1_000_000) == "x" * 199 + "…"
    assert message_in(b'{"detail":"%b"}' % (b"x" * 201)) == "x" * 199 + "…"
    assert message_in(b'{"detail":"%b"}' % (b"x" * 200)) == "x" * 200


@pytest.mark.parametrize("deep", [b"[" * 100_000, b'{"detail":' * 100_000])
def test_deep_nesting_does_no_harm(deep):
    assert len(message_in(deep)) <= 200


@settings(max_examples=200)
@given(
    body=st.binary(max_size=80)
    | texts().map(str.encode)
    | texts().map(lambda text: json.dumps({"detail": text, "field": text}).encode())
)
def test_whatever_a_server_says_is_one_printable_line(body):
    message = message_in(body)
    assert printable(message) == message
    assert len(message) <= 200


def test_messages_for_each_field_are_told_with_the_field():
    body = b'{"statuses": ["\\"x\\" is not a valid choice."], "limit": ["Too large.", "Really."]}'
    assert message_in(body) == (
        'statuses: "x" is not a valid choice.; limit: Too large.; limit: Really.'
    )


def test_a_secret_is_struck_out_however_it_was_written():
    keep_secret("un5peakable")
    body = b'{"detail": "bad un\\u0035peakable, very bad", "results": []}'
    assert message_in(body) == "bad ***, very bad"


@pytest.mark.parametrize(
    "body",
    [
        b"<h1>" + b" " * 1_000_000 + b"x",
        b"<h1>" * 1_000_000,
        b"<title" * 1_000_000,
        b"<title " + b"a=b " * 1_000_000,
        b'{"field":"%b","messages":[%b""]}' % (b"x" * 30_000, b'"a",' * 1_000_000),
        b'{"errors":[%b"b"]}' % (b'"",' * 1_000_000),
        b'{"detail":"%b"}' % (b"\x1b" * 4_000_000),
    ],
    ids=lambda body: repr(body[:20]),
)
def test_a_message_is_looked_for_in_no_time_whatever_there_is(body):
    began = process_time()
    message_in(body)
    assert process_time() - began < 0.5


def test_the_message_is_found_in_an_answer_that_is_cut_off():
    assert message_in(b'{"detail": "Down for repair", "trace": "%b"}' % (b"x" * 1_000_000)) == (
        "Down for repair"
    )
