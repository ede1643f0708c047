"""kubectl: the machine's own, else built from its Go module."""

import shutil
from pathlib import Path

from tests.servers.go_tool import GoTool, required_version

_FOLDER = Path(__file__).parent / "kubectl"


def _ldflags() -> str:
    """The version that it sends and compares: Kubernetes' 1.37.2 is 0.37.2 of its libraries."""
    _, minor, patch = required_version(_FOLDER, "k8s.io/kubectl").split(".")
    flags = {"gitVersion": f"v1.{minor}.{patch}", "gitMajor": "1", "gitMinor": minor}
    return " ".join(f"-X k8s.io/component-base/version.{name}={value}" for name, value in flags.items())


KUBECTL = GoTool(name="kubectl", folder=_FOLDER, package=".", ldflags=_ldflags())


def find_kubectl() -> Path | None:
    """Where it is, or None where it has to be built first."""
    found = shutil.which("kubectl")
    return Path(found) if found else KUBECTL.find()


def kubectl() -> str:
    """The program, for a command line; a test that calls it asks for `require("kubectl")` first."""
    return str(find_kubectl() or "kubectl")
