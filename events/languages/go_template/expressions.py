"""Pipelines, commands and operands, compiled to closures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from events.languages.go_template.arguments import CONSTANTS, REFLECT, checked, constant
from events.languages.go_template.builtins import BUILTINS, call
from events.languages.go_template.calls import compile_call, count_problem, parameter_type
from events.languages.go_template.fields import FieldReader, Methods, read_from_dot
from events.languages.go_template.functions import Function
from events.languages.go_template.nodes import (
    ChainNode,
    CommandNode,
    DotNode,
    FieldNode,
    IdentifierNode,
    NilNode,
    Node,
    PipeNode,
    VariableNode,
)
from events.languages.go_template.run import Evaluate, Expression, Place, Run
from events.languages.go_values import ANY, NO_VALUE

UNSET: Any = object()
"""What is in the slot of a variable whose declaration has not run."""


class ExpressionCompiler:
    """Compiles the expressions of one template of a text."""

    def __init__(self, place: Place, functions: Mapping[str, Function], methods: Methods) -> None:
        self.place = place
        self._functions = functions
        self._methods = methods
        self.in_loop = False
        """Whether `.` is the element of a loop where we are."""

    def _failing(self, node: Node | None, message: str, before: Expression | None = None) -> Expression:
        """An expression that fails when it is run, after what feeds it."""
        place = self.place

        def fail(run: Run, dot: Any) -> Any:
            if before is not None:
                before.evaluate(run, dot)
            raise place.error(node or run.last, message)

        return Expression(fail, node)

    # Pipelines

    def pipeline(self, pipe: PipeNode) -> Expression:
        """A pipeline: its value is never nil, but may be no value."""
        expression: Expression | None = None
        for command in pipe.commands:
            expression = _without_nil(self._command(command, expression, pipe))
        assert expression is not None  # noqa: S101 - the parser refuses empty pipelines
        if not pipe.variables:
            return expression
        return Expression(self._store(pipe, expression), expression.last)

    def _store(self, pipe: PipeNode, expression: Expression) -> Evaluate:
        evaluate, place = expression.evaluate, self.place
        variables = pipe.variables

        def store(run: Run, dot: Any) -> Any:
            value = evaluate(run, dot)
            for variable in variables:
                if variable.slot < 0:
                    raise place.error(expression.last or run.last, f"undefined variable: {variable.name}")
                run.variables[variable.slot] = value
                run.boxed_slots.discard(variable.slot)
            return value

        return store

    def _command(self, command: CommandNode, piped: Expression | None, pipe: PipeNode) -> Expression:
        first, *arguments = command.operands
        has_arguments = bool(arguments) or piped is not None
        if isinstance(first, IdentifierNode):
            return self._function(first, arguments, piped, command)
        if isinstance(first, FieldNode | ChainNode) or (isinstance(first, VariableNode) and first.fields):
            return self._fields(first, arguments, piped)
        if not has_arguments:
            if isinstance(first, NilNode):
                return self._failing(first, "nil is not a command")
            return self.operand(first) if not isinstance(first, CONSTANTS) else self._constant(first)
        if isinstance(first, VariableNode) and first.slot < 0:
            return self._failing(first, f"undefined variable: {first.name}", piped)
        at: Node | None = first
        if isinstance(first, PipeNode):
            at = pipe if piped is None else piped.last
        return self._failing(at, f"can't give argument to non-function {first}", piped)

    def _constant(self, node: Node) -> Expression:
        return Expression(constant(self.place, node, REFLECT), node)

    # Operands

    def operand(self, node: Node) -> Expression:
        """An operand without arguments."""
        match node:
            case DotNode():
                return Expression(lambda _run, dot: dot, node, may_be_nil=True)
            case VariableNode(fields=()):
                return self._variable(node)
            case FieldNode() | VariableNode() | ChainNode():
                return self._fields(node, [], None, keeps_nil=True)
            case PipeNode():
                return self.pipeline(node)
            case IdentifierNode():
                return self._function(node, [], None, node)
        return self._constant(node)

    def _variable(self, node: VariableNode) -> Expression:
        slot, place = node.slot, self.place
        if slot < 0:
            return self._failing(node, f"undefined variable: {node.name}")

        def variable(run: Run, _dot: Any) -> Any:
            value = run.variables[slot]
            if value is UNSET:
                raise place.error(node, f"undefined variable: {node.name}")
            return value

        return Expression(variable, node, may_be_nil=True)

    def argument(self, node: Node, type_text: str) -> tuple[Evaluate, Node | None]:
        """An argument for a parameter, and where a message about it would point."""
        if isinstance(node, CONSTANTS):
            return constant(self.place, node, type_text), node
        expression = self.operand(node)
        return checked(self.place, expression, type_text), expression.last

    # Fields

    def _fields(
        self, node: Node, arguments: list[Node], piped: Expression | None, *, keeps_nil: bool = False
    ) -> Expression:
        """A chain of fields on `.`, a variable or a parenthesis; the last may be a method with arguments."""
        assert isinstance(node, FieldNode | VariableNode | ChainNode)  # noqa: S101 - as the callers say
        if isinstance(node, ChainNode) and isinstance(node.operand, NilNode):
            return self._failing(node, f"indirection through explicit nil in {node}", piped)
        methods: dict[tuple[str, str], tuple[Function, Evaluate]] = {}

        def call_method(
            run: Run,
            dot: Any,
            receiver: Any,
            name: str,
            method: Function,
            is_last: bool,  # noqa: FBT001 - see CallMethod
        ) -> Any:
            if not is_last:
                return self._method(name, method, [], None, node)(run, (receiver, dot))
            known = methods.get((name, method.signature))
            if known is None or known[0] is not method:
                known = (method, self._method(name, method, arguments, piped, node))
                methods[name, method.signature] = known
            return known[1](run, (receiver, dot))

        reader = FieldReader(self.place, self._methods, node.fields, call_method)
        if isinstance(node, FieldNode) and not arguments and piped is None:
            read = read_from_dot(reader, node.fields, node, in_loop=self.in_loop, keeps_nil=keeps_nil)
            return Expression(read, node, may_be_nil=keeps_nil)
        return self._general_fields(reader, node, has_arguments=bool(arguments), piped=piped)

    def _general_fields(
        self,
        reader: FieldReader,
        node: FieldNode | VariableNode | ChainNode,
        *,
        has_arguments: bool,
        piped: Expression | None,
    ) -> Expression:
        in_loop = self.in_loop
        slot = node.slot if isinstance(node, VariableNode) else None
        if isinstance(node, FieldNode):
            receiver = Expression(lambda _run, dot: dot, node)
        elif isinstance(node, VariableNode):
            receiver = self._variable(node)
        else:
            receiver = self.operand(node.operand)
        evaluate, last, before = receiver.evaluate, receiver.last, piped.evaluate if piped else None

        def read(run: Run, dot: Any) -> Any:
            final = before(run, dot) if before is not None else None
            value = evaluate(run, dot)
            if slot is None:
                boxed = in_loop and run.boxed if isinstance(node, FieldNode) else receiver.boxed
            else:
                boxed = slot in run.boxed_slots
            return reader.read(
                run,
                dot if before is None else (final, dot),
                value,
                boxed=boxed,
                node=last or run.last,
                has_arguments=has_arguments or before is not None,
            )

        return Expression(read, last, may_be_nil=True)

    def _method(
        self, name: str, method: Function, arguments: list[Node], piped: Expression | None, node: Node
    ) -> Evaluate:
        """A call of a method; its dot is the receiver and the dot outside (in a pair with the piped value)."""
        bound = Function(
            method.call, method.parameters[1:], method.result, method.variadic, method.needs_context
        )
        problem = count_problem(name, bound, len(arguments), int(piped is not None))
        if problem:
            return self._failing(node, problem).evaluate

        def outer(dot: Any) -> Any:
            return dot[1] if piped is None else dot[1][1]

        compiled = [self.argument(operand, parameter_type(bound, i)) for i, operand in enumerate(arguments)]
        getters = [_on_outer(evaluate, outer) for evaluate, _ in compiled]
        final = Expression(lambda _run, dot: dot[1][0], piped.last) if piped else None
        return compile_call(
            self.place,
            name,
            Function(method.call, method.parameters, method.result, method.variadic, method.needs_context),
            [lambda _run, dot: dot[0], *getters],
            piped=final,
            last=compiled[-1][1] if compiled else node,
            node=node,
        )

    # Functions

    def _function(
        self, node: IdentifierNode, arguments: list[Node], piped: Expression | None, command: Node
    ) -> Expression:
        name = node.name
        function = self._functions.get(name)
        is_builtin = function is None
        if function is None:
            function = BUILTINS[name]
        problem = count_problem(name, function, len(arguments), int(piped is not None))
        if problem:
            return self._failing(node, problem, piped)
        compiled = [
            self.argument(operand, parameter_type(function, i)) for i, operand in enumerate(arguments)
        ]
        if is_builtin and name in ("and", "or"):
            return self._logical(name == "or", compiled, piped, node)
        last = compiled[-1][1] if compiled else node
        if is_builtin and name == "call":
            function = self._calling(function, arguments)
        run = compile_call(
            self.place,
            name,
            function,
            [evaluate for evaluate, _ in compiled],
            piped=piped,
            last=last,
            node=command,
        )
        if piped is not None and not compiled:
            last = node
        is_any = function.result in (ANY, REFLECT)
        return Expression(run, last, may_be_nil=is_any, boxed=is_any)

    def _calling(self, function: Function, arguments: list[Node]) -> Function:
        """`call` with the text of its argument, by which it names it."""
        shown = str(arguments[0]) if arguments else None
        return Function(
            lambda value, *_: call(shown, value), function.parameters, function.result, variadic=True
        )

    def _logical(
        self,
        stops_at: bool,  # noqa: FBT001 - the truth that ends the look: true for `or`
        compiled: list[tuple[Evaluate, Node | None]],
        piped: Expression | None,
        node: Node,
    ) -> Expression:
        before = piped.evaluate if piped is not None else None

        def logical(run: Run, dot: Any) -> Any:
            final = before(run, dot) if before is not None else None
            value: Any = NO_VALUE
            run.last = node
            for evaluate, last in compiled:
                value = evaluate(run, dot)
                run.last = last or run.last
                if bool(value) is stops_at:
                    return value
            return value if before is None else final

        return Expression(logical, None, may_be_nil=True, boxed=True)


def _without_nil(expression: Expression) -> Expression:
    """Nil in an interface is no value to a pipeline."""
    if not expression.may_be_nil:
        return expression
    evaluate = expression.evaluate

    def present(run: Run, dot: Any) -> Any:
        value = evaluate(run, dot)
        return NO_VALUE if value is None else value

    return Expression(present, expression.last)


def _on_outer(evaluate: Evaluate, outer: Any) -> Evaluate:
    return lambda run, dot: evaluate(run, outer(dot))
