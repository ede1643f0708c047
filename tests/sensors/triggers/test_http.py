"""HTTP requests to a real listener: what is sent, what each answer means, what never leaves."""

import asyncio
import base64
import ipaddress
import json
import ssl

import pytest

from events.clock import ManualClock
from events.errors import Severity
from events.event import Event
from events.ports import SecretUnavailable
from events.resource import read_documents
from sensors.addresses import AddressPolicy
from sensors.http_client import MAX_ANSWER_BYTES
from sensors.trigger import (
    AttemptContext,
    Done,
    Failed,
    OnFailure,
    RenderContext,
    RenderFailed,
    TriggerServices,
)
from sensors.triggers.http import Http
from tests.servers.certificates import Certificates
from tests.servers.http_sink import Cut, Hang, HttpSink, Reply

NOW_US = 1_790_000_000_000_000
EFFECT = bytes(range(32))


class KnownSecrets:
    """Secrets as a test gives them; counts its reads."""

    def __init__(self, **values):
        self.values = values
        self.reads = 0

    async def read(self, ref):
        self.reads += 1
        try:
            return self.values[ref.key].encode()
        except KeyError:
            raise SecretUnavailable(f"{ref}: it does not exist") from None


def value(path, dest, **more):
    return {"src": {"dependencyName": "push", "dataKey": path, **more}, "dest": dest}


def secure(name, key):
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": "s", "key": key}}}


def render(spec, *, data=b'{"a":{"b":"text"},"n":1,"line":"x\\r\\ny"}', policy=None):
    event = Event(id="d1", source="gh", type="github", datacontenttype="application/json", data=data)
    context = RenderContext(
        namespace="ci",
        sensor="images",
        trigger="build",
        effect_id=EFFECT,
        event_ids=("d1",),
        fired_us=NOW_US,
        store_key=b"key",
        policy=policy,
    )
    return Http.render(json.dumps(spec).encode(), {"push": event}, context)


def attempt(*, is_strict=False):
    return AttemptContext(
        is_strict=is_strict,
        namespace="ci",
        sensor="images",
        trigger="build",
        effect_id=EFFECT,
        number=1,
        was_in_doubt=False,
        first_intent_us=NOW_US,
        at_least_once=False,
    )


@pytest.fixture
def secrets():
    return KnownSecrets(token="s3cr3t", user="me", password="p4ss")


@pytest.fixture
async def trigger(secrets):
    services = TriggerServices(kube=None, secrets=secrets, clock=ManualClock(NOW_US), store_key=b"key")
    trigger = Http(services)
    yield trigger
    await trigger.close()


async def fire(trigger, spec, **more):
    return await trigger.fire(render(spec, **more), attempt())


async def test_the_request_is_what_the_spec_says(trigger, http_sink):
    spec = {
        "url": f"{http_sink.url}/hook?x=1",
        "method": "PUT",
        "payload": [value("a.b", "text"), value("n", "number", useRawData=True)],
        "headers": {"x-Mixed-Case": "kept", "X-One": "1"},
        "dynamicHeaders": [value("a.b", "X-Value")],
        "secureHeaders": [secure("X-Token", "token")],
        "basicAuth": {"username": {"name": "s", "key": "user"}, "password": {"name": "s", "key": "password"}},
        "host": "example.test",
    }

    outcome = await fire(trigger, spec)

    [request] = http_sink.received
    assert outcome == Done(answer="200 OK", result={"status": 200})
    assert (request.method, request.target) == ("PUT", "/hook?x=1")
    assert request.body == b'{"text":"text","number":1}'
    headers = dict(request.head.headers)
    assert headers["x-Mixed-Case"] == "kept"
    assert headers["X-Value"] == "text"
    assert headers["X-Token"] == "s3cr3t"
    assert headers["Authorization"] == "Basic " + base64.b64encode(b"me:p4ss").decode()
    assert headers["Host"] == "example.test"
    assert headers["Idempotency-Key"] == f'"{EFFECT.hex()}"'
    assert headers["ce-id"] == EFFECT.hex()
    assert headers["ce-source"] == "kikkake/ci/images/build"
    assert "content-type" not in {name.lower() for name in headers}
    assert "accept-encoding" not in {name.lower() for name in headers}


async def test_without_payload_the_body_is_empty_and_the_method_is_post(trigger, http_sink):
    await fire(trigger, {"url": http_sink.url})

    [request] = http_sink.received
    assert (request.method, request.body) == ("POST", b"")


