"""An API server with Kikkake installed, gateways that serve it, and teams that use it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster.serving import Serving, assert_nothing_went_wrong, free_the_lease
from tests.cluster.team import Team
from tests.manifests.cluster import Cluster
from tests.manifests.conftest import install
from tests.stories.background import Background


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Installed by the one command of docs/install.md."""
    yield from install(tmp_path_factory, "manifests")


@pytest.fixture(scope="module")
def serving(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One gateway for all tests of a file: they leave it running."""
    gateway = Serving(cluster, tmp_path_factory.mktemp("serving"))
    gateway.start()
    yield gateway
    assert gateway.stop() == 0
    assert_nothing_went_wrong(gateway)


@pytest.fixture
def gateways(cluster: Cluster, tmp_path: Path) -> Iterator[Callable[..., Serving]]:
    """Makes gateways that are not started yet, each with a store of its own; a test may do to them what it likes."""
    made: list[Serving] = []

    def make(**options: str) -> Serving:
        made.append(Serving(cluster, tmp_path / f"gateway-{len(made)}", **options))
        return made[-1]

    yield make
    for gateway in made:
        gateway.kill()
    free_the_lease(cluster)
    for gateway in made:
        assert_nothing_went_wrong(gateway)


@pytest.fixture
def team(cluster: Cluster) -> Iterator[Team]:
    """An enabled namespace; whoever serves next has nothing to do with it any more."""
    found = Team(cluster)
    yield found
    found.disable()


@pytest.fixture
def other(cluster: Cluster) -> Iterator[Team]:
    """Another one."""
    found = Team(cluster)
    yield found
    found.disable()


@pytest.fixture
def background() -> Iterator[Background]:
    found = Background()
    yield found
    found.close()
