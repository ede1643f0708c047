import ipaddress

import pytest

from sensors.addresses import AddressPolicy, policy_for
from sensors.git_call import Reachable

CLUSTER = AddressPolicy.of_a_cluster("10.2.3.4", "fd00::4")


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
        ("fd00:ec2::253", "private"),
        ("fd00:ec2::254", "a cloud's metadata service"),
        ("100.100.100.200", "a cloud's metadata service"),
        ("168.63.129.16", "a cloud's metadata service"),
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


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("127.0.0.1", "loopback"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("0.0.0.0", "this host"),
        ("::", "this host"),
        ("169.254.169.254", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("fd00:ec2::254", "a cloud's metadata service"),
        ("100.100.100.200", "a cloud's metadata service"),
        ("10.2.3.4", "the gateway's own"),
        ("::ffff:10.2.3.4", "the gateway's own"),
        ("fd00::4", "the gateway's own"),
        ("10.2.3.5", ""),
        ("172.16.0.1", ""),
        ("100.64.0.1", ""),
        ("240.0.0.7", ""),
        ("fd00::5", ""),
        ("8.8.8.8", ""),
    ],
)
def test_in_a_cluster_its_pods_and_services_are_reached_and_the_gateway_and_its_node_are_not(address, why):
    assert CLUSTER.refusal(address) == why


def test_in_a_cluster_a_strict_sensor_reaches_no_inner_address_either():
    policy = policy_for(CLUSTER, is_strict=True)

    assert policy is not None
    assert policy.refusal("10.2.3.5") == "private"
    assert not policy.uses_proxies
    assert policy_for(CLUSTER, is_strict=False) is CLUSTER
    assert policy_for(None, is_strict=False) is None


def test_what_an_operator_allows_is_reached_by_strict_sensors_too():
    policy = AddressPolicy.of_a_cluster("127.0.0.1", allowed=(ipaddress.ip_network("127.0.0.0/8"),))

    assert (policy.refusal("127.0.0.1"), policy.strictly.refusal("127.0.0.1")) == ("", "")


def test_a_policy_is_the_same_in_the_process_that_reads_a_repository():
    for policy in (None, AddressPolicy(), CLUSTER, CLUSTER.strictly):
        reach = Reachable.of(policy)
        assert (reach.policy if reach is not None else None) == policy