async def test_headers_of_the_user_lead_over_ours(trigger, http_sink):
    headers = {"idempotency-key": "mine", "CE-ID": "mine", "user-agent": "mine"}

    await fire(trigger, {"url": http_sink.url, "headers": headers})

    names = [name.lower() for name, _ in http_sink.received[0].head.headers]
    assert http_sink.received[0].header("Idempotency-Key") == "mine"
    assert http_sink.received[0].header("User-Agent") == "mine"
    assert len(names) == len(set(names))


async def test_parameters_write_into_the_request(trigger, http_sink):
    spec = {
        "url": "http://nowhere.test",
        "parameters": [{"src": {"dependencyName": "push", "dataKey": "u"}, "dest": "url"}],
    }

    await fire(trigger, spec, data=json.dumps({"u": f"{http_sink.url}/from-event"}).encode())

    assert http_sink.received[0].target == "/from-event"


async def test_basic_auth_replaces_an_authorization_of_any_case(trigger, http_sink):
    spec = {
        "url": http_sink.url,
        "headers": {"authorization": "Bearer mine"},
        "basicAuth": {"password": {"name": "s", "key": "password"}},
    }

    await fire(trigger, spec)

    sent = [value for name, value in http_sink.received[0].head.headers if name.lower() == "authorization"]
    assert sent == ["Basic " + base64.b64encode(b":p4ss").decode()]


async def test_secrets_are_references_until_each_attempt(trigger, http_sink, secrets):
    spec = {"url": http_sink.url, "secureHeaders": [secure("X-Token", "token")]}
    rendered = render(spec)
    assert b"s3cr3t" not in rendered

    await trigger.fire(rendered, attempt())
    secrets.values["token"] = "rotated"
    await trigger.fire(rendered, attempt())

    assert [request.header("X-Token") for request in http_sink.received] == ["s3cr3t", "rotated"]


async def test_a_secret_that_cannot_be_read_sends_nothing(trigger, http_sink):
    outcome = await fire(trigger, {"url": http_sink.url, "secureHeaders": [secure("X-Token", "nothing")]})

    assert (outcome.reason, outcome.then, outcome.in_doubt) == ("SecretUnavailable", OnFailure.RETRY, False)
    assert http_sink.received == []


async def test_a_secret_with_a_line_break_sends_nothing(trigger, http_sink, secrets):
    secrets.values["token"] = "a\r\nX-Evil: 1"

    outcome = await fire(trigger, {"url": http_sink.url, "secureHeaders": [secure("X-Token", "token")]})

    assert outcome.reason == "SecretUnusable"
    assert http_sink.received == []


def test_a_line_break_from_an_event_is_no_header():
    with pytest.raises(RenderFailed, match="header `X-Value` would hold control characters"):
        render({"url": "http://x.test", "dynamicHeaders": [value("line", "X-Value")]})


@pytest.mark.parametrize("url", ["ftp://x.test", "/relative", "http://", "http://[", "unix:/socket"])
def test_a_url_that_cannot_be_sent_to_is_not_rendered(url):
    with pytest.raises(RenderFailed, match=r"http\.url"):
        render({"url": url})


@pytest.mark.parametrize("status", [200, 201, 204, 299])
async def test_2xx_is_a_success(trigger, http_sink, status):
    http_sink.default = Reply(status)

    assert isinstance(await fire(trigger, {"url": http_sink.url}), Done)


@pytest.mark.parametrize(
    ("status", "then"),
    [
        (408, OnFailure.RETRY),
        (409, OnFailure.RETRY),
        (425, OnFailure.RETRY),
        (429, OnFailure.RETRY),
        (500, OnFailure.RETRY),
        (503, OnFailure.RETRY),
        (400, OnFailure.GIVE_UP),
        (401, OnFailure.GIVE_UP),
        (404, OnFailure.GIVE_UP),
        (422, OnFailure.GIVE_UP),
        (304, OnFailure.GIVE_UP),
    ],
)
async def test_other_answers_are_decided_by_their_status(trigger, http_sink, status, then):
    http_sink.default = Reply(status)

    outcome = await fire(trigger, {"url": http_sink.url})

    assert isinstance(outcome, Failed)
    assert (outcome.then, outcome.in_doubt, outcome.counts) == (then, False, True)


