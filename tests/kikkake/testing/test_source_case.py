"""Each member of an EventSourceTest with a case that passes and one that fails."""

import textwrap

import pytest

from tests.kikkake.testing.support import SENSOR, run_files, told

SOURCE = """
    apiVersion: argoproj.io/v1alpha1
    kind: EventSource
    metadata: {name: github}
    spec:
      github:
        push:
          repositories: [{owner: octo-org, names: [storefront]}]
          restrict: true
          webhook: {endpoint: /push, port: "12000", method: POST}
          webhookSecret: {name: github, key: secret}
          oldWebhookSecrets: [{name: github-old, key: secret}]
          events: [push]
"""
WEBHOOKS = """
    apiVersion: argoproj.io/v1alpha1
    kind: EventSource
    metadata: {name: hooks}
    spec:
      webhook:
        in: {endpoint: /in, port: "12000", method: POST}
        get: {endpoint: /in, port: "12001", method: GET}
        other: {endpoint: /other, port: "12001", method: POST}
"""
HEAD = """
    apiVersion: kikkake/v1
    kind: EventSourceTest
    metadata: {name: github}
    eventSource: source.yaml
    secrets: {github: {secret: the-current-one-of-the-test}, github-old: {secret: the-old-one-of-the-test}}
"""
PUSH = '{"ref": "refs/heads/main", "repository": {"full_name": "octo-org/storefront"}}'


async def run_deliveries(folder, deliveries, *, source=SOURCE, head=HEAD):
    steps = "".join(f"\n  - {step}" for step in deliveries)
    document = f"{textwrap.dedent(head)}cases:\n- name: the case\n  deliveries:{steps}\n"
    folder.joinpath("push.json").write_text(PUSH, encoding="utf-8")
    [result] = await run_files(folder, source__yaml=source, source_test__yaml=document)
    return result


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        pytest.param("{status: 200}", "", id="status"),
        pytest.param("{status: 201}", "expect.status | 201 | 200 | the answer is 200", id="another status"),
        pytest.param("{headers: {content-type: application/json, X-Other: null}}", "", id="headers"),
        pytest.param(
            "{headers: {Content-Type: text/plain}}",
            'headers.Content-Type | "text/plain" | "application/json"',
            id="another header",
        ),
        pytest.param("{headers: {X-Other: a}}", 'X-Other | "a" | (absent)', id="a header that is not there"),
        pytest.param("{body: {id: d1}}", "", id="body"),
        pytest.param("{body: {id: d2}}", 'expect.body.id | "d2" | "d1"', id="another body"),
        pytest.param("{duplicate: false}", "", id="new"),
        pytest.param("{duplicate: true}", "expect.duplicate | true | false", id="not new"),
        pytest.param("{rejected: signature}", 'expect.rejected | "signature" | ""', id="not rejected"),
        pytest.param(
            "{events: [{on: github/push, id: d1, source: github, type: github, subject: push, "
            "data: {body: {ref: refs/heads/main}}}]}",
            "",
            id="events",
        ),
        pytest.param("{events: []}", "events[0] | (nothing more) | {", id="one too many"),
        pytest.param(
            "{events: [{}, {id: d2}]}", 'events[1] | {"id": "d2"} | (nothing more was stored)', id="too few"
        ),
        pytest.param("{events: [{id: d2}]}", 'events[0].id | "d2" | "d1"', id="another event"),
    ],
)
async def test_what_is_expected_of_a_delivery(tmp_path, expect, said):
    delivery = f"{{path: /push, headers: {{X-GitHub-Delivery: d1}}, bodyFile: push.json, sign: true, expect: {expect}}}"
    result = await run_deliveries(tmp_path, [delivery])
    assert result.ok is (not said), told(result)
    assert said in told(result)


async def test_a_redelivery_is_a_duplicate_after_a_crash_too_until_the_window_ends(tmp_path):
    first = "{to: push, headers: {X-GitHub-Delivery: d1}, bodyFile: push.json, sign: true, expect: {duplicate: false}}"
    again = first.replace("false", "true")
    steps = [first, again, "{restart: true}", again, "{wait: 1d}", again, "{wait: 8d}", first]
    result = await run_deliveries(tmp_path, steps)
    assert result.ok, told(result)


