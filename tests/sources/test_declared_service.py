"""`spec.service`: which port leads to which endpoint, and what leads nowhere."""

import pytest

from sources.listening import own_ports_of
from tests.sources.support import spec_of

HEAD = "apiVersion: argoproj.io/v1alpha1\nkind: EventSource\nmetadata: {name: in, namespace: ci}\n"
GOOD = 'endpoint: /e, port: "12000", method: POST, authSecret: {name: s, key: k}'
OTHER = GOOD.replace("12000", "13000")
CERTIFICATE = "serverCertSecret: {name: c, key: crt}, serverKeySecret: {name: c, key: key}"


def source(service, *events):
    given = ", ".join(f"e{index}: {{{event}}}" for index, event in enumerate(events or (GOOD,)))
    return spec_of(HEAD + f"spec: {{service: {service}, webhook: {{{given}}}}}")


@pytest.mark.parametrize(
    ("port", "declared"),
    [
        ("{port: 80}", 80),
        ("{port: 80, targetPort: 12000}", 12000),
        ('{port: 80, targetPort: "12000"}', 12000),
        ("{port: 80, targetPort: 0}", 80),
        ('{port: 80, targetPort: ""}', 80),
        ("{port: 80, targetPort: null}", 80),
        ("{port: 80, targetPort: http}", None),
        ('{port: 80, targetPort: "²"}', None),
    ],
)
def test_a_port_leads_to_the_endpoints_that_declare_its_target(port, declared):
    assert source(f"{{ports: [{port}]}}").service.ports[0].declared == declared


def test_all_fields_are_read_without_a_finding():
    spec = source(
        "{clusterIP: 10.0.0.9, metadata: {labels: {a: b}, annotations: {c: d}}, "
        "ports: [{name: http, port: 80, targetPort: 12000, protocol: TCP, appProtocol: http}]}"
    )

    assert spec.findings == ()
    assert (spec.service.cluster_ip, spec.service.metadata.labels) == ("10.0.0.9", {"a": "b"})


@pytest.mark.parametrize(
    ("service", "found"),
    [
        ("{ports: [{port: 80}]}", {"spec.service.ports[0]": "ServicePortNotDeclared"}),
        ("{ports: [{port: 80, targetPort: http}]}", {"spec.service.ports[0]": "ServicePortNotDeclared"}),
        (
            "{ports: [{port: 12000, protocol: UDP}]}",
            {"spec.service.ports[0].protocol": "ServicePortNotDeclared"},
        ),
        (
            "{ports: [{port: 12000, nodePort: 30000}]}",
            {"spec.service.ports[0].nodePort": "FieldWithoutEffect"},
        ),
        ("{clusterIP: None, ports: [{port: 12000}]}", {"spec.service.clusterIP": "HeadlessService"}),
        ("{ports: [{port: 12000, prot: TCP}]}", {"spec.service.ports[0].prot": "UnknownField"}),
        ("{type: LoadBalancer, ports: [{port: 12000}]}", {"spec.service.type": "UnknownField"}),
        ("{ports: []}", {}),
        ("{ports: [{port: 12000, protocol: ''}]}", {}),
    ],
)
def test_what_leads_nowhere_is_a_warning(service, found):
    assert {each.at: each.code for each in source(service).findings} == found
    assert all(each.severity == "warning" for each in source(service).findings)


def test_beside_a_broken_event_nobody_knows_what_leads_nowhere():
    spec = spec_of(
        HEAD + "spec: {service: {ports: [{port: 80}]}, "
        f"webhook: {{a: {{{GOOD}}}}}, dockerhub: {{b: {{webhook: {{port: '80'}}}}}}}}"
    )

    assert "ServicePortNotDeclared" not in {each.code for each in spec.findings}


@pytest.mark.parametrize(
    ("service", "events", "ports"),
    [
        pytest.param("null", (GOOD,), [], id="no service"),
        pytest.param("{ports: []}", (GOOD,), [], id="no ports"),
        pytest.param("{ports: [{port: 80, targetPort: 12000}]}", (GOOD, OTHER), [12000], id="one of two"),
        pytest.param("{ports: [{port: 12000}, {port: 13000}]}", (OTHER, GOOD), [13000, 12000], id="two"),
        pytest.param("{ports: [{port: 1, targetPort: 12000}]}", (GOOD, GOOD), [12000], id="once"),
        pytest.param("null", (GOOD, f"{OTHER}, {CERTIFICATE}"), [13000], id="a certificate"),
    ],
)
def test_ports_of_its_own_are_those_of_the_service_and_those_with_a_certificate(service, events, ports):
    assert [each.port for each in own_ports_of(source(service, *events))] == ports