async def test_a_status_policy_says_what_a_success_is(trigger, http_sink):
    policy = {"status": {"allow": [200, 404]}}
    http_sink.answers.extend([Reply(404), Reply(202), Reply(503)])

    found = [await fire(trigger, {"url": http_sink.url}, policy=policy) for _ in range(3)]

    assert isinstance(found[0], Done)
    assert (
        found[1].detail == "policy application resulted in failure. http response status 202 is not allowed"
    )
    assert [found[1].then, found[2].then] == [OnFailure.RETRY_IF_ASKED, OnFailure.RETRY]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("99999", 3600.0),
        ("Mon, 21 Sep 2026 14:13:50 GMT", 30.0),
        ("Mon, 21 Sep 2026 14:00:00 GMT", 0.0),
        ("soon", None),
    ],
)
async def test_retry_after_is_honoured_up_to_an_hour(trigger, http_sink, header, seconds):
    http_sink.default = Reply(503, {"Retry-After": header})

    outcome = await fire(trigger, {"url": http_sink.url})

    assert outcome.retry_after_s == seconds


async def test_the_answer_is_shown_printable_short_and_without_our_secrets(trigger, http_sink):
    http_sink.default = Reply(400, body=b"bad token s3cr3t\x1b[31m\n" + b"x" * 1000)

    outcome = await fire(trigger, {"url": http_sink.url, "secureHeaders": [secure("X-Token", "token")]})

    assert outcome.detail.startswith("Rejected 400: bad token *** [31m xxx")
    assert len(outcome.detail) < 300


async def test_a_refused_connection_was_not_sent(trigger, http_sink):
    await http_sink.close()

    outcome = await fire(trigger, {"url": http_sink.url})

    assert (outcome.reason, outcome.then, outcome.in_doubt) == ("Unreachable", OnFailure.RETRY, False)


async def test_a_name_that_does_not_resolve_was_not_sent(trigger):
    outcome = await fire(trigger, {"url": "http://does-not-exist.invalid/"})

    assert (outcome.reason, outcome.in_doubt) == ("Unreachable", False)


async def test_a_cut_connection_is_in_doubt(trigger, http_sink):
    http_sink.default = Cut()

    outcome = await fire(trigger, {"url": http_sink.url})

    assert (outcome.reason, outcome.then, outcome.in_doubt) == ("NoAnswer", OnFailure.RETRY, True)


async def test_a_receiver_that_hangs_is_in_doubt_after_its_timeout(trigger, http_sink):
    http_sink.default = Hang()

    async with asyncio.timeout(5):
        outcome = await fire(trigger, {"url": http_sink.url, "timeout": 1})

    assert (outcome.reason, outcome.in_doubt) == ("NoAnswer", True)
    assert "no answer within 1 s" in outcome.detail


async def test_an_endless_answer_is_cut_off_and_the_next_request_works(trigger, http_sink):
    http_sink.answers.extend([Reply(200, body=b"x" * (MAX_ANSWER_BYTES * 20)), Reply(200)])

    first = await fire(trigger, {"url": http_sink.url})
    second = await fire(trigger, {"url": http_sink.url})

    assert isinstance(first, Done)
    assert isinstance(second, Done)


async def test_connections_are_used_again(trigger, http_sink):
    for _ in range(5):
        await fire(trigger, {"url": http_sink.url})

    assert len(http_sink._listener._connections) == 1


async def test_a_redirect_is_followed_with_the_same_request(trigger, http_sink):
    http_sink.answers.append(Reply(307, {"Location": "/other"}))
    spec = {
        "url": http_sink.url,
        "payload": [value("a.b", "text")],
        "secureHeaders": [secure("X-Token", "token")],
    }

    outcome = await fire(trigger, spec)

    assert isinstance(outcome, Done)
    assert [(one.method, one.target, one.body) for one in http_sink.received] == [
        ("POST", "/", b'{"text":"text"}'),
        ("POST", "/other", b'{"text":"text"}'),
    ]
    assert http_sink.received[1].header("X-Token") == "s3cr3t"


@pytest.mark.parametrize("status", [301, 302, 303])
async def test_some_redirects_become_a_get_without_body_as_in_go(trigger, http_sink, status):
    http_sink.answers.append(Reply(status, {"Location": "/other"}))

    await fire(trigger, {"url": http_sink.url, "payload": [value("a.b", "text")]})

    assert (http_sink.received[1].method, http_sink.received[1].body) == ("GET", b"")


async def test_no_secret_goes_to_another_host(trigger, http_sink):
    async with HttpSink() as other:
        http_sink.answers.append(Reply(307, {"Location": f"{other.url}/there"}))
        spec = {
            "url": http_sink.url,
            "headers": {"Cookie": "c", "X-Plain": "kept"},
            "secureHeaders": [secure("X-Token", "token")],
            "basicAuth": {"username": {"name": "s", "key": "user"}},
            "host": "inner.test",
        }
        await fire(trigger, spec)

        [request] = other.received
        assert request.header("X-Plain") == "kept"
        assert request.header("Host") == f"127.0.0.1:{other.port}"
        sent = str(request.head.headers)
        assert "s3cr3t" not in sent
        assert {"authorization", "cookie", "x-token"} & {
            name.lower() for name, _ in request.head.headers
        } == set()