async def test_the_same_body_under_another_id_is_no_new_event(tmp_path):
    steps = [
        f"{{to: push, headers: {{X-GitHub-Delivery: {name}}}, bodyFile: push.json, sign: true, expect: {expect}}}"
        for name, expect in (("d1", "{status: 200}"), ("d2", "{status: 202, duplicate: true, events: []}"))
    ]
    result = await run_deliveries(tmp_path, steps)
    assert result.ok, told(result)


@pytest.mark.parametrize(
    ("sign", "expect"),
    [
        pytest.param("true", "{status: 200}", id="signed"),
        pytest.param("false", "{status: 401, rejected: signature}", id="not signed"),
        pytest.param("{secret: github-old}", "{status: 200}", id="with the old secret"),
        pytest.param("{secret: github-old/secret}", "{status: 200}", id="by name and key"),
        pytest.param("{tamper: true}", "{status: 401, rejected: signature}", id="changed on the way"),
    ],
)
async def test_a_delivery_is_signed_as_its_sender_signs(tmp_path, sign, expect):
    result = await run_deliveries(
        tmp_path, [f"{{to: push, bodyFile: push.json, sign: {sign}, expect: {expect}}}"]
    )
    assert result.ok, told(result)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(f"body: {PUSH}", id="body"),
        pytest.param(f"bodyText: '{PUSH}'", id="exact text"),
        pytest.param("bodyFile: push.json", id="file"),
        pytest.param(
            "headers: {Content-Type: application/x-www-form-urlencoded}, form: {payload: push.json}",
            id="form",
        ),
        pytest.param(f"form: {{payload: {{text: '{PUSH}'}}}}", id="form with a text"),
    ],
)
async def test_a_body_may_be_given_in_every_form(tmp_path, body):
    expect = "{status: 200, events: [{data: {body: {ref: refs/heads/main}}}]}"
    result = await run_deliveries(tmp_path, [f"{{to: push, {body}, sign: true, expect: {expect}}}"])
    assert result.ok, told(result)


async def test_bytes_that_are_no_text_are_given_in_base64(tmp_path):
    step = "{to: push, bodyBase64: gIGC, sign: true, expect: {status: 400, rejected: bad-json}}"
    result = await run_deliveries(tmp_path, [step])
    assert result.ok, told(result)


async def test_a_header_that_a_sender_adds_can_be_taken_away(tmp_path):
    step = "{to: push, bodyFile: push.json, sign: true, headers: {content-type: null}, expect: {status: 415}}"
    result = await run_deliveries(tmp_path, [step])
    assert result.ok, told(result)


async def test_a_repeated_delivery_is_stored_once(tmp_path):
    expect = "{status: 200, duplicate: true, events: [{on: github/push}]}"
    step = f"{{to: push, bodyFile: push.json, sign: true, repeat: 3, expect: {expect}}}"
    result = await run_deliveries(tmp_path, [step])
    assert result.ok, told(result)


@pytest.mark.parametrize(
    ("step", "is_right"),
    [
        pytest.param("{path: /in, body: {}, expect: {events: [{on: hooks/in}]}}", True, id="the first port"),
        pytest.param(
            "{path: '/in?a=1', port: 12001, method: GET, expect: {events: [{data: {body: {a: ['1']}}}]}}",
            True,
            id="a named port and a query",
        ),
        pytest.param(
            "{to: get, query: a=1, expect: {events: [{on: hooks/get, data: {body: {a: ['1']}}}]}}",
            True,
            id="the method of the endpoint",
        ),
        pytest.param(
            "{path: /other, body: {}, expect: {events: [{on: hooks/other}]}}", True, id="on another port"
        ),
        pytest.param(
            "{path: /nowhere, body: {}, expect: {status: 404, rejected: no-route}}", True, id="nowhere"
        ),
        pytest.param(
            "{path: /in, method: PUT, expect: {status: 405, rejected: method}}", True, id="another method"
        ),
        pytest.param(
            "{path: /in, port: 12001, method: POST, body: {}, expect: {status: 405}}",
            True,
            id="post to the other port",
        ),
        pytest.param(
            "{path: /in, body: {}, from: 192.0.2.7, expect: {status: 200}}", True, id="from somewhere"
        ),
        pytest.param(
            "{path: /in, body: {}, expect: {events: [{on: hooks/get}]}}", False, id="not what it is"
        ),
    ],
)
async def test_where_a_delivery_goes(tmp_path, step, is_right):
    result = await run_deliveries(tmp_path, [step], source=WEBHOOKS)
    assert result.ok is is_right, told(result)


