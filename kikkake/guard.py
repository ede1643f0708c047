"""The first import of the command: `events`, `sources` and `sensors` must be ours.

Other distributions own these import names too (`Events`, `PySensors` and `sources` of the public index), and
installing one of them beside us replaces our files without a word; so does a folder of that name that comes
earlier on the path. This module imports nothing of ours, since that could already be the wrong one.

It reads the installed distributions' own lists of files: `importlib.metadata.packages_distributions` gives
the same answer in 39 ms (62 distributions), this in 7 ms, of the 150 ms that `kikkake --help` may take.
"""

import importlib.util
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

NAMES = ("events", "sources", "sensors", "kikkake")
_OUR_DISTRIBUTION = "kikkake"
_EXIT_CODE = 3  # the outside world is wrong, not the user's files

_LISTINGS = ("RECORD", "top_level.txt")
"""What installed wheels and older installs say about their files: one path and more, or one name, a line."""


def check() -> None:
    """Return when our packages are ours; otherwise end the process with a sentence that says what to do."""
    problems = [*foreign_claims(sys.path), *misplaced_packages(Path(__file__).parent.parent)]
    if problems:
        sys.stderr.write("".join(f"kikkake: {problem}\n" for problem in problems))
        sys.exit(_EXIT_CODE)


def foreign_claims(path: Iterable[str]) -> Iterator[str]:
    """One sentence for each other distribution on `path` that installs files under one of our names."""
    for folder in dict.fromkeys(path):
        if not folder.endswith(("site-packages", "dist-packages")):
            continue
        for metadata in sorted(Path(folder).glob("*-info")):
            distribution = metadata.name.split("-")[0]
            if distribution.lower() == _OUR_DISTRIBUTION:
                continue
            for name in sorted(_claimed(metadata)):
                yield (
                    f"the distribution {distribution} installs files under the name {name!r}, which is ours, and may "
                    "have replaced them: give kikkake an environment of its own (pipx, or the container image)"
                )


def misplaced_packages(root: Path) -> Iterator[str]:
    """One sentence for each of our packages that would be imported from elsewhere than the folder `root`."""
    for name in NAMES:
        spec = importlib.util.find_spec(name)
        places = list(spec.submodule_search_locations or ()) if spec else []
        if str(root / name) not in places:
            found = places[0] if places else (spec.origin if spec else "nowhere")
            yield (
                f"the package {name!r} is found at {found} and should be at {root / name}: start "
                "the command `kikkake` itself, with nothing of that name in PYTHONPATH; if that does not help, "
                "install kikkake anew"
            )


def _claimed(metadata: Path) -> set[str]:
    lines = b"\n" + b"\n".join(_contents(metadata / listing) for listing in _LISTINGS) + b"\n"
    return {
        name for name in NAMES if any(b"\n" + name.encode() + end in lines for end in (b"/", b".py,", b"\n"))
    }


def _contents(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""
