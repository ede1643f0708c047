"""What the answer to an HTTP request means for its effect (spec: bad-input section 5). Pure."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from http import HTTPStatus

from events.clock import US_PER_S
from events.errors import KikkakeError
from events.ports import SecretUnavailable
from sensors.http_client import (
    AddressNotAllowed,
    Answer,
    NoAnswer,
    RedirectRefused,
    RequestNotSent,
    UrlUnusable,
)
from sensors.http_request import MASK
from sensors.tls import TLSUnusable
from sensors.trigger import Done, Failed, OnFailure

_MAY_PASS = frozenset({408, 409, 425, 429})
_MAX_RETRY_AFTER_S = 3600.0
_SHOWN_ANSWER_BYTES = 256


class SecretUnusable(KikkakeError):
    """A secret was read and cannot be sent; the text names it and never its value."""


_UNSENT: dict[type[KikkakeError], tuple[str, OnFailure]] = {
    RequestNotSent: ("Unreachable", OnFailure.RETRY),
    SecretUnavailable: ("SecretUnavailable", OnFailure.RETRY),
    TLSUnusable: ("SecretUnusable", OnFailure.RETRY_BRIEFLY),
    SecretUnusable: ("SecretUnusable", OnFailure.RETRY_BRIEFLY),
    AddressNotAllowed: ("AddressNotAllowed", OnFailure.GIVE_UP),
    UrlUnusable: ("UrlUnusable", OnFailure.GIVE_UP),
    RedirectRefused: ("RedirectRefused", OnFailure.GIVE_UP),
}

WITHOUT_ANSWER: tuple[type[KikkakeError], ...] = (*_UNSENT, NoAnswer)
"""What `failure_of` judges."""


def failure_of(error: KikkakeError) -> Failed:
    """What a request met that has no answer to judge."""
    if type(error) in _UNSENT:
        reason, then = _UNSENT[type(error)]
        return failed(reason, str(error), "not sent", then)
    return Failed(
        reason="NoAnswer",
        detail=str(error),
        answer="no answer: in doubt",
        then=OnFailure.RETRY,
        in_doubt=True,
    )


def judge_answer(
    answer: Answer, allow: tuple[int, ...] | None, hidden: list[str], now_us: int
) -> Done | Failed:
    """`allow` lists the statuses that are a success (None = 2xx), `hidden` the texts that no message may show."""
    status = answer.status
    text = _status_text(status)
    is_success = 200 <= status < 300 if allow is None else status in allow
    if is_success:
        return Done(answer=text, result={"status": status})
    if status in _MAY_PASS or status >= 500:
        return Failed(
            reason="TooManyRequests" if status == 429 else "Rejected",
            detail=f"the receiver answered {text}{_shown(answer, hidden)}",
            answer=text,
            then=OnFailure.RETRY,
            retry_after_s=_retry_after_s(answer.retry_after, now_us),
        )
    if 300 <= status < 400:
        return failed("RedirectRefused", f"{text} without a target to follow", text, OnFailure.GIVE_UP)
    if allow is not None and 200 <= status < 300:
        detail = f"policy application resulted in failure. http response status {status} is not allowed"
        return failed("Rejected", detail, text, OnFailure.RETRY_IF_ASKED)
    return failed("Rejected", f"Rejected {status}{_shown(answer, hidden)}", text, OnFailure.GIVE_UP)


def _status_text(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _shown(answer: Answer, hidden: list[str]) -> str:
    """The beginning of the answer, printable, with every secret of the request masked."""
    text = answer.body.decode("utf-8", "replace")
    for secret in sorted({secret for secret in hidden if secret}, key=len, reverse=True):
        text = text.replace(secret, MASK)
    cut = text.encode()[:_SHOWN_ANSWER_BYTES].decode("utf-8", "ignore")
    printable = "".join(char if char.isprintable() else " " for char in cut).strip()
    return f": {printable}" if printable else ""


def _retry_after_s(text: str | None, now_us: int) -> float | None:
    """Seconds of a Retry-After, which is a number or a date; at most an hour, None where it is neither."""
    if text is None:
        return None
    if text.isdecimal():
        seconds = float(text[:9])
    else:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - now_us / US_PER_S
        except (ValueError, OverflowError):
            return None
    return min(max(seconds, 0.0), _MAX_RETRY_AFTER_S)


def failed(reason: str, detail: str, answer: str, then: OnFailure) -> Failed:
    """A failure that is not in doubt."""
    return Failed(reason=reason, detail=detail, answer=answer, then=then)
