import pytest

from tests.conftest import require
from tests.manifests.cluster import installed


def install(tmp_path_factory, folder):
    require("kube")
    require("kubectl")
    with installed(tmp_path_factory.mktemp("cluster"), folder) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """Installed by the one command of docs/install.md."""
    yield from install(tmp_path_factory, "manifests")


@pytest.fixture(scope="session")
def strict_cluster(tmp_path_factory):
    """The strict variant."""
    yield from install(tmp_path_factory, "manifests/overlays/strict")


@pytest.fixture(scope="session")
def cluster_with_controllers(tmp_path_factory):
    """With what a controller manager makes of the manifests."""
    require("controllers")
    for cluster in install(tmp_path_factory, "manifests"):
        cluster.server.start_controller_manager()
        yield cluster
