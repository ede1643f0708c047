"""Go's text/template: `{{ .Input.name | upper }}`, compiled once to closures and rendered often.

    from events.languages.go_template import RenderContext, compile_template

    template = compile_template("{{ .Input.n }}", functions=FUNCTIONS)
    text = template.render({"Input": from_json(document)}, context)

Everything of text/template of Go 1.26, with the messages of Go. What it lacks is in
docs/reference/differences/go_template.md; how functions are declared stands in functions.py, the budgets of a run in
errors.py. Pure: the time, randomness and the outside come in the context.
"""

from events.languages.go_template.errors import TemplateError
from events.languages.go_template.functions import Function, FunctionError, Randomness, RenderContext, declare
from events.languages.go_template.template import Template, compile_template

__all__ = [
    "Function",
    "FunctionError",
    "Randomness",
    "RenderContext",
    "Template",
    "TemplateError",
    "compile_template",
    "declare",
]
