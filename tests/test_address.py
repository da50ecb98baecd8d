"""Addresses: one host in whichever writing."""

import pytest

from coursectl.address import ascii_host, community_of, community_url, host_of


@pytest.mark.parametrize(
    "url",
    [
        "https://bücher.example",
        "https://Bücher.Example/course/42/",
        "https://bu\u0308cher.example",
        "https://bücher.example.",
        "https://bücher\u3002example",
        "https://xn--bcher-kva.example",
        "https://XN--BCHER-KVA.example.:443/",
        "HTTPS://xn--bcher-kva.example:443",
    ],
)
def test_a_host_in_any_writing_is_one_host(url):
    assert host_of(url) == ("xn--bcher-kva.example", None)
    assert community_of(url) == "xn--bcher-kva.example"
    assert community_url(url) == "https://xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://bücher.example", "https://bucher.example"),
        ("https://straße.example", "https://strasse.example"),
        ("https://a.example", "https://a.example.b"),
        ("https://a.example", "https://a.example:444"),
        ("https://a.example:80", "http://a.example"),
        ("https://[::1]", "https://[::2]"),
    ],
)
def test_other_hosts_stay_apart(one, other):
    assert host_of(one) != host_of(other)


def test_an_ipv6_address_has_one_writing():
    assert host_of("https://[2001:DB8:0:0::1]:443") == ("2001:db8::1", None)
    assert community_url("https://[2001:DB8:0:0::1]:443") == "https://[2001:db8::1]"


@pytest.mark.parametrize("host", ["bü_cher.example", "ü..example", "ü" * 64])
def test_what_is_no_name_is_none(host):
    with pytest.raises(ValueError):
        ascii_host(host)


def test_what_is_no_address_is_compared_as_it_stands():
    assert community_of("nowhere") == "nowhere"
    assert community_of("https://ü..example") == "https://ü..example"