async def test_one_delivery_may_stand_alone(tmp_path):
    document = textwrap.dedent(HEAD) + (
        "cases:\n- name: one\n"
        "  delivery: {to: push, bodyText: '{', sign: true, expect: {status: 400, rejected: bad-json}}\n"
    )
    [result] = await run_files(tmp_path, source__yaml=SOURCE, source_test__yaml=document)
    assert result.ok, told(result)


@pytest.mark.parametrize(
    ("deliveries", "said"),
    [
        pytest.param(["{to: psuh, expect: {status: 200}}"], "did you mean `push`?", id="an unknown event"),
        pytest.param(["{path: push, expect: {status: 200}}"], "does not begin with `/`", id="no path"),
        pytest.param(
            ["{path: /push, to: push, expect: {status: 200}}"], "exclude one another", id="two targets"
        ),
        pytest.param(["{body: {}, expect: {status: 200}}"], "one of `path`, `to`", id="no target"),
        pytest.param(["{to: push, expect: {}}"], "judges nothing", id="an empty expect"),
        pytest.param(["{to: push}"], "case `the case` judges nothing", id="nothing judged"),
        pytest.param(
            ["{to: push, body: {}, bodyText: x, expect: {status: 200}}"], "exclude one another", id="bodies"
        ),
        pytest.param(
            ["{to: push, statuss: 1, expect: {status: 200}}"], "unknown field", id="an unknown member"
        ),
        pytest.param(["{to: push, sign: {tampr: true}, expect: {status: 200}}"], "`tamper`", id="of sign"),
        pytest.param(["{to: push, repeat: 0, expect: {status: 200}}"], "repeat", id="no repeat"),
        pytest.param(
            ["{to: push, sign: {secret: githb}, expect: {status: 200}}"],
            "`secrets` has: github-old/secret, github/secret",
            id="a secret",
        ),
        pytest.param(
            ["{to: push, sign: {at: now}, expect: {status: 200}}"], "sign.at: is not carried out", id="at"
        ),
        pytest.param(
            ["{to: push, clientCert: x, expect: {status: 200}}"], "clientCert: is not carried out", id="mTLS"
        ),
        pytest.param(
            ["{record: {}, expect: {events: []}}"],
            "record: the EventSource has no event that is pulled",
            id="records",
        ),
        pytest.param(
            ["{record: {}, expect: {status: 200}}"],
            "status: a record has no answer",
            id="the answer to a record",
        ),
        pytest.param(
            ["{to: push, bodyFile: psh.json, expect: {status: 200}}"], "did you mean `push.json`?", id="file"
        ),
    ],
)
async def test_what_cannot_be_meant_is_refused(tmp_path, deliveries, said):
    result = await run_deliveries(tmp_path, deliveries)
    assert not result.ok
    assert said in told(result)
    assert "source_test.yaml:" in told(result)


async def test_signing_needs_the_secret(tmp_path):
    head = HEAD.replace("secrets: {github: {secret: the-current-one-of-the-test}, ", "secrets: {")
    result = await run_deliveries(
        tmp_path, ["{to: push, bodyFile: push.json, sign: true, expect: {status: 200}}"], head=head
    )
    assert "cannot be signed" in told(result)
    unsigned = "{to: push, bodyFile: push.json, expect: {status: 503, rejected: secret}}"
    result = await run_deliveries(tmp_path, [unsigned], head=head)
    assert result.ok, told(result)


async def test_a_refused_event_source_fails_with_its_faults(tmp_path):
    result = await run_deliveries(
        tmp_path,
        ["{to: push, expect: {status: 200}}"],
        source=SOURCE.replace("endpoint: /push", "endpoint: push"),
    )
    assert not result.ok
    assert "source.yaml:" in told(result)


async def test_an_event_with_a_fault_of_its_own_is_refused_only_where_it_is_used(tmp_path):
    source = (
        WEBHOOKS
        + "        later: {endpoint: /later, port: '12000', method: POST, filter: {expression: 'a =='}}\n"
    )
    result = await run_deliveries(tmp_path, ["{to: in, body: {}, expect: {status: 200}}"], source=source)
    assert result.ok, told(result)
    result = await run_deliveries(tmp_path, ["{to: later, body: {}, expect: {status: 200}}"], source=source)
    assert "`a ==` is not an expression" in told(result)


