"""What the texts, patterns, URLs and documents of `sprig_text_cases` are made of."""

# fmt: off
FRAGMENTS = (
    "a", "b", "A", "B", "foo", "Bar", "HTTP", "Server", "2", "10", "3rd", " ", "  ", "-", "_", "__", ".",
    ",", "\n", "\t", "$", "é", "É", "ß", "ǆ", "ǅ", "Σ", "\u0131", "İ", "ŉ", "ᾳ", "中文", "\U0001f600", "\u00a0",
    "\u2028", "\u200b", "\u0085", "\x1c", "à", '"', "'", "<b>", "&", "\\", "`", "/", ":", "=",
    "hello world", "x-y_z", "'s", "日", "½", "٣", "\ufffd", "\x00", "\x7f",
)
SEPARATORS = (
    "", "a", "b", " ", "-", ",", ".", "$", "\n", "foo", "é", "aa", "_", "ab", "\u00a0", "  ", "\U0001f600",
)
NUMBERS = (
    "0", "1", "2", "3", "4", "5", "7", "8", "10", "20", "-1", "-2", "-3", "-5", "-20", "100",
    "(int .count)", "(len .l)",
)
KEYS = (
    "a", "b", "c", "", "é", "A", "1",
)
TYPE_NAMES = (
    "string", "int", "float64", "bool", "<nil>", "slice", "map", "ptr", "invalid", "int64",
    "semver.Version", "[]interface {}", "map[string]interface {}", "[]string", "*semver.Version", "struct",
)
PATTERNS = (
    "a", "b+", "a*", "", ".", "^", "$", "(a)(b)?", "(?i)FOO", "[a-c]+", "\\w+", "\\d+", "\\s", "\\bfoo\\b",
    "(?P<x>o+)", "a|b|", "[^a]", "(", ")", "[", "a**", "(?=a)", "\\8", "x{2,1}", "[z-a]", "\\", "(?P<n",
    "\\p{Foo}", "\\pL+", "é", "(?s).+", "(?m)^.", "a{2}", "*", "(?P<é>a)", "\\C", "[[:alpha:]]+",
    "[[:foo:]]", "\\Q(a\\E", "x{1001}", "(a*)*", "(a|ab)(c|bcd)?", "\\x{1F600}", "(?U)a+", "o{1,2}?",
)
PATTERN_PARTS = (
    "a", "b", "(", ")", "[", "]", "*", "+", "?", "|", "{2}", "{1,3}", ".", "^", "$", "\\b", "\\w", "\\d",
    "-", "é", "\\", "(?:", "(?i)", "(?P<n>", "\\pL", "[^", "[:alpha:]", "\\Q", "\\E", "{", "}", ",", "1",
    "o", "foo", "(?", "<", ">", ":", "P", "=",
)
REPLACEMENT_PARTS = (
    "$1", "${1}", "$0", "$$", "$", "${", "}", "$x", "${x}", "$1W", "${2}", "x", "-", "é", "$é", "$½x", "${½}", "${01}",
    "$10", "\\1", "${1", " ",
)
JSON_PARTS = (
    "{", "}", "[", "]", ",", ":", '"a"', '"b"', "1", "-", "0", "1.5", "1e3", "1e999", "true", "false",
    "null", "nul", "tru", " ", "\n", '"', '"\\u00e9"', '"\\ud800"', '"\\ud83d\\ude00"', '"\\x"', '"\\u12"',
    "é", "01", "1.", "2e", "'", "-0", "x", '"<&>"', "\t", "\x01", '{"a":1}', "[1,2]", '{"a":{"b":[]}}',
    "12345678901234567890", '{"a":1,"a":2}',
)
URL_PARTS = (
    "http", "https", "ftp", ":", "://", "//", "/", "host", "example.com", ":80", ":x", "@", "user",
    "user:pw", "?", "q=1", "&b=%20", "#", "frag", "%20", "%zz", "%", "é", " ", "[::1]", "[", "]", "%25eth0",
    "a", "..", ".", ";", "+", "*", "~", "<", ">", "|", '"', "\\", "^", "%41", "%e9", "mailto:a@b", "http://[",
    "]/", "::", "fe80:", "1.2.3.4", ":0", "\x7f",
    "!", "$", "'", "(", ",", "=", "1", "-", "%2F", "%25", "{}",
)
URLS = (
    "http://user:pw@host:80/p%20a/é?q=1#f%20g", "mailto:a@b?x", "//h/p", "/p?q", "a:b",
    "http://[fe80::1%25en0]:8/x", "*", "?", "http://h?", "http://h/?#", "http://h/a%2Fb", "http:///p",
    "s3:p/q", "http://:80", "/a?b?c#d#e", "HTTP://X", "http://a:b:1/", "http:/p", "http://u@/",
)
PATH_PARTS = (
    "/", "//", "a", "b.c", ".", "..", "...", ".x", "é", "a.tar.gz", " ", "c",
)
ENCODED_PARTS = (
    "YQ==", "aMOp", "Y", "YW", "=", "==", "\n", "NB2HI4A=", "NB", "======", "NB2H", "I4", "A", "-", "_",
    "/w==", "é", "7", "1", "===", "+/", "MFRA====",
)
TEXT_EXPRESSIONS = ('"\\xff"', '(b64dec "4oKsaP9h")', '"a\\xe2\\x82b"', '""', "nil", ".none")
LISTS = (
    ".l", ".l", ".l", '(list 1 2 1 "a" nil)', "(list)", '(splitList "," "b,a,b")', "(until 4)", "(chunk 2 .l)",
    "(list .l .m .l)", "(list 1.0 1 true 0 nil nil)", "nil", ".none", '(list "" 0 .m (dict))', ".v",
    "(concat)", '"text"',
)
# What else may be cut by `slice` has capacity behind its end in Go, which it then hands out.
TIGHT_LISTS = ("(reverse .l)", "(reverse .l)", '(list 1 "a" nil)', "(list)", '(splitList "," "a,b,c")', "nil", ".m")
MAPS = (
    ".m", ".m", '(dict "a" 1 "b" "x")', '(dict "a" (dict "b" 1 "c" 2))', "(dict)", '(dict "a" (list 1 2))',
    '(dict "b" nil "a" 0)', '(dict "a" (split "," "x,y"))', "(deepCopy .m)", ".none",
)
VALUES = (
    "1", "0", "1.5", "1e21", "1e6", "true", "false", "nil", '""', '"a"', ".v", ".l", ".m", "(list)", "(dict)",
    "(int64 3)",
    "'a'", '(semver "1.2.3-x")', "(until 2)", '(splitList "," "a,b")', '(split "," "a,b")', "(chunk 1 .l)",
    ".none",
    "-0.0", '"\\xff"',
)
SCALARS = (
    None, True, False, 0, 1, 2, -1, 1.5, 1e21, 1e-7, 100000, 1000000, 12345678, 0.1, "", "a", "1", [], {},
)
# fmt: on
PARTS = {
    "p": PATTERN_PARTS,
    "r": REPLACEMENT_PARTS,
    "j": JSON_PARTS,
    "u": URL_PARTS,
    "f": PATH_PARTS,
    "e": ENCODED_PARTS,
}
"""What the texts of an argument are put together from, by its letter."""
WHOLE = {"s": SEPARATORS, "k": KEYS, "y": TYPE_NAMES}
"""The texts of arguments that are not put together."""
EXPRESSIONS = {"n": NUMBERS, "L": TIGHT_LISTS, "B": ("true", "false", "(eq 1 1)", ".v")}
"""The arguments that are no data, by their letter."""