async def test_a_sixth_redirect_is_refused(trigger, http_sink):
    http_sink.default = Reply(302, {"Location": "/again"})

    outcome = await fire(trigger, {"url": http_sink.url})

    assert (outcome.reason, outcome.then) == ("RedirectRefused", OnFailure.GIVE_UP)
    assert len(http_sink.received) == 6


@pytest.mark.parametrize("target", ["ftp://x.test/", "file:///etc/passwd", "http://["])
async def test_a_redirect_to_something_else_is_refused(trigger, http_sink, target):
    http_sink.default = Reply(302, {"Location": target})

    outcome = await fire(trigger, {"url": http_sink.url})

    assert outcome.reason == "RedirectRefused"
    assert len(http_sink.received) == 1


@pytest.fixture
async def tls_sink(tmp_path):
    certificates = Certificates.make(tmp_path / "pki")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificates.server, certificates.server_key)
    async with HttpSink(tls=tls) as sink:
        sink.certificates = certificates
        yield sink


def tls_secret(key):
    return {"name": "tls", "key": key}


async def test_an_unknown_certificate_is_refused_before_anything_is_sent(trigger, tls_sink):
    outcome = await fire(trigger, {"url": tls_sink.url})

    assert (outcome.reason, outcome.in_doubt) == ("Unreachable", False)
    assert tls_sink.received == []


async def test_the_given_authority_is_trusted(trigger, tls_sink, secrets):
    secrets.values["ca"] = tls_sink.certificates.ca.read_text()

    outcome = await fire(trigger, {"url": tls_sink.url, "tls": {"caCertSecret": tls_secret("ca")}})

    assert isinstance(outcome, Done)


async def test_verification_can_be_turned_off(trigger, tls_sink):
    assert isinstance(await fire(trigger, {"url": tls_sink.url, "tls": {"insecureSkipVerify": True}}), Done)


async def test_a_redirect_from_https_to_http_is_refused(trigger, tls_sink, http_sink):
    tls_sink.default = Reply(307, {"Location": http_sink.url})

    outcome = await fire(trigger, {"url": tls_sink.url, "tls": {"insecureSkipVerify": True}})

    assert outcome.reason == "RedirectRefused"
    assert http_sink.received == []


async def test_an_authority_that_is_no_certificate_is_named(trigger, tls_sink, secrets):
    secrets.values["ca"] = "nonsense"

    outcome = await fire(trigger, {"url": tls_sink.url, "tls": {"caCertSecret": tls_secret("ca")}})

    assert outcome.reason == "SecretUnusable"
    assert "secret ci/tls key `ca` holds no usable PEM certificate" in outcome.detail


def check(member, *, strict="false"):
    head = {"annotations": {"kikkake/strict": strict}}
    text = json.dumps(
        {"apiVersion": "argoproj.io/v1alpha1", "kind": "Sensor", "metadata": head, "spec": {"t": member}}
    )
    [document], _ = read_documents(text, "sensor.yaml")
    config = Http.Config.model_validate(member)
    return Http.check(document, config, ("spec", "t"), "trigger:build")


@pytest.mark.parametrize(
    ("member", "text"),
    [
        ({}, "template build is invalid, server URL is not specified"),
        (
            {"url": "http://u", "method": "post"},
            "only GET, DELETE, PATCH, POST and PUT methods are supported",
        ),
        (
            {"url": "http://u", "payload": [{"dest": "x"}]},
            "payload index: 0. err: parameter source can't be empty",
        ),
        ({"url": "http://u", "tls": {}}, "invalid tls config, neither of caCertSecret"),
        (
            {"url": "http://u", "tls": {"clientCertSecret": {}}},
            "invalid tls config, both of clientCertSecret",
        ),
        ({"url": "http://u", "tls": {"insecureSkipVerify": True}}, "certificate is not verified"),
        ({"url": "http://u", "headers": {"Host": "x"}}, "is not sent, as upstream"),
        ({"url": "ftp://u"}, "http.url is not an http or https URL with a host"),
        ({"url": "http://u", "dynamicHeaders": [{"dest": "X"}]}, "parameter source can't be empty"),
        ({"url": "http://u", "secureHeaders": [{}]}, "no usable name or no `valueFrom`"),
        (
            {"url": "http://u", "secureHeaders": [{"name": "X", "valueFrom": {}}]},
            "secure header `X` has neither secretKeyRef nor configMapKeyRef",
        ),
    ],
)
def test_faults_are_found_before_anything_fires(member, text):
    assert text in str(check(member)[0])


