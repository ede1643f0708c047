"""How a command ends when something is wrong: one clear text on stderr and the exit code of design, section 6."""

from __future__ import annotations

import enum
import os
import sys
import traceback
from pathlib import Path

import click

from events.errors import KikkakeError


class ExitCode(enum.IntEnum):
    """What a script may rely on."""

    DONE = 0
    WRONG = 1
    """The files or the data are wrong."""
    USAGE = 2
    OUTSIDE = 3
    """The outside world failed: no server, no disk, no cluster."""
    INTERRUPTED = 130
    """Ctrl-C, as shells count it."""
    PIPE_CLOSED = 141
    """Who read our output has gone (`| head`), as shells count it."""


class CommandFailed(KikkakeError):
    """A command cannot do what it was asked to; the text says what to do next."""

    def __init__(self, text: str, *, code: ExitCode = ExitCode.WRONG) -> None:
        self.code = code
        super().__init__(text)


def report(error: Exception) -> ExitCode:
    """Print `error` for a person and give the exit code. `KIKKAKE_DEBUG=1` adds where it came from."""
    if os.environ.get("KIKKAKE_DEBUG", "") not in {"", "0"}:
        traceback.print_exception(error)
    text, code = _described(error)
    click.echo(click.style("error: ", fg="red", bold=True) + text, err=True)
    return code


def _described(error: Exception) -> tuple[str, ExitCode]:
    if isinstance(error, CommandFailed):
        return str(error), error.code
    if isinstance(error, KikkakeError):
        # What may pass by itself lies outside; what stays the same lies in the files.
        return _all_findings(error), ExitCode.OUTSIDE if error.retryable else ExitCode.WRONG
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}", ExitCode.OUTSIDE
    # A bug of ours: its text may hold anything, so only its type and place are told.
    return (
        f"internal error: {type(error).__name__} at {_place(error)}; KIKKAKE_DEBUG=1 shows where it came from",
        ExitCode.OUTSIDE,
    )


def _all_findings(error: KikkakeError) -> str:
    findings = getattr(error, "findings", ())
    if not findings:
        return str(error)
    lines = [f"{getattr(error, 'resource', 'the resource')} cannot be used:"]
    for finding in findings:
        place = f"{finding.file}:{finding.line}:{finding.column}: " if finding.file else ""
        lines.append(f"  {place}{finding.severity}: {finding}")
    return "\n".join(lines)


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "(unknown)"


def give_up_stdout() -> None:
    """Let nothing more be written to a closed pipe, not even by the interpreter's own last flush."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
