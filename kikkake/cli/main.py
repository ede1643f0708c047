"""The command `kikkake`: a command is a file beside this one, imported only when it is asked for.

`dead_letters.py` is `kikkake dead-letters`; its docstring's first line is its line in `kikkake --help`.
"""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from kikkake import guard

guard.check()  # before anything of ours is imported: it could already be somebody else's

import click  # noqa: E402

from events.errors import KikkakeError  # noqa: E402
from kikkake.cli.failure import ExitCode, give_up_stdout, report  # noqa: E402
from kikkake.docline import docline  # noqa: E402

_FOLDER = Path(__file__).parent
_MARK = "\n@click.command("
"""A file that defines a command has this at the start of a line; plumbing has not."""


class CommandFiles(click.Group):
    """A group whose commands are the files of its folder."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return sorted(command_files())

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        path = command_files().get(cmd_name)
        if path is None:
            return None
        module = importlib.import_module(f"kikkake.cli.{path.stem}")
        return next(
            value
            for value in vars(module).values()
            if isinstance(value, click.Command)
            and value.callback
            and value.callback.__module__ == module.__name__
        )

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in command_files():
            known = self.list_commands(ctx)
            nearest = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean `{nearest[0]}`?" if nearest else f"; commands: {', '.join(known)}"
            ctx.fail(f"`{name}` is not a command{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, docline(path)) for name, path in sorted(command_files().items())])

    def invoke(self, ctx: click.Context) -> Any:
        if os.environ.get("NO_COLOR"):
            ctx.color = False
        try:
            answer = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            give_up_stdout()
            ctx.exit(ExitCode.PIPE_CLOSED)
        return answer

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: ARG002 - ours always exits
        **extra: Any,
    ) -> NoReturn:
        """Run and exit; every error becomes one text and an exit code (`failure.py`)."""
        sys.exit(self._exit_code(args, prog_name, complete_var, extra))

    def _exit_code(
        self,
        args: Sequence[str] | None,
        prog_name: str | None,
        complete_var: str | None,
        extra: dict[str, Any],
    ) -> int:
        try:
            code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except click.Abort:
            return ExitCode.INTERRUPTED
        except click.ClickException as error:
            error.show()
            return error.exit_code
        except (KikkakeError, OSError) as error:
            return report(error)
        except Exception as error:  # noqa: BLE001 - the outermost edge: a bug is told in one line, not thrown at the user
            return report(error)
        return code if isinstance(code, int) else ExitCode.DONE


def command_files() -> dict[str, Path]:
    """The commands of this build by name, without importing any."""
    return {
        path.stem.replace("_", "-"): path
        for path in _FOLDER.glob("*.py")
        if _MARK in path.read_text(encoding="utf-8")
    }


def _show_version(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from kikkake.version import version  # noqa: PLC0415 - reads the installed distribution's data

        click.echo(f"kikkake {version()}")
        ctx.exit()


@click.group(
    cls=CommandFiles,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Exit codes: 0 done, 1 the files or the data are wrong, 2 usage, 3 the outside world failed.",
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show it."
)
def main() -> None:
    """Kikkake turns events from outside into Kubernetes objects: nothing lost, nothing twice, everything explained.

    \b
      kikkake run examples/          try it here, without a cluster
      kikkake events                 what arrived
      kikkake explain ID             why it did or did not fire
    """
