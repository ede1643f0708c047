"""Templates that ask for versions and constraints, by hand and drawn from a random generator."""

from collections.abc import Iterator
from random import Random

from tests.oracles.sprig_number_cases import VALUES

VERSIONS = (
    *["1.2.3", "v1.2.3", "1.2", "1", "0.0.0", "0.0.1", "0.1.0", "0.2.3", "1.0.0", "1.1.1", "2.0.0"],
    *["1.2.3-alpha", "1.2.3-alpha.1", "1.2.3-beta.2", "1.2.3-beta.11", "1.2.3-rc.1+meta"],
    *["1.2.3+meta.5", "11.1.0", "10.0.1", "0.0.0-a", "1.2.3-01", "1.2.3-0a", "01.2.3", "1.2.3.4", ""],
    *["x", "v", "V1.2.3", " 1.2.3", "1.2.3-", "1.2.3+", "1..3", "18446744073709551615.0.0"],
    *["18446744073709551616.0.0", "1.2.3-18446744073709551616", "1.2.3-é", "1.2.3-alpha..1", "0.0.3-x"],
    *["1.0.0-0", "2.0.0-rc.1", "1.2.3-a-b", "1.2.3--"],
)
_BASES = (
    *["1", "1.2", "1.2.3", "0", "0.0", "0.0.0", "0.0.3", "0.2", "0.2.3", "x", "*", "X", "1.x", "1.2.x"],
    *["1.*", "1.x.3", "v1.2.3", "11", "11.1", "1.2.3-alpha", "1.2.3-beta", "1.2-alpha", "0.0.0-a"],
    *["x-a", "1.x-a", "1.2.3+meta", "2", "10", "01", "1|2", "1x", "1.2.3.4", "", "18446744073709551616"],
    *["é", "1.2.3-01"],
)
_OPERATORS = ("", "=", "!=", ">", "<", ">=", "=>", "<=", "=<", "~", "~>", "^", "==", "><", "!", " ", "> ")


def constraint(random: Random) -> str:
    """One or more comparisons, joined in all ways."""
    parts = []
    for _ in range(random.choice((1, 1, 1, 2, 2, 3))):
        if random.random() < 0.12:
            part = (
                f"{random.choice(_BASES)}{random.choice((' - ', '  -  ', '-', ' -'))}{random.choice(_BASES)}"
            )
        else:
            part = random.choice(_OPERATORS) + random.choice(("", " ", "")) + random.choice(_BASES)
        parts += [part, random.choice((", ", " ", ",", " || ", "||", " , ", "  ", "|"))]
    return "".join(parts[:-1])


def versions() -> Iterator[str]:
    """Every version, its parts and its kin."""
    for version in VERSIONS:
        yield f'{{{{ semver "{version}" }}}}'
        yield (
            f'{{{{ $v := semver "{version}" }}}}'
            f"{{{{ $v.Major }}}}.{{{{ $v.Minor }}}}.{{{{ $v.Patch }}}} {{{{ $v.Prerelease }}}} "
            f"{{{{ $v.Metadata }}}} {{{{ $v.Original }}}} {{{{ $v.String }}}}"
        )
        yield (
            f'{{{{ $v := semver "{version}" }}}}{{{{ $v.IncMajor }}}} {{{{ $v.IncMinor }}}} '
            f'{{{{ $v.IncPatch }}}} {{{{ $v.SetPrerelease "rc.1" }}}} {{{{ $v.SetMetadata "x" }}}}'
        )
    for call in (
        *['SetPrerelease "01"', 'SetPrerelease "é"', 'SetMetadata "+"', "IncMajor.Original"],
        *["IncMajor.Major", "IncMajor.String", "Compare nil", "Equal nil", "Nope", 'LessThan "1"'],
        *['SetPrerelease ""', 'SetPrerelease "a..b"'],
    ):
        yield f'{{{{ (semver "1.2.3-a").{call} }}}}'
    yield (
        '{{ typeOf (semver "1.2.3") }} {{ kindOf (semver "1.2.3") }} '
        '{{ (semver "1.2.3").IncMajor | typeOf }} '
        '{{ printf "%v %s" (semver "1.2") (semver "2") }}'
    )
    for first in VERSIONS[:16]:
        for second in VERSIONS[:16]:
            yield (
                f'{{{{ $a := semver "{first}" }}}}{{{{ $b := semver "{second}" }}}}'
                f"{{{{ $a.Compare $b }}}} {{{{ $a.Equal $b }}}} {{{{ $a.LessThan $b }}}} "
                f"{{{{ $a.GreaterThan $b }}}} {{{{ $a.LessThanEqual $b }}}} "
                f"{{{{ $a.GreaterThanEqual $b }}}}"
            )
    for value in VALUES[:60]:
        yield f"{{{{ semver {value} }}}}{{{{ semverCompare {value} {value} }}}}"


def versions_elsewhere() -> Iterator[str]:
    """Versions in the hands of the other families."""
    for use in (
        *["{{ toJson $v }} {{ toJson (list $v) }}", "{{ quote $v }} {{ list $v }}", '{{ dict "a" $v }}'],
        *["{{ eq $v.Major 1 }} {{ gt $v.Minor 1 }}", '{{ printf "%d %v %s %T" $v.Major $v.Patch $v $v }}'],
        *[
            "{{ add $v.Major 1 }} {{ int $v.Minor }} {{ float64 $v.Patch }}",
            "{{ default 1 $v }} {{ int $v }}",
        ],
        *[
            "{{ $v.IncMajor.IncMinor }} {{ toJson $v.IncPatch }}",
            "{{ typeOf $v.Major }} {{ kindOf $v.IncMajor }}",
        ],
    ):
        yield f'{{{{ $v := semver "v1.2.3-rc.1+meta" }}}}{use}'


def comparison_at_random(random: Random) -> str:
    """A constraint on a version."""
    return f'{{{{ semverCompare "{constraint(random)}" "{random.choice(VERSIONS)}" }}}}'
