"""Where the resources of an apiVersion live: no text of a tenant leads anywhere else."""

import pytest

from events.ports import KindUnknown
from kikkake.kube_discovery import api_path


@pytest.mark.parametrize(
    ("api_version", "path"),
    [
        ("v1", "/api/v1"),
        ("apps/v1", "/apis/apps/v1"),
        ("argoproj.io/v1alpha1", "/apis/argoproj.io/v1alpha1"),
        ("rbac.authorization.k8s.io/v1beta1", "/apis/rbac.authorization.k8s.io/v1beta1"),
    ],
)
def test_the_core_has_a_place_of_its_own(api_version, path):
    assert api_path(api_version) == path


@pytest.mark.parametrize(
    "api_version",
    [
        "",
        "v1/../../metrics",
        "../v1",
        "apps/v1/namespaces/x",
        "apps//v1",
        "/v1",
        "apps/v1?watch=1",
        "apps/v1#",
        "apps/v1\n",
        "apps/1",
        "%2e%2e/v1",
        "Apps/v1",
        "v1 ",
    ],
)
def test_what_is_no_group_and_version_is_refused_and_asked_nowhere(api_version):
    with pytest.raises(KindUnknown, match="is no apiVersion; write VERSION or GROUP/VERSION"):
        api_path(api_version)