KAFKA = """
    apiVersion: argoproj.io/v1alpha1
    kind: EventSource
    metadata: {name: kafka}
    spec:
      kafka:
        orders:
          url: broker.example:9092
          topic: orders
          jsonBody: true
          consumerGroup: {groupName: orders}
"""


async def test_a_record_is_taken_as_from_a_broker_and_once(tmp_path):
    record = "{topic: orders, partition: 2, offset: 41, key: k, headers: {h: v}, value: {total: 3}}"
    event = "{on: kafka/orders, id: orders-2-41-1767225600000, type: kafka, source: 'kafka://test/orders'}"
    data = "{topic: orders, partition: 2, key: k, headers: {h: v}, body: {total: 3}}"
    first = f"{{record: {record}, expect: {{duplicate: false, events: [{event[:-1]}, data: {data}}}]}}}}"
    again = f"{{record: {record}, expect: {{duplicate: true, events: []}}}}"
    result = await run_deliveries(tmp_path, [first, again, "{restart: true}", again], source=KAFKA)
    assert result.ok, told(result)


async def test_a_record_that_is_no_json_is_in_quarantine(tmp_path):
    expect = "{rejected: bad-json, events: [{on: kafka/orders!rejected}]}"
    step = f"{{record: {{topic: orders, value: '{{'}}, expect: {expect}}}"
    result = await run_deliveries(tmp_path, [step], source=KAFKA)
    assert result.ok, told(result)


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ("{topic: other}", "no event of the EventSource reads this record"),
        ("{topc: orders}", "record: topic: Field required"),
        ("{topic: orders, ofset: 1}", "a record has no `ofset`"),
        ("{topic: orders, timestamp: now}", "timestamp is not a time"),
    ],
)
async def test_a_record_that_nobody_can_read_is_refused(tmp_path, record, said):
    step = f"{{record: {record}, expect: {{events: []}}}}"
    result = await run_deliveries(tmp_path, [step], source=KAFKA)
    assert said in told(result)


END_TO_END = """
    apiVersion: kikkake/v1
    kind: SensorTest
    metadata: {name: ci}
    sensor: sensor.yaml
    eventSources: [source.yaml]
    secrets: {github: {secret: the-current-one-of-the-test}, github-old: {secret: the-old-one}}
    cases:
    - name: a delivery is judged end to end
      events:
      - delivery: {to: github/push, headers: {X-GitHub-Delivery: d1}, bodyFile: push.json, sign: true}
      - expect: {verdicts: {push: passed}, fired: [{trigger: build, with: {push: d1}}]}
      - delivery: {to: github/push, bodyFile: push.json, sign: false, expect: {status: 401}}
      - delivery: {to: github/push, headers: {X-GitHub-Delivery: d1}, bodyFile: push.json, sign: true}
      - expect: {verdicts: {push: duplicate}, fired: []}
      expect: {fired: [{trigger: build}]}
    - name: a delivery that is refused fails its case
      events:
      - delivery: {to: github/push, bodyFile: push.json}
      expect: {fired: []}
"""


async def test_deliveries_of_a_sensor_test(tmp_path):
    tmp_path.joinpath("push.json").write_text(PUSH, encoding="utf-8")
    right, wrong = await run_files(
        tmp_path, sensor__yaml=SENSOR, source__yaml=SOURCE, ci_test__yaml=END_TO_END
    )
    assert right.ok, told(right)
    assert "delivery | (accepted) | 401, refused as signature" in told(wrong)


async def test_a_record_of_a_sensor_test_is_judged_end_to_end(tmp_path):
    sensor = SENSOR.replace(
        "eventSourceName: harbor, eventName: image", "eventSourceName: kafka, eventName: orders"
    )
    sensor = sensor.replace("dataKey: tag", "dataKey: body.tag")
    document = """
        apiVersion: kikkake/v1
        kind: SensorTest
        metadata: {name: ci}
        sensor: sensor.yaml
        eventSources: [source.yaml]
        secrets: {chat: {token: s3cr3t-of-the-test}}
        cases:
        - name: a record
          events:
          - delivery: {record: {topic: orders, value: {tag: v1}}}
          expect: {verdicts: {image: passed}, fired: [{trigger: notify, request: {body: {text: v1}}}]}
    """
    [result] = await run_files(tmp_path, sensor__yaml=sensor, source__yaml=KAFKA, ci_test__yaml=document)
    assert result.ok, told(result)
