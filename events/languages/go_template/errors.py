"""The error of a template, and the budgets of a run.

Go would run such templates until memory or patience ends; a gateway that many share may not.
"""

from __future__ import annotations

from events.errors import KikkakeError

MAX_TEXT = 256 * 1024
"""Characters of a template: about a second to compile when it is nothing but actions."""
MAX_OUTPUT = 4 * 1024 * 1024
"""Characters that a run may write, and the longest text and list that a function may hand out."""
MAX_STEPS = 500_000
"""Nodes that loops and called templates may run: a fifth of a second when they are simple. The time itself is the
caller's to limit: `RenderContext.should_stop`."""
MAX_NESTING = 100
"""How deep blocks and parentheses may nest in the text (Go: 10,000 parentheses)."""
MAX_CALL_DEPTH = 200
"""How deep a run may nest: each template that calls one counts with its own blocks (Go: 100,000 templates)."""


class TemplateError(KikkakeError):
    """A template cannot be read, or its run failed; the text is that of Go's text/template."""
