"""The running gateway as the two APIs see it."""

import socket

from events.errors import Severity
from kikkake.settings import ListenSettings
from tests.kikkake.support import BROKEN, SENSOR, SOURCE, running, write


async def test_resources_come_by_namespace_and_name_with_state_address_and_lag(tmp_path):
    other = SENSOR.replace("{name: build}", "{name: a, namespace: ci}")
    write(tmp_path, a=SOURCE, b=SENSOR, c=other, d=BROKEN.replace("name: build", "name: zoo"))
    async with running(tmp_path) as gateway:
        reports = gateway.services.resources()
        port = gateway._front.addresses()[12000][1]
    assert [(one.namespace, one.name, one.state) for one in reports] == [
        ("ci", "a", "active"),
        ("default", "build", "active"),
        ("default", "hook", "active"),
        ("default", "zoo", "refused"),
    ]
    assert [one.urls for one in reports] == [(), (), (f"http://127.0.0.1:{port}/deploy",), ()]
    assert {one.lag for one in reports} == {0}
    assert reports[3].findings


async def test_a_source_that_cannot_be_served_has_a_finding_with_the_flag_that_helps(tmp_path):
    write(tmp_path, a=SOURCE)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = ListenSettings(ports={12000: taken.getsockname()[1]}, metrics_port=None, admin_port=None)
        async with running(tmp_path, listen=listen) as gateway:
            [report] = gateway.services.resources()
    [finding] = [one for one in report.findings if one.severity is Severity.ERROR]
    assert (finding.code, finding.part) == ("PortUnavailable", "event:deploy")
    assert "--port" in finding.fix
    assert report.urls == ()


async def test_facts_for_status(tmp_path):
    async with running(tmp_path) as gateway:
        about = gateway.services.about()
    assert about["cluster"] == "dry run"
    assert about["data"] == str(tmp_path / "data")
    assert set(about) == {"cluster", "data", "started", "version"}
