"""From tokens to the trees of a text: its own, and those of its `define` and `block` actions.

Messages and their lines are those of Go's text/template/parse.
"""

from __future__ import annotations

from collections.abc import Container
from typing import NoReturn

from events.languages.go_template import tokens as kinds
from events.languages.go_template.errors import MAX_NESTING, TemplateError
from events.languages.go_template.nodes import (
    ActionNode,
    BoolNode,
    BranchNode,
    ChainNode,
    CommandNode,
    Definition,
    DotNode,
    EndNode,
    FieldNode,
    IdentifierNode,
    JumpNode,
    ListNode,
    NilNode,
    Node,
    NumberNode,
    PipeNode,
    StringNode,
    TemplateNode,
    TextNode,
    VariableNode,
    is_blank,
)
from events.languages.go_template.numbers import BadNumber, Number, parse_complex, parse_number, parse_rune
from events.languages.go_template.quoting import BadQuoting, quote, unquote
from events.languages.go_template.scope import Scope
from events.languages.go_template.tokens import Token, tokenize

_OPERANDS = frozenset(
    {kinds.BOOL, kinds.CHAR_CONSTANT, kinds.COMPLEX, kinds.DOT, kinds.FIELD, kinds.IDENTIFIER, kinds.NUMBER}
    | {kinds.NIL, kinds.RAW_STRING, kinds.STRING, kinds.VARIABLE, kinds.OPEN}
)
_CONSTANTS = (BoolNode, StringNode, NumberNode, NilNode, DotNode)
_MISSING_PIPE_END = {kinds.RIGHT, kinds.CLOSE}


def parse(name: str, text: str, functions: Container[str]) -> dict[str, Definition]:
    """The templates that a text defines, its own under `name`.

    Raises:
        TemplateError: the text is no template, or names a function that is not there.
    """
    return _Parser(name, text, functions).parse()


