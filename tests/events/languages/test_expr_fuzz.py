"""No text crashes the reading of an expression, none takes long, and none crashes its run."""

import time
from random import Random

from events.languages.expr import ExprError, ExprEvaluationError, compile_program, host_functions
from events.languages.go_json import read_json
from tests import fuzzing
from tests.oracles import expr_cases

COUNT = fuzzing.COUNT
HOSTILE_S = 2.0


def test_no_mutated_expression_crashes_or_hangs():
    seed = Random().randrange(2**32)
    print("seed", seed)
    random = Random(seed)
    functions = host_functions()
    environment = read_json(expr_cases.environment({}).encode(), as_floats=True)
    hand = expr_cases.by_hand()
    read = 0
    for _ in range(COUNT):
        base = random.choice(hand) if random.random() < 0.5 else expr_cases.expression(random, 3)
        try:
            program = compile_program(expr_cases.mutated(random, base))
        except ExprError:
            continue
        read += 1
        try:
            program.run({**environment, **functions}, now_us=0)
        except ExprEvaluationError:
            continue
    assert read > COUNT // 20, "most mutations are read by nobody: the test sees little"


def test_hostile_texts_of_ten_kilobytes_are_read_in_bounded_time():
    started = time.perf_counter()
    parts = [
        "(",
        "a.",
        "a+",
        "a||",
        "!",
        "[",
        '"\\u0041',
        "let a=1;",
        "a?",
        "[0]",
        "-",
        "#",
        "a??",
        "f(",
        "map(a,",
    ]
    parts += [
        "1..",
        "a|f()",
        "{a:",
        "not ",
        "/*",
        "*/",
        "\\",
        "é",
        "'",
        "0x",
        ".5",
        "a in [",
        '"a",',
        "?.",
        "a:b ",
    ]
    for part in parts:
        for text in (part * (10_000 // len(part)), "a" + part * (10_000 // len(part))):
            try:
                compile_program(text).run({})
            except (ExprError, ExprEvaluationError):
                continue
    assert time.perf_counter() - started < HOSTILE_S * 5
