"""The real Helm, built from its Go module, and how a test calls it."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.servers.go_tool import GoTool, required_version

_FOLDER = Path(__file__).parent / "helm"
_TIMEOUT_S = 100


def _ldflags() -> str:
    """As Helm's own build: its version, and the Kubernetes version that `helm template` renders for."""
    _, minor, _ = required_version(_FOLDER, "k8s.io/client-go").split(".")
    util = "helm.sh/helm/v3/pkg/chartutil"
    flags = {
        "helm.sh/helm/v3/internal/version.version": required_version(_FOLDER, "helm.sh/helm/v3"),
        "helm.sh/helm/v3/pkg/lint/rules.k8sVersionMajor": "1",
        "helm.sh/helm/v3/pkg/lint/rules.k8sVersionMinor": minor,
        f"{util}.k8sVersionMajor": "1",
        f"{util}.k8sVersionMinor": minor,
    }
    return " ".join(f"-X {name}={value}" for name, value in flags.items())


HELM = GoTool(name="helm", folder=_FOLDER, package="helm.sh/helm/v3/cmd/helm", ldflags=_ldflags())


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What it answered."""

    code: int
    out: str
    err: str


def helm(home: Path, *arguments: str | Path) -> Said:
    """Run Helm with its caches and settings in `home`; it has to be built."""
    binary = HELM.find()
    assert binary is not None, "Helm is not built: `make servers` does it"
    places = {name: str(home / name.lower()) for name in ("CACHE", "CONFIG", "DATA")}
    run = subprocess.run(
        [binary, *arguments],
        env={**os.environ, **{f"HELM_{name}_HOME": place for name, place in places.items()}},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    return Said(code=run.returncode, out=run.stdout, err=run.stderr)
