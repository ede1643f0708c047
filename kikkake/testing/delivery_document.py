"""The parts of test documents that are about deliveries, and the document `EventSourceTest` (design, section 7)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from events.model import SpecModel

Text = Annotated[str, Field(min_length=1)]
"""Something has to be in it."""


def one_of(model: SpecModel, *names: str, is_needed: bool = True) -> None:
    """Raise ValueError unless exactly one (with `is_needed=False`: at most one) of the members is given."""
    given = [name for name in names if name in model.model_fields_set]
    if len(given) > 1 or (is_needed and not given):
        aliases = [_alias(model, name) for name in (given or names)]
        text = " and ".join(aliases) if given else ", ".join(aliases[:-1]) + f" or {aliases[-1]}"
        raise ValueError(f"{text} exclude one another: keep one" if given else f"one of {text} is needed")


def _alias(model: SpecModel, name: str) -> str:
    return f"`{type(model).model_fields[name].alias or name}`"


class Metadata(SpecModel):
    """Who the test is."""

    name: Text


class Head(SpecModel):
    """What every test document begins with."""

    api_version: str
    kind: str
    metadata: Metadata


class Sign(SpecModel):
    """Proof of origin that is not as it should be."""

    secret: Text = ""
    """NAME or NAME/KEY of `secrets`: signed with this one instead of the current one."""
    at: Text = ""
    """Time of a signature that holds one."""
    tamper: bool = False
    """The body is changed after it was signed."""


class FormText(SpecModel):
    """A field of a form that is no file."""

    text: str


class DeliveryExpect(SpecModel):
    """How the sender is answered, and what became of the delivery."""

    status: int | None = None
    headers: dict[str, str | None] | None = None
    """By name in any case; null = not there."""
    body: Any = None
    """Subset of the answer's JSON, or its text."""
    events: list[dict[str, Any]] | None = None
    """Exact list of the events that were stored, subset match each."""
    duplicate: bool | None = None
    """It was recognised: nothing of it was stored again."""
    rejected: str = ""
    """Cause of the refusal, such as `bad-json`."""

    @model_validator(mode="after")
    def _judges_something(self) -> DeliveryExpect:
        if not self.model_fields_set:
            raise ValueError("judges nothing: give status, headers, body, events, duplicate or rejected")
        return self


class Delivery(SpecModel):
    """One HTTP request of a sender."""

    path: Text = ""
    to: Text = ""
    """EVENT (in a SensorTest EVENTSOURCE/EVENT): its path, its sender's headers."""
    port: int | None = None
    query: str = ""
    peer: str = Field(default="127.0.0.1", alias="from")
    client_cert: Any = None
    repeat: int = Field(default=1, ge=1, le=1000)
    method: str = ""
    """That of the endpoint where none is given."""
    headers: dict[str, str | None] = {}
    """They win over what the sender adds by itself; null takes one away."""
    body: Any = None
    body_text: str | None = None
    body_base64: str | None = None
    body_file: Text = ""
    form: dict[str, str | FormText] | None = None
    """Field to a file that holds its value, or `{text: ...}`."""
    sign: bool | Sign = False
    record: dict[str, Any] | None = None
    tick: Text = ""
    message: dict[str, Any] | None = None
    expect: DeliveryExpect | None = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> Delivery:
        one_of(self, "path", "to", "record", "tick", "message", is_needed=False)
        one_of(self, "body", "body_text", "body_base64", "body_file", "form", is_needed=False)
        return self


class SourceStep(Delivery):
    """One item of `deliveries`."""

    wait: Text = ""
    at: Text = ""
    restart: Literal[True] | None = None

    @model_validator(mode="after")
    def _is_one_step(self) -> SourceStep:
        one_of(self, "path", "to", "record", "tick", "message", "wait", "at", "restart")
        return self


class SourceCase(SpecModel):
    """One case: deliveries in order."""

    name: Text
    delivery: SourceStep | None = None
    deliveries: list[SourceStep] = []

    @model_validator(mode="after")
    def _judges_something(self) -> SourceCase:
        one_of(self, "delivery", "deliveries")
        if not any(step.expect for step in self.steps()):
            raise ValueError(f"case `{self.name}` judges nothing: give a delivery `expect`")
        return self

    def steps(self) -> list[SourceStep]:
        """In order, whichever of the two members holds them."""
        return self.deliveries if self.delivery is None else [self.delivery]


class EventSourceTest(Head):
    """Tests of one EventSource."""

    event_source: str | dict[str, Any]
    now: str = ""
    secrets: dict[str, dict[str, str]] = {}
    config_maps: dict[str, dict[str, str]] = {}
    cases: list[SourceCase]
