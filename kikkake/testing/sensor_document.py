"""The document `SensorTest`: its members, as design, section 7 has them. What they mean is `sensor_case.py`'s."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from events.model import SpecModel
from kikkake.testing.delivery_document import Delivery, Head, Text, one_of

Outcome = Literal["done", "dead-letter", "in-doubt", "superseded", "open"]
"""`open`: it is still being tried."""


class Answer(SpecModel):
    """What the outside answers to one attempt."""

    status: int | None = None
    """HTTP status; without one, success."""
    refused: bool = False
    """The connection is refused: nothing was sent."""
    lost: Literal["request", "answer"] | None = None
    """In doubt: `request` was written and never arrived, or it was done and its `answer` was lost."""
    body: Any = None
    """Of the answer, as JSON; for `k8s` what others make of the object, or a Status for an error."""
    after: Text = ""
    """`30s`: what `body` says of the object is so that much later."""
    headers: dict[str, str] = {}

    @model_validator(mode="after")
    def _says_one_thing(self) -> Answer:
        if self.refused + (self.lost is not None) + (self.status is not None) > 1:
            raise ValueError("`refused`, `lost` and `status` exclude one another: keep one")
        return self


class Waiting(SpecModel):
    """What a trigger holds and still needs."""

    key: str | None = None
    """The correlation key, of a trigger that has one."""
    has: dict[str, str | list[str]] | None = None
    """Dependency to the id of the event that is held, the whole of it; a list where several are held."""
    needs: list[str] | None = None
    """Dependencies that it waits for, in any order."""


class Rendered(SpecModel):
    """What was rendered: exactly one of the three is there."""

    object: dict[str, Any] | None = None
    request: dict[str, Any] | None = None
    message: dict[str, Any] | None = None


class Fired(Rendered):
    """One trigger that fired."""

    trigger: str
    given: dict[str, str | list[str]] | None = Field(default=None, alias="with")
    """Dependency to the id of the event that it was fired with; the whole of it."""
    exactly: Rendered | None = None
    operation: Text = ""
    """What is done with the object: `create`, `update`, `patch`, `apply`, `delete`, `resume`, ..."""
    absent: list[Text] = []
    """Paths (gjson) that what was rendered does not have."""
    outcome: Outcome | None = None
    attempts: int | None = None
    reason: Text = ""
    """Regular expression."""
    at: Text = ""
    """When it fired."""


class SensorExpect(SpecModel):
    """What happened, since the previous `expect` or in the whole case."""

    verdicts: dict[str, Literal["passed", "filtered", "failed", "duplicate"]] | None = None
    because: dict[str, str] | None = None
    waiting: dict[str, Waiting | list[Waiting] | None] | None = None
    """By trigger; null = that one holds nothing; `{}` = none of them does."""
    fired: list[Fired] | None = None
    cluster: list[dict[str, Any]] | None = None
    """Objects that are there then: `apiVersion`, `kind`, `metadata.name`, and what they hold (subset)."""
    gone: list[dict[str, Any]] | None = None
    """Objects that are not there then, by the same names."""
    error: Text = ""

    @model_validator(mode="after")
    def _judges_something(self) -> SensorExpect:
        given = (self.verdicts, self.because, self.waiting, self.fired, self.cluster, self.gone)
        if not any((self.error, *_given(*given))):
            raise ValueError("judges nothing: give verdicts, because, waiting, fired, cluster, gone or error")
        return self


def _given(*members: object) -> list[bool]:
    return [member is not None for member in members]


class SensorStep(SpecModel):
    """One item of `events`: an event, a delivery, or something that happens in between."""

    on: Text = ""
    """EVENTSOURCE/EVENT."""
    data: Any = None
    data_text: str | None = None
    data_base64: str | None = None
    data_file: Text = ""
    context: dict[str, Any] = {}
    """CloudEvents attributes; null = absent."""
    wait: Text = ""
    at: Text = ""
    restart: Literal[True] | None = None
    expect: SensorExpect | None = None
    delivery: Delivery | None = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> SensorStep:
        one_of(self, "on", "wait", "at", "restart", "expect", "delivery")
        one_of(self, "data", "data_text", "data_base64", "data_file", is_needed=False)
        if not self.on and (self.context or any(name.startswith("data") for name in self.model_fields_set)):
            raise ValueError(
                "`data` and `context` belong to an event: say which with `on: EVENTSOURCE/EVENT`"
            )
        return self


class SensorCase(SpecModel):
    """One case: what happens, and what is expected of it."""

    name: Text
    events: list[SensorStep] = []
    expect: SensorExpect | None = None

    @model_validator(mode="after")
    def _judges_something(self) -> SensorCase:
        if self.expect is None and not any(step.expect or _judges(step) for step in self.events):
            raise ValueError(f"case `{self.name}` judges nothing: give it `expect`")
        return self


def _judges(step: SensorStep) -> bool:
    return step.delivery is not None and step.delivery.expect is not None


class SensorTest(Head):
    """Tests of one Sensor."""

    sensor: str | dict[str, Any]
    """A path relative to this file, with `#NAME` where it holds several; or the Sensor itself."""
    event_sources: list[str | dict[str, Any]] = []
    now: Text = ""
    secrets: dict[str, dict[str, str]] = {}
    config_maps: dict[str, dict[str, str]] = {}
    cluster: list[dict[str, Any]] = []
    artifacts: dict[str, Text | None] = {}
    """What URL, git, S3 and file sources give, by name: files relative to this one; null = it cannot be had."""
    answers: dict[str, list[Answer]] = {}
    cases: list[SensorCase]
