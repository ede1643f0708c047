"""Asking a real API server what accounts may do."""

import pytest

from kikkake.grants import Account, guess_resource
from kikkake.migration.rights import ask_rights
from sensors.access import Access, Needs

pytestmark = pytest.mark.kube

GOOD, BAD = Account("ci", "good"), Account("ci", "bad")


def access(**more):
    return Access(**{"verb": "create", "api_version": "v1", "kind": "ConfigMap", "namespace": "ci", **more})


@pytest.mark.parametrize("more", [{"namespace": "web; touch x"}, {"namespace": "a/b"}, {"kind": "No Kind"}])
async def test_a_question_that_no_api_server_answers_ends_none_of_the_others(kube_client, more):
    needs = {BAD: Needs((access(), access(**more))), GOOD: Needs((access(),))}

    rights = await ask_rights(kube_client, needs, guess_resource)

    assert rights.missing[GOOD] == needs[GOOD]
    assert set(needs[BAD].accesses) <= set(rights.missing[BAD].accesses)
