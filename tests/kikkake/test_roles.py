"""Roles: the fewest rules that allow what is needed, and nothing else."""

import itertools

import yaml
from hypothesis import given
from hypothesis import strategies as st

from events.resource import read_documents
from kikkake.grants import Account, guess_resource
from kikkake.roles import allows, grant_documents, grants_of, role_name, rules_of, yaml_of
from sensors.access import Access, Needs

DEFAULT = Account("ci", "default")
VERBS = ("get", "list", "watch", "create", "update", "patch", "delete")
KINDS = (("v1", "Secret"), ("v1", "ConfigMap"), ("batch/v1", "Job"), ("argoproj.io/v1alpha1", "Workflow"))


def access(verb, kind=KINDS[0], name="", namespace="ci"):
    return Access(verb=verb, api_version=kind[0], kind=kind[1], namespace=namespace, name=name)


ACCESSES = st.builds(access, st.sampled_from(VERBS), st.sampled_from(KINDS), st.sampled_from(("", "a", "b")))


@given(st.sets(ACCESSES, max_size=12))
def test_the_rules_allow_what_is_needed_and_nothing_else(needed):
    rules = rules_of(needed, guess_resource)
    for verb, kind, name in itertools.product(VERBS, KINDS, ("", "a", "b", "c")):
        wanted = access(verb, kind, name)
        is_needed = wanted in needed or access(verb, kind) in needed
        assert allows(rules, wanted, guess_resource) is is_needed, wanted


@given(st.sets(ACCESSES, max_size=12))
def test_no_rule_can_be_left_out(needed):
    rules = rules_of(needed, guess_resource)
    for index in range(len(rules)):
        rest = [rule for number, rule in enumerate(rules) if number != index]
        assert not all(allows(rest, each, guess_resource) for each in needed)


@given(st.permutations([access("get", name="b"), access("watch", name="a"), access("get", name="a")]))
def test_the_order_in_which_needs_were_found_does_not_show(needed):
    assert rules_of(needed, guess_resource) == rules_of(sorted(needed), guess_resource)


def test_names_that_take_the_same_share_a_rule():
    needed = [access(verb, name=name) for name in ("b", "a") for verb in ("watch", "get")]
    assert rules_of(needed, guess_resource) == [
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["a", "b"], "verbs": ["get", "watch"]}
    ]


def test_a_subresource_is_a_resource_of_its_own():
    needed = Access(verb="update", api_version="v1", kind="Pod", namespace="ci", subresource="status")
    [rule] = rules_of([needed], guess_resource)
    assert rule["resources"] == ["pods/status"]
    assert allows([rule], needed, guess_resource)


def test_each_place_has_one_role_and_one_binding_and_strangers_are_told_whose_word_it_is():
    needs = Needs(
        (
            access("get", name="token"),
            access("create", KINDS[2], namespace="prod"),
            access("create", ("v1", "Namespace"), namespace=None),
        )
    )
    grants = grants_of({DEFAULT: needs}, guess_resource)
    assert [(grant.namespace, grant.name, grant.is_foreign) for grant in grants] == [
        ("ci", "kikkake-default", False),
        ("prod", "kikkake-ci-default", True),
        (None, "kikkake-ci-default", True),
    ]
    text = yaml_of(grant_documents(grants))
    assert "the owner of prod decides" in text
    assert "an administrator of the cluster decides" in text
    documents = list(yaml.safe_load_all(text))
    assert [document["kind"] for document in documents] == [
        *("Role", "RoleBinding", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")
    ]
    assert {document["subjects"][0]["namespace"] for document in documents[1::2]} == {"ci"}
    assert {document["metadata"]["name"] for document in documents[2:]} == {"kikkake-ci-default"}


def test_accounts_of_one_name_from_two_namespaces_do_not_take_each_others_role():
    assert role_name(Account("a", "bot"), "prod") != role_name(Account("b", "bot"), "prod")


def test_a_kind_that_was_guessed_is_marked():
    needs = Needs((access("create", ("tekton.dev/v1", "PipelineRun")),))
    text = yaml_of(grant_documents(grants_of({DEFAULT: needs}, guess_resource)))
    assert "No API server was asked how the plural of PipelineRun is: check it." in text


def test_the_text_is_read_as_it_was_meant():
    needs = Needs(tuple(access("get", name=name) for name in ("yes", "12", "a: b", "null")))
    documents, findings = read_documents(
        yaml_of(grant_documents(grants_of({DEFAULT: needs}, guess_resource))), "x"
    )
    assert findings == []
    assert documents[0].value["rules"][0]["resourceNames"] == ["12", "a: b", "null", "yes"]
