"""One run of a template: its variables, its output, its budgets; and the shape of compiled parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from events.languages.go_template.errors import MAX_OUTPUT, MAX_STEPS, TemplateError
from events.languages.go_template.functions import RenderContext
from events.languages.go_template.nodes import Node
from events.languages.go_template.quoting import quote

Step = Callable[["Run", Any], "int | None"]
"""A compiled action: run and data in, a jump out (`BREAK`, `CONTINUE`) or None."""
Evaluate = Callable[["Run", Any], Any]
"""A compiled expression: run and data (`.`) in, its value out."""

BREAK = 1
CONTINUE = 2


@dataclass(frozen=True, slots=True)
class Body:
    """A compiled template."""

    run: Step
    slots: int
    depth: int
    weight: int
    """Steps that one call of it costs."""


class Run:
    """What changes while a template runs."""

    __slots__ = (
        "bodies",
        "boxed",
        "boxed_slots",
        "context",
        "depth",
        "last",
        "out",
        "room",
        "steps",
        "variables",
    )

    def __init__(self, bodies: Mapping[str, Body], context: RenderContext) -> None:
        self.bodies = bodies
        self.context = context
        self.out: list[str] = []
        self.room = MAX_OUTPUT
        self.steps = MAX_STEPS
        self.depth = 0
        self.variables: list[Any] = []
        self.boxed = False
        """Whether the elements of the innermost loop are of type `any`: messages name static types."""
        self.boxed_slots: set[int] = set()
        """The variables that hold such elements."""
        self.last: Node | None = None
        """The argument of `and` or `or` that was looked at last: where a message must point."""

    def spend(self, steps: int, place: Place) -> None:
        """Take from the budget.

        Raises:
            TemplateError: it is used up, or the caller wants an end.
        """
        self.steps -= steps
        if self.steps < 0:
            raise place.steps_error()
        stop = self.context.should_stop
        if stop is not None and stop():
            raise place.stopped_error()


@dataclass(frozen=True, slots=True)
class Place:
    """Where an error happens: the whole text, and the template in it that runs."""

    name: str
    text: str
    definition: str

    def error(self, node: Node | None, message: str) -> TemplateError:
        """The error of a run, as Go words it; columns count bytes from 0."""
        if node is None:
            return TemplateError(f"template: {self.definition}: {message}")
        line = self.text.count("\n", 0, node.at) + 1
        start = self.text.rfind("\n", 0, node.at) + 1
        column = len(self.text[start : node.at].encode("utf-8", "surrogateescape"))
        return TemplateError(
            f"template: {self.name}:{line}:{column}: executing {quote(self.definition)} at <{node}>: {message}"
        )

    def output_error(self) -> TemplateError:
        """The output is too long."""
        return TemplateError(f"template: {self.name}: the output is longer than {MAX_OUTPUT} characters")

    def steps_error(self) -> TemplateError:
        """The run takes too many steps."""
        return TemplateError(
            f"template: {self.name}: stopped after {MAX_STEPS} steps; loop over less, or split the work"
        )

    def stopped_error(self) -> TemplateError:
        """The run takes too long."""
        return TemplateError(f"template: {self.name}: stopped because it took too long; loop over less")


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression."""

    evaluate: Evaluate
    last: Node | None
    """The node that is looked at last, where Go points when it cannot use the value; None: see `Run.last`."""
    may_be_nil: bool = False
    """Whether it can answer nil in an interface, which a pipeline turns into no value at all."""
    boxed: bool = False
    """Whether its static type is `any`."""
