"""The functions of Masterminds/sprig 3.3.0 for templates, by family; with text/template they are upstream's language.

    compile_template(text, FUNCTIONS, methods=METHODS)

`FUNCTIONS` knows all names, and imports a family's module when one of its functions is first asked for: the crypto
family costs a fifth of a second. What differs on purpose is in docs/reference/differences/sprig_text.md and its
neighbours.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import Final

from events.languages.go_template.functions import Function

_FAMILIES: Final[Mapping[str, str]] = {
    "casing": "camelcase kebabcase lower snakecase swapcase title untitle upper",
    "conversion": "atoi float64 int int64 toDecimal",
    "crypto": """adler32sum bcrypt buildCustomCert decryptAES derivePassword encryptAES genCA genCAWithKey genPrivateKey
        genSelfSignedCert genSelfSignedCertWithKey genSignedCert genSignedCertWithKey htpasswd sha1sum sha256sum
        sha512sum""",
    "cutting": "abbrev abbrevboth initials nospace substr trunc wrap wrapWith",
    "dates": """ago date dateInZone dateModify date_in_zone date_modify duration durationRound htmlDate htmlDateInZone
        mustDateModify mustToDate must_date_modify now toDate unixEpoch""",
    "defaults": "all any coalesce default empty fail hello ternary",
    "dicts": "deepCopy dict dig get hasKey keys mustDeepCopy omit pick pluck set unset values",
    "encoding": "b32dec b32enc b64dec b64enc",
    "json_reading": "fromJson mustFromJson",
    "json_writing": "mustToJson mustToPrettyJson mustToRawJson toJson toPrettyJson toRawJson",
    "lists": """append chunk compact concat first has initial last list mustAppend mustChunk mustCompact mustFirst
        mustHas mustInitial mustLast mustPrepend mustPush mustRest mustReverse mustSlice mustUniq mustWithout prepend
        push rest reverse slice tuple uniq without""",
    "math": """add add1 add1f addf biggest ceil div divf floor max maxf min minf mod mul mulf round seq sub subf until
        untilStep""",
    "merging": "merge mergeOverwrite mustMerge mustMergeOverwrite",
    "network": "env expandenv getHostByName",
    "paths": "base clean dir ext isAbs osBase osClean osDir osExt osIsAbs",
    "randomness": "randAlpha randAlphaNum randAscii randBytes randInt randNumeric uuidv4",
    "reflection": "deepEqual kindIs kindOf typeIs typeIsLike typeOf",
    "regex": """mustRegexFind mustRegexFindAll mustRegexMatch mustRegexReplaceAll mustRegexReplaceAllLiteral
        mustRegexSplit regexFind regexFindAll regexMatch regexQuoteMeta regexReplaceAll regexReplaceAllLiteral
        regexSplit""",
    "semver": "semver semverCompare",
    "strings": """cat contains hasPrefix hasSuffix indent join nindent plural quote repeat replace shuffle sortAlpha
        split splitList splitn squote toString toStrings trim trimAll trimPrefix trimSuffix trimall""",
    "url": "urlJoin urlParse",
}
"""The names of each module, so that a name is known without an import."""


class _Families(Mapping[str, Function]):
    """All functions by name; a module is imported when one of its functions is asked for."""

    def __init__(self) -> None:
        self._module_of = {name: module for module, names in _FAMILIES.items() for name in names.split()}
        self._known: dict[str, Function] = {}

    def __getitem__(self, name: str) -> Function:
        function = self._known.get(name)
        if function is None:
            family = importlib.import_module(f"{__name__}.{self._module_of[name]}")
            functions: Mapping[str, Function] = family.FUNCTIONS
            self._known.update(functions)
            function = self._known[name]
        return function

    def __contains__(self, name: object) -> bool:
        return name in self._module_of

    def __iter__(self) -> Iterator[str]:
        return iter(self._module_of)

    def __len__(self) -> int:
        return len(self._module_of)


FUNCTIONS: Final[Mapping[str, Function]] = _Families()
"""Every function of `sprig.TxtFuncMap()`, 211 names."""
