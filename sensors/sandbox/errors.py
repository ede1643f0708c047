"""How a call may end other than well. The texts are shown to people; no data of an event stands in ours."""

from __future__ import annotations

from typing import ClassVar

from events.errors import KikkakeError


class SandboxError(KikkakeError):
    """A program gave no result."""


class ScriptFailed(SandboxError):
    """The program itself failed; the text is its language's. `line` counts from 1, 0 where no place is known."""

    def __init__(self, text: str, line: int = 0) -> None:
        self.line = line
        super().__init__(text)


class DeadlineExceeded(SandboxError):
    """The program took too long and was stopped."""

    def __init__(self, language: str, deadline_s: float) -> None:
        super().__init__(f"{language} program stopped after {deadline_s * 1000:.0f} ms: it took too long")


class MemoryExceeded(SandboxError):
    """The program wanted more memory than it may have."""

    def __init__(self, language: str, reason: str) -> None:
        super().__init__(f"{language} program stopped: {reason}")


class WorkerCrashed(SandboxError):
    """The program ended its process, twice."""

    def __init__(self, language: str, ending: str) -> None:
        super().__init__(f"{language} program ended its process ({ending}), most likely for want of memory")


class SandboxBusy(SandboxError):
    """Too many calls wait already; or the sandbox is closing."""

    retryable: ClassVar[bool] = True


class SandboxUnavailable(SandboxError):
    """No worker process could be started."""

    retryable: ClassVar[bool] = True