def test_a_url_that_parameters_complete_is_no_fault():
    assert check({"url": "HOST", "parameters": [value("a.b", "url")]}) == []


def test_a_payload_without_dest_is_the_whole_body_and_no_fault():
    assert check({"url": "http://u", "payload": [{"src": {"dependencyName": "push"}, "dest": ""}]}) == []


def test_skipped_verification_is_a_warning():
    [finding] = check({"url": "http://u", "tls": {"insecureSkipVerify": True}})

    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f.1", "[::ffff:127.0.0.1]"])
async def test_a_restricted_trigger_does_not_connect_to_inner_addresses(http_sink, secrets, host):
    services = TriggerServices(
        kube=None, secrets=secrets, clock=ManualClock(NOW_US), store_key=b"key", addresses=AddressPolicy()
    )
    trigger = Http(services)
    try:
        outcome = await fire(trigger, {"url": f"http://{host}:{http_sink.port}/"})
    finally:
        await trigger.close()

    assert (outcome.reason, outcome.then) == ("AddressNotAllowed", OnFailure.GIVE_UP)
    assert "(loopback)" in outcome.detail
    assert http_sink.received == []


async def test_proxies_are_used_in_a_cluster_and_not_by_its_strict_sensors(http_sink, secrets, monkeypatch):
    monkeypatch.setenv("http_proxy", http_sink.url)
    monkeypatch.delenv("no_proxy", raising=False)
    addresses = AddressPolicy.of_a_cluster(allowed=(ipaddress.ip_network("127.0.0.0/8"),))
    services = TriggerServices(
        kube=None, secrets=secrets, clock=ManualClock(NOW_US), store_key=b"key", addresses=addresses
    )
    trigger = Http(services)
    rendered = render({"url": "http://hooks.invalid/x"})
    try:
        assert isinstance(await trigger.fire(rendered, attempt()), Done)
        assert (await trigger.fire(rendered, attempt(is_strict=True))).reason == "Unreachable"
    finally:
        await trigger.close()

    assert [request.target for request in http_sink.received] == ["http://hooks.invalid/x"]


@pytest.mark.parametrize("host", ["127.1", "2130706433"])
async def test_a_host_that_only_some_read_as_an_address_is_given_up(trigger, host):
    outcome = await fire(trigger, {"url": f"http://{host}/"})

    assert (outcome.reason, outcome.then) == ("UrlUnusable", OnFailure.GIVE_UP)


async def test_an_allowed_network_is_connected_to(http_sink, secrets):
    addresses = AddressPolicy((ipaddress.ip_network("127.0.0.0/8"),))
    services = TriggerServices(
        kube=None, secrets=secrets, clock=ManualClock(NOW_US), store_key=b"key", addresses=addresses
    )
    trigger = Http(services)
    try:
        assert isinstance(await fire(trigger, {"url": http_sink.url}), Done)
    finally:
        await trigger.close()


async def test_a_strict_sensor_connects_to_no_inner_address_and_others_do(trigger, http_sink):
    rendered = render({"url": http_sink.url})

    assert isinstance(await trigger.fire(rendered, attempt()), Done)
    outcome = await trigger.fire(rendered, attempt(is_strict=True))

    assert (outcome.reason, outcome.then) == ("AddressNotAllowed", OnFailure.GIVE_UP)
    assert len(http_sink.received) == 1


@pytest.mark.parametrize(
    ("url", "strict", "found"),
    [
        ("http://169.254.169.254/latest", "false", [("InnerAddress", Severity.WARNING)]),
        ("http://10.0.0.8:80/", "false", [("InnerAddress", Severity.WARNING)]),
        ("https://[fd00::1]/", "false", [("InnerAddress", Severity.WARNING)]),
        ("http://127.0.0.1:8080/", "false", []),
        ("http://8.8.8.8/", "false", []),
        ("http://build.ci/", "false", []),
        ("http://10.0.0.8/", "true", [("AddressNotAllowed", Severity.ERROR)]),
        ("http://127.0.0.1/", "true", [("AddressNotAllowed", Severity.ERROR)]),
        ("https://example.com/", "true", []),
    ],
)
def test_an_inner_address_in_the_url_is_reported_and_refused_under_strict(url, strict, found):
    findings = check({"url": url}, strict=strict)

    assert [(each.code, each.severity) for each in findings] == found
    assert {each.at for each in findings} <= {"spec.t.url"}