class _Parser:
    def __init__(self, name: str, text: str, functions: Container[str]) -> None:
        self._name = name
        self._tokens = tokenize(text)
        self._functions = functions
        self._next = 0
        self._seen = 0
        self._action_line = 0
        self._nesting = 0
        self._scope = Scope()
        self._definitions: dict[str, Definition] = {}

    # Tokens

    def _take(self) -> Token:
        token = self._peek()
        self._next += 1
        return token

    def _peek(self) -> Token:
        index = min(self._next, len(self._tokens) - 1)
        self._seen = max(self._seen, index)
        return self._tokens[index]

    def _skip_space(self) -> Token:
        """The next token that is no space, not taken."""
        while self._peek().kind == kinds.SPACE:
            self._next += 1
        return self._peek()

    def _take_word(self) -> Token:
        self._skip_space()
        return self._take()

    def _fail(self, message: str) -> NoReturn:
        line = self._tokens[self._seen].line
        raise TemplateError(f"template: {self._name}:{line}: {message}")

    def _unexpected(self, token: Token, context: str) -> NoReturn:
        if token.kind != kinds.ERROR:
            self._fail(f"unexpected {token} in {context}")
        extra = ""
        if self._action_line not in (0, token.line):
            extra = f" in action started at {self._name}:{self._action_line}"
            if token.text.endswith(" action"):
                extra = extra.removeprefix(" in action")
        self._fail(f"{token}{extra}")

    def _expect(self, kind: str, context: str) -> Token:
        token = self._take_word()
        if token.kind != kind:
            self._unexpected(token, context)
        return token

    # Bodies

    def parse(self) -> dict[str, Definition]:
        """Read to the end of the text."""
        nodes: list[Node] = []
        while (token := self._peek()).kind != kinds.EOF:
            if token.kind == kinds.LEFT:
                start = self._next
                self._next += 1
                if self._take_word().kind == "define":
                    self._define()
                    continue
                self._next = start
            node = self._text_or_action()
            if isinstance(node, EndNode):
                self._fail(f"unexpected {node}")
            nodes.append(node)
        self._add(self._name, ListNode(0, tuple(nodes)))
        return self._definitions

    def _define(self) -> None:
        context = "define clause"
        name = self._template_name(self._take_word(), context)
        self._expect(kinds.RIGHT, context)
        self._definition(name, context)

    def _definition(self, name: str, context: str) -> None:
        """The body of a `define` or `block`: variables, loops and actions around it are out of its sight."""
        outer, self._scope = self._scope, Scope()
        action_line, self._action_line = self._action_line, 0
        body, end = self._list()
        if end.keyword != "end":
            self._fail(f"unexpected {end} in {context}")
        self._add(name, body)
        self._scope, self._action_line = outer, action_line

    def _add(self, name: str, body: ListNode) -> None:
        known = self._definitions.get(name)
        scope = self._scope
        if known is None or is_blank(known.body):
            self._definitions[name] = Definition(name, body, scope.slots, scope.deepest, scope.called)
        elif not is_blank(body):
            self._fail(f"template: multiple definition of template {quote(name)}")

    def _list(self) -> tuple[ListNode, EndNode]:
        """What stands before the next `end` or `else` that belongs to it."""
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            self._fail(f"blocks nest deeper than {MAX_NESTING}")
        self._scope.deepest = max(self._scope.deepest, self._nesting)
        at = self._skip_space().at
        nodes: list[Node] = []
        while True:
            if self._skip_space().kind == kinds.EOF:
                self._fail("unexpected EOF")
            node = self._text_or_action()
            if isinstance(node, EndNode):
                self._nesting -= 1
                return ListNode(at, tuple(nodes)), node
            nodes.append(node)

    def _text_or_action(self) -> Node:
        token = self._take_word()
        if token.kind == kinds.TEXT:
            return TextNode(token.at, token.text)
        if token.kind != kinds.LEFT:
            self._unexpected(token, "input")
        self._action_line = token.line
        node = self._action()
        self._action_line = 0
        return node

    # Actions

    def _action(self) -> Node:
        token = self._take_word()
        match token.kind:
            case "if" | "with" | "range":
                return self._branch(token.kind)
            case "end":
                return EndNode(self._expect(kinds.RIGHT, "end").at, "end")
            case "else":
                if self._skip_space().kind not in ("if", "with"):
                    self._expect(kinds.RIGHT, "else")
                return EndNode(token.at, "else")
            case "break" | "continue":
                return self._jump(token)
            case "template" | "block":
                return self._template(token.kind)
        self._next -= 1
        return ActionNode(token.at, self._pipeline("command", kinds.RIGHT))

    def _jump(self, keyword: Token) -> JumpNode:
        token = self._take_word()
        if token.kind != kinds.RIGHT:
            self._unexpected(token, f"{{{{{keyword.kind}}}}}")
        if not self._scope.loops:
            self._fail(f"{{{{{keyword.kind}}}}} outside {{{{range}}}}")
        return JumpNode(keyword.at, keyword.kind)

    def _branch(self, keyword: str) -> BranchNode:
        mark = self._scope.mark()
        branches = []
        otherwise = None
        while True:
            pipe = self._pipeline(keyword, kinds.RIGHT)
            inner = self._scope.mark()
            self._scope.loops += keyword == "range"
            body, end = self._list()
            self._scope.loops -= keyword == "range"
            self._scope.hide(inner)
            branches.append((pipe, body))
            if end.keyword == "end":
                break
            if keyword != "range" and self._peek().kind == keyword:  # {{else if}}
                self._next += 1
                continue
            otherwise, end = self._list()
            if end.keyword != "end":
                self._fail(f"expected end; found {end}")
            break
        self._scope.release(mark)
        return BranchNode(branches[0][0].at, keyword, tuple(branches), otherwise)

    def _template(self, keyword: str) -> TemplateNode:
        context = f"{keyword} clause"
        token = self._take_word()
        name = self._template_name(token, context)
        pipe = None
        if keyword == "block":
            pipe = self._pipeline(context, kinds.RIGHT)
            self._definition(name, context)
        elif self._skip_space().kind == kinds.RIGHT:
            self._next += 1
        else:
            pipe = self._pipeline(context, kinds.RIGHT)
        return TemplateNode(token.at, name, pipe)

    def _template_name(self, token: Token, context: str) -> str:
        if token.kind not in (kinds.STRING, kinds.RAW_STRING):
            self._unexpected(token, context)
        return self._unquote(token)

    def _unquote(self, token: Token) -> str:
        try:
            return unquote(token.text)
        except BadQuoting as err:
            self._fail(str(err))

    # Pipelines

    def _pipeline(self, context: str, end: str) -> PipeNode:
        at = self._skip_space().at
        declared, is_assignment = self._declarations(context)
        commands: list[CommandNode] = []
        while (token := self._take_word()).kind != end:
            if token.kind not in _OPERANDS:
                self._unexpected(token, context)
            self._next -= 1
            commands.append(self._command())
        if not commands:
            self._fail(f"missing value for {context}")
        for stage, command in enumerate(commands[1:], 2):
            if isinstance(command.operands[0], _CONSTANTS):
                self._fail(f"non executable command in pipeline stage {stage}")
        variables = tuple(
            VariableNode(token.at, token.text, (), self._scope.settle(token.text, assign=is_assignment))
            for token in declared
        )
        return PipeNode(at, variables, is_assignment, tuple(commands))

    def _declarations(self, context: str) -> tuple[list[Token], bool]:
        """The variables before `:=` or `=`, if any, and whether it is `=`."""
        declared: list[Token] = []
        while self._skip_space().kind == kinds.VARIABLE:
            start = self._next
            variable = self._take()
            following = self._skip_space()
            if following.kind in (kinds.ASSIGN, kinds.DECLARE):
                self._next += 1
                declared.append(variable)
                self._scope.announce(variable.text)
                return declared, following.kind == kinds.ASSIGN
            if following.kind != kinds.CHAR or following.text != ",":
                self._next = start
                break
            self._next += 1
            declared.append(variable)
            self._scope.announce(variable.text)
            if context != "range" or len(declared) > 1:
                self._fail(f"too many declarations in {context}")
            if self._skip_space().kind not in (kinds.VARIABLE, *_MISSING_PIPE_END):
                self._fail("range can only initialize variables")
        return declared, False

    def _command(self) -> CommandNode:
        at = self._skip_space().at
        operands: list[Node] = []
        while True:
            self._skip_space()
            operand = self._operand()
            if operand is not None:
                operands.append(operand)
            token = self._take()
            if token.kind == kinds.SPACE:
                continue
            if token.kind in (kinds.RIGHT, kinds.CLOSE):
                self._next -= 1
            elif token.kind != kinds.PIPE:
                self._unexpected(token, "operand")
            break
        if not operands:
            self._fail("empty command")
        return CommandNode(at, tuple(operands))

    def _operand(self) -> Node | None:
        node = self._term()
        if node is None or self._peek().kind != kinds.FIELD:
            return node
        at = self._peek().at
        fields: list[str] = []
        while self._peek().kind == kinds.FIELD:
            fields.append(self._take().text[1:])
        if isinstance(node, FieldNode):
            return FieldNode(at, node.fields + tuple(fields))
        if isinstance(node, VariableNode):
            return VariableNode(at, node.name, tuple(fields), node.slot)
        if isinstance(node, _CONSTANTS):
            self._fail(f"unexpected . after term {quote(str(node))}")
        return ChainNode(at, node, tuple(fields))

    def _term(self) -> Node | None:
        token = self._take_word()
        node: Node | None = None
        match token.kind:
            case kinds.IDENTIFIER:
                node = self._identifier(token)
            case kinds.DOT:
                node = DotNode(token.at)
            case kinds.NIL:
                node = NilNode(token.at)
            case kinds.VARIABLE:
                node = self._variable(token)
            case kinds.FIELD:
                node = FieldNode(token.at, (token.text[1:],))
            case kinds.BOOL:
                node = BoolNode(token.at, token.text == "true")
            case kinds.CHAR_CONSTANT | kinds.COMPLEX | kinds.NUMBER:
                node = NumberNode(token.at, self._number(token))
            case kinds.OPEN:
                node = self._parenthesis()
            case kinds.STRING | kinds.RAW_STRING:
                node = StringNode(token.at, token.text, self._unquote(token))
            case _:
                self._next -= 1
        return node

    def _identifier(self, token: Token) -> IdentifierNode:
        if token.text not in self._functions:
            self._fail(f"function {quote(token.text)} not defined")
        self._scope.called.add(token.text)
        return IdentifierNode(token.at, token.text)

    def _variable(self, token: Token) -> VariableNode:
        slot = self._scope.find(token.text)
        if slot is None:
            self._fail(f"undefined variable {quote(token.text)}")
        return VariableNode(token.at, token.text, (), slot)

    def _number(self, token: Token) -> Number:
        readers = {kinds.CHAR_CONSTANT: parse_rune, kinds.COMPLEX: parse_complex, kinds.NUMBER: parse_number}
        try:
            return readers[token.kind](token.text)
        except (BadNumber, BadQuoting) as err:
            self._fail(str(err))

    def _parenthesis(self) -> PipeNode:
        if self._nesting >= MAX_NESTING:
            self._fail("max expression depth exceeded")
        self._nesting += 1
        self._scope.deepest = max(self._scope.deepest, self._nesting)
        pipe = self._pipeline("parenthesized pipeline", kinds.CLOSE)
        self._nesting -= 1
        return pipe
