"""Actions and lists of them, compiled to closures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from events.languages.go_template.errors import MAX_CALL_DEPTH
from events.languages.go_template.expressions import UNSET, ExpressionCompiler
from events.languages.go_template.fields import Methods
from events.languages.go_template.functions import Function, FunctionError
from events.languages.go_template.nodes import (
    ActionNode,
    BranchNode,
    Definition,
    JumpNode,
    ListNode,
    Node,
    PipeNode,
    TemplateNode,
    TextNode,
)
from events.languages.go_template.plain import print_value
from events.languages.go_template.quoting import quote
from events.languages.go_template.run import BREAK, CONTINUE, Body, Evaluate, Expression, Place, Run, Step
from events.languages.go_values import ANY, NO_VALUE, Uint8, element_type


class ActionCompiler:
    """Compiles the body of one template of a text."""

    def __init__(self, place: Place, functions: Mapping[str, Function], methods: Methods) -> None:
        self._place = place
        self._expressions = ExpressionCompiler(place, functions, methods)

    def body(self, definition: Definition) -> Body:
        """The whole of a template."""
        run = self._list(definition.body)
        return Body(run, definition.slots, definition.depth + 2, _weight(definition.body))

    def _list(self, body: ListNode) -> Step:
        steps = tuple(self._step(node) for node in body.nodes)
        if len(steps) == 1:
            return steps[0]

        def run_all(run: Run, dot: Any) -> int | None:
            for step in steps:
                jump = step(run, dot)
                if jump is not None:
                    return jump
            return None

        return run_all

    def _step(self, node: Node) -> Step:
        match node:
            case TextNode():
                return self._text(node)
            case ActionNode():
                return self._action(node)
            case BranchNode(keyword="range"):
                return self._loop(node)
            case BranchNode():
                return self._branch(node)
            case TemplateNode():
                return self._template(node)
            case JumpNode():
                jump = BREAK if node.keyword == "break" else CONTINUE
                return lambda _run, _dot: jump
        raise TypeError(f"{type(node).__name__} is no action")

    def _text(self, node: TextNode) -> Step:
        place, text, length = self._place, node.text, len(node.text)

        def write(run: Run, _dot: Any) -> None:
            run.out.append(text)
            run.room -= length
            if run.room < 0:
                raise place.output_error()

        return write

    def _action(self, node: ActionNode) -> Step:
        evaluate, place = self._expressions.pipeline(node.pipe).evaluate, self._place
        if node.pipe.variables:

            def store(run: Run, dot: Any) -> None:
                evaluate(run, dot)

            return store

        def show(run: Run, dot: Any) -> None:
            value = evaluate(run, dot)
            if type(value) is not str:
                try:
                    value = print_value(value)
                except FunctionError as err:
                    raise place.error(node, str(err)) from err
            run.out.append(value)
            run.room -= len(value)
            if run.room < 0:
                raise place.output_error()

        return show

    # Branches

    def _branch(self, node: BranchNode) -> Step:
        """`if` and `with`, with all that follow after `else`; `with` makes the value the dot of its body."""
        is_with = node.keyword == "with"
        branches = []
        for pipe, body in node.branches:
            condition = self._expressions.pipeline(pipe).evaluate
            branches.append((condition, self._body(body, in_loop=False if is_with else None)))
        otherwise = self._list(node.otherwise) if node.otherwise is not None else None

        def choose(run: Run, dot: Any) -> int | None:
            for condition, body in branches:
                value = condition(run, dot)
                if value:
                    return body(run, value if is_with else dot)
            return otherwise(run, dot) if otherwise is not None else None

        return choose

    def _body(self, body: ListNode, *, in_loop: bool | None) -> Step:
        """A list whose dot is a loop's element or not; None where it is the dot around."""
        outer = self._expressions.in_loop
        if in_loop is not None:
            self._expressions.in_loop = in_loop
        compiled = self._list(body)
        self._expressions.in_loop = outer
        return compiled

    # Loops

    def _loop(self, node: BranchNode) -> Step:
        (pipe, body), place = node.branches[0], self._place
        expression = self._expressions.pipeline(pipe)
        evaluate, run_body = expression.evaluate, self._body(body, in_loop=True)
        otherwise = self._list(node.otherwise) if node.otherwise is not None else None
        index_slot, element_slot = _loop_slots(pipe)
        weight = _weight(body)

        def loop(run: Run, dot: Any) -> int | None:
            value = evaluate(run, dot)
            pairs = _pairs(place, expression, run, value, has_index=index_slot is not None)
            if pairs is None:
                return otherwise(run, dot) if otherwise is not None else None
            boxed = isinstance(value, (list, dict)) and element_type(value) == ANY
            outer, run.boxed = run.boxed, boxed
            for index, element in pairs:
                run.spend(weight, place)
                if element_slot is not None:
                    run.variables[element_slot] = element
                    if boxed:
                        run.boxed_slots.add(element_slot)
                if index_slot is not None:
                    run.variables[index_slot] = index
                if run_body(run, element) == BREAK:
                    break
            run.boxed = outer
            return None

        return loop

    # Templates

    def _template(self, node: TemplateNode) -> Step:
        place, name = self._place, node.name
        evaluate: Evaluate = lambda _run, _dot: NO_VALUE  # noqa: E731 - what a call without data sees
        if node.pipe is not None:
            evaluate = self._expressions.pipeline(node.pipe).evaluate

        def call(run: Run, dot: Any) -> None:
            body = run.bodies.get(name)
            if body is None:
                raise place.error(node, f"template {quote(name)} not defined")
            if run.depth + body.depth > MAX_CALL_DEPTH:
                raise place.error(node, f"exceeded maximum template depth ({MAX_CALL_DEPTH})")
            run.spend(body.weight, place)
            data = evaluate(run, dot)
            outer = run.variables, run.boxed_slots, run.boxed
            run.variables, run.boxed_slots, run.boxed = [data, *[UNSET] * (body.slots - 1)], set(), False
            run.depth += body.depth
            body.run(run, data)
            run.depth -= body.depth
            run.variables, run.boxed_slots, run.boxed = outer

        return call


def _weight(body: ListNode) -> int:
    """Steps that one pass costs at most, loops inside counted as one pass."""
    weight = 1
    for node in body.nodes:
        weight += 1
        if isinstance(node, BranchNode):
            weight += sum(_weight(inner) for _, inner in node.branches)
            weight += _weight(node.otherwise) if node.otherwise is not None else 0
    return weight


def _loop_slots(pipe: PipeNode) -> tuple[int | None, int | None]:
    """Where index and element of a loop go: one variable takes the element, two take both."""
    slots = [variable.slot for variable in pipe.variables]
    if len(slots) > 1:
        return slots[0], slots[1]
    return None, slots[0] if slots else None


def _pairs(
    place: Place, expression: Expression, run: Run, value: Any, *, has_index: bool
) -> Iterable[tuple[Any, Any]] | None:
    """Index and element of each round; None where there are none."""
    if isinstance(value, dict):
        return [(name, value[name]) for name in sorted(value)] or None
    if isinstance(value, list):
        return enumerate(value) if value else None
    if value is NO_VALUE:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        if has_index:
            message = f"can't use {int(value)} to iterate over more than one variable"
            raise place.error(expression.last or run.last, message)
        cls = type(value)
        return ((NO_VALUE, cls(number)) for number in range(value)) if value > 0 else None
    if isinstance(value, bytes):
        return enumerate(map(Uint8, value)) if value else None
    raise place.error(expression.last or run.last, f"range can't iterate over {print_value(value)}")
