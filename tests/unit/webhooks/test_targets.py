"""Nothing is sent inside a private network, however its address is written."""

from collections.abc import Sequence
from ipaddress import ip_address

import pytest

from shared.targets import Address, TargetError, checked_addresses, is_public, networks, read_target, resolve

INSIDE = networks("127.0.0.0/8, ::1/128")


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1", "172.16.0.1", "192.168.1.1", "127.0.0.1", "169.254.169.254", "0.0.0.1", "100.64.0.1", "224.0.0.1",
        "255.255.255.255", "168.63.129.16", "192.0.0.192", "::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254",
        "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::", "2001:db8::1",
    ],
)  # fmt: skip
def test_what_is_not_of_the_open_internet_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_the_open_internet_is(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "0177.0.0.1", "0x7f.1", "127.1", "[::1]", "[::ffff:7f00:1]", "localhost", "0"]
)
def test_every_spelling_of_this_machine_is_refused(host: str) -> None:
    with pytest.raises(TargetError, match="inside a private network"):
        checked_addresses(read_target(f"https://{host}/hook"), ())


@pytest.mark.parametrize(
    "url",
    ["ftp://a.example/", "https:///x", "https://a@b.example/", "https://a:b@b.example/", "file:///etc/passwd",
     "https://a.example/#x", "https://[::1", "https://a.example:99999/"],
)  # fmt: skip
def test_what_is_not_a_plain_https_address_is_refused(url: str) -> None:
    with pytest.raises(TargetError):
        read_target(url)


def answering(*addresses: str) -> object:
    def resolver(_host: str, _port: int) -> Sequence[Address]:
        return [ip_address(each) for each in addresses]

    return resolver


def test_one_private_address_among_public_ones_refuses_the_name() -> None:
    with pytest.raises(TargetError, match="private"):
        checked_addresses(read_target("https://a.example/"), (), answering("93.184.216.34", "10.0.0.1"))


def test_http_is_spoken_inside_allowed_networks_only() -> None:
    with pytest.raises(TargetError, match="https"):
        checked_addresses(read_target("http://a.example/"), INSIDE, answering("93.184.216.34"))
    assert checked_addresses(read_target("http://127.0.0.1:9/"), INSIDE, resolve) == [ip_address("127.0.0.1")]


def test_a_name_without_an_address_is_refused() -> None:
    with pytest.raises(TargetError, match="no address"):
        checked_addresses(read_target("https://nowhere.invalid/"), ())
