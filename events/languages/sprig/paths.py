"""Paths with slashes: Go's `path`, and `path/filepath` as it is on Linux (the functions `os...`)."""

from __future__ import annotations

from events.languages.go_template.functions import declare


def _base(path: str) -> str:
    if not path:
        return "."
    return path.rstrip("/").rpartition("/")[2] or "/"


def _clean(path: str) -> str:
    """The shortest path that means the same."""
    rooted = path.startswith("/")
    kept: list[str] = []
    for part in path.split("/"):
        if part == ".." and kept and kept[-1] != "..":
            kept.pop()
        elif part not in ("", ".", "..") or (part == ".." and not rooted):
            kept.append(part)
    return ("/" if rooted else "") + "/".join(kept) or "."


def _dir(path: str) -> str:
    return _clean(path[: path.rfind("/") + 1])


def _ext(path: str) -> str:
    name = path.rpartition("/")[2]
    return name[name.rfind(".") :] if "." in name else ""


def _is_abs(path: str) -> bool:
    return path.startswith("/")


FUNCTIONS = {
    "base": declare("func(string) string", _base),
    "dir": declare("func(string) string", _dir),
    "clean": declare("func(string) string", _clean),
    "ext": declare("func(string) string", _ext),
    "isAbs": declare("func(string) bool", _is_abs),
    "osBase": declare("func(string) string", _base),
    "osDir": declare("func(string) string", _dir),
    "osClean": declare("func(string) string", _clean),
    "osExt": declare("func(string) string", _ext),
    "osIsAbs": declare("func(string) bool", _is_abs),
}
