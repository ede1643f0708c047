import ipaddress

import pytest

from sensors.addresses import AddressPolicy


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("127.0.0.1", "loopback"),
        ("127.255.255.254", "loopback"),
        ("0.0.0.0", "this host"),
        ("169.254.169.254", "link-local"),
        ("10.1.2.3", "private"),
        ("172.31.0.1", "private"),
        ("192.168.0.1", "private"),
        ("100.64.0.1", "carrier NAT"),
        ("224.0.0.1", "multicast"),
        ("255.255.255.255", "reserved"),
        ("::", "this host"),
        ("::1", "loopback"),
        ("fe80::1%eth0", "link-local"),
        ("fd00:ec2::254", "private"),
        ("ff02::1", "multicast"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::127.0.0.1", "loopback"),
        ("64:ff9b::7f00:1", "loopback"),
        ("64:ff9b::a9fe:a9fe", "link-local"),
        ("2002:7f00:1::", "loopback"),
        ("2001:0:4136:e378:8000:63bf:80ff:fffe", "loopback"),
        ("8.8.8.8", ""),
        ("172.32.0.1", ""),
        ("2606:4700::1111", ""),
        ("64:ff9b::808:808", ""),
    ],
)
def test_inner_addresses_are_refused_however_they_are_wrapped(address, why):
    assert AddressPolicy().refusal(address) == why


def test_an_operator_may_allow_networks():
    policy = AddressPolicy((ipaddress.ip_network("10.2.0.0/16"),))

    assert policy.refusal("10.2.3.4") == ""
    assert policy.refusal("::ffff:10.2.3.4") == ""
    assert policy.refusal("10.3.0.1") == "private"
    assert policy.refusal("fd00::1") == "private"
