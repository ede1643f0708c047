"""`kikkake render`: what would be created, or why nothing is; and its exit codes."""

import json
import textwrap
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import yaml
from click.testing import CliRunner

from kikkake.cli.main import main
from tests.kikkake.testing.support import SENSOR

PUSH = '{"body": {"ref": "refs/heads/main"}}'
FETCHED = """
    apiVersion: argoproj.io/v1alpha1
    kind: Sensor
    metadata: {name: fetched}
    spec:
      dependencies: [{name: push, eventSourceName: github, eventName: push}]
      triggers:
      - template:
          name: build
          k8s:
            operation: create
            source: {SOURCE}
            parameters: [{src: {dependencyName: push, dataKey: body.ref}, dest: data.ref}]
"""
OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: x-}\ndata: {}\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "sensor.yaml": textwrap.dedent(SENSOR),
        "push.json": PUSH,
        "branch.json": PUSH.replace("main", "dev"),
        "image.json": '{"tag": "v1"}',
        "a.yaml": OBJECT,
    }.items():
        tmp_path.joinpath(name).write_text(text, encoding="utf-8")
    return tmp_path


def render(*arguments, **more):
    return CliRunner(env={"NO_COLOR": "1"}).invoke(main, ["render", *map(str, arguments)], **more)


def fetched(folder, source):
    text = textwrap.dedent(FETCHED).replace("{SOURCE}", source)
    folder.joinpath("fetched.yaml").write_text(text, encoding="utf-8")
    return "fetched.yaml"


def objects(answer):
    return {
        document["metadata"]["labels"]["events.argoproj.io/trigger"]: document
        for document in yaml.safe_load_all(answer.stdout)
        if document and "metadata" in document
    }


def test_the_object_is_yaml_as_it_would_be_created_and_the_others_say_why_not(folder):
    answer = render("sensor.yaml", "--event", "github/push=push.json")
    assert answer.exit_code == 0, answer.output
    made = objects(answer)["build"]
    assert made["data"] == {"ref": "refs/heads/main"}
    assert made["metadata"]["name"].startswith("build-")
    assert "kikkake/effect-id" in made["metadata"]["annotations"]
    assert answer.stdout.startswith("# trigger build: would create, with push=1\n")
    assert "# trigger notify: waiting: no event came for its dependencies" in answer.stdout
    assert "# trigger both: waiting: held, waiting for image" in answer.stdout


def test_a_filter_is_explained_as_by_explain(folder):
    answer = render("sensor.yaml", "--event", "github/push=branch.json")
    assert answer.exit_code == 0
    said = "data[0]: body.ref is `refs/heads/dev`, wanted `^refs/heads/main$`"
    assert f"# trigger build: filtered: push: {said}" in answer.stdout


def test_several_events_complete_a_condition_in_their_order(folder):
    answer = render(
        "sensor.yaml", "--event", "github/push=push.json", "--event", "harbor/image=image.json", "-o", "json"
    )
    found = {line["trigger"]: line for line in map(json.loads, answer.stdout.splitlines())}
    assert found["both"]["with"] == {"push": "1", "image": "2"}
    assert found["notify"]["request"]["body"] == {"text": "v1"}
    assert found["notify"]["request"]["headers"]["Authorization"] == "***"
    assert found["build"]["object"]["kind"] == "ConfigMap"


def test_json_says_why_not(folder):
    answer = render("sensor.yaml", "--event", "github/push=branch.json", "-o", "json")
    [build, *_others] = map(json.loads, answer.stdout.splitlines())
    assert build["outcome"] == "filtered"
    assert "refs/heads/dev" in build["reason"]


def test_a_whole_cloudevent_brings_its_attributes(folder):
    event = {"specversion": "1.0", "id": "e7", "source": "x", "type": "y", "data": json.loads(PUSH)}
    folder.joinpath("event.json").write_text(json.dumps(event), encoding="utf-8")
    answer = render("sensor.yaml", "--event", "github/push=event.json")
    assert "with push=e7" in answer.stdout
    folder.joinpath("event.json").write_text(json.dumps({**event, "id": 3}), encoding="utf-8")
    answer = render("sensor.yaml", "--event", "github/push=event.json")
    assert (answer.exit_code, "attribute `id`" in answer.stderr) == (1, True)


@pytest.mark.parametrize(
    ("sensor", "arguments"),
    [
        ("sensor.yaml#ci", []),
        ("ci", []),
        ("default/ci", []),
        ("ci", ["--path", "sensor.yaml"]),
    ],
)
def test_a_sensor_goes_by_file_or_name_and_an_event_by_dependency(folder, sensor, arguments):
    answer = render(sensor, "--event", "push.json", "--dependency", "push", *arguments)
    assert answer.exit_code == 0, answer.output
    assert "build" in objects(answer)


def test_an_event_may_come_from_standard_input(folder):
    answer = render("sensor.yaml", "--event", "github/push=-", input=PUSH)
    assert "build" in objects(answer)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["sensor.yaml", "--event", "push.json"], 2, "--event github/push=FILE or harbor/image=FILE"),
        (["sensor.yaml", "--event", "github/psh=push.json"], 2, "did you mean `github/push`?"),
        (["sensor.yaml", "--event", "push.json", "--dependency", "psh"], 2, "did you mean `push`?"),
        (["sensor.yaml", "--event", "github/push=nowhere.json"], 1, "nowhere.json: No such file"),
        (["sensor.yaml", "--event", "push.json", "--wait", "soon"], 2, "is not a duration"),
        (["sensor.yaml", "--event", "github/push=push.json", "--artifact", "x"], 2, "write NAME=FILE"),
        (["sensor.yaml#other", "--event", "push.json"], 1, "there is no Sensor `other` in sensor.yaml"),
        (["cii", "--event", "push.json"], 1, "did you mean `ci`?"),
        (["sensor.yaml"], 2, "Missing option"),
    ],
)
def test_what_cannot_be_used_is_told(folder, arguments, code, said):
    answer = render(*arguments)
    assert answer.exit_code == code
    assert said in answer.stderr


def test_a_refused_sensor_tells_all_its_faults_and_a_broken_part_leaves_the_rest(folder):
    text = folder.joinpath("sensor.yaml").read_text(encoding="utf-8")
    folder.joinpath("sensor.yaml").write_text(text.replace("conditions: image\n", "conditions: image &&\n"))
    answer = render("sensor.yaml", "--event", "github/push=push.json")
    assert answer.exit_code == 0
    assert "sensor.yaml:" in answer.stderr
    assert "build" in objects(answer)
    folder.joinpath("sensor.yaml").write_text(text.replace("dependencies:", "dependencis:"))
    answer = render("sensor.yaml", "--event", "github/push=push.json")
    assert answer.exit_code == 1
    assert "no event dependencies found" in answer.stderr


def test_time_may_pass_behind_the_events(folder):
    text = folder.joinpath("sensor.yaml").read_text(encoding="utf-8")
    folder.joinpath("sensor.yaml").write_text(
        text.replace("name: build\n", "name: build\n      debounce: 1m\n")
    )
    answer = render("sensor.yaml", "--event", "github/push=push.json")
    assert "# trigger build: waiting: held, complete; more is collected until" in answer.stdout
    answer = render("sensor.yaml", "--event", "github/push=push.json", "--wait", "1m")
    assert "build" in objects(answer)


def test_nothing_is_fetched_unless_it_is_asked_for(folder):
    sensor = fetched(folder, "{url: {path: 'https://nowhere.example/a.yaml'}}")
    answer = render(sensor, "--event", "push.json")
    assert answer.exit_code == 1
    assert "is not fetched: give --artifact https://nowhere.example/a.yaml=FILE, or --fetch" in answer.stdout
    answer = render(sensor, "--event", "push.json", "--artifact", "https://nowhere.example/a.yaml=a.yaml")
    assert objects(answer)["build"]["data"] == {"ref": "refs/heads/main"}


def test_what_is_fetched_comes_from_where_the_sensor_says(folder):
    server = HTTPServer(("127.0.0.1", 0), Objects)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        sensor = fetched(folder, f"{{url: {{path: '{url}/a.yaml'}}}}")
        answer = render(sensor, "--event", "push.json", "--fetch")
        assert answer.exit_code == 0, answer.output
        assert objects(answer)["build"]["data"] == {"ref": "refs/heads/main"}
        sensor = fetched(folder, f"{{url: {{path: '{url}/busy'}}}}")
        answer = render(sensor, "--event", "push.json", "--fetch")
        assert answer.exit_code == 3, answer.output
        assert "503" in answer.stdout
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Objects(BaseHTTPRequestHandler):
    """Serves one object."""

    def do_GET(self):
        self.send_response(200 if self.path == "/a.yaml" else 503)
        self.end_headers()
        self.wfile.write(OBJECT.encode())

    def log_message(self, *_arguments):
        """Nobody reads it."""


def test_a_config_map_is_read_from_a_folder(folder):
    folder.joinpath("secrets/templates").mkdir(parents=True)
    folder.joinpath("secrets/templates/a.yaml").write_text(OBJECT, encoding="utf-8")
    sensor = fetched(folder, "{configmap: {name: templates, key: a.yaml}}")
    answer = render(sensor, "--event", "push.json", "--secrets", "secrets")
    assert objects(answer)["build"]["data"] == {"ref": "refs/heads/main"}
    answer = render(sensor, "--event", "push.json")
    assert answer.exit_code == 3
    assert "templates" in answer.stdout


CONFIG_MAP = (
    "{resource: {apiVersion: v1, kind: ConfigMap, metadata: {name: x, namespace: NAMESPACE}, data: {}}}"
)


@pytest.mark.kube
def test_an_api_server_is_asked_and_changes_nothing(folder, kube_server, kube_reader, kube_namespace):
    sensor = fetched(folder, CONFIG_MAP.replace("NAMESPACE", kube_namespace))
    answer = render(sensor, "--event", "push.json", "--dry-run", "--kubeconfig", kube_server.kubeconfig)
    assert answer.exit_code == 0, answer.output
    assert "# dry run: 201 Created (dry run)" in answer.stdout
    assert kube_reader.get(f"/api/v1/namespaces/{kube_namespace}/configmaps/x") is None


@pytest.mark.kube
def test_what_the_api_server_refuses_is_said_and_is_exit_code_1(folder, kube_server):
    sensor = fetched(folder, CONFIG_MAP.replace("NAMESPACE", "nowhere"))
    options = ("--event", "push.json", "--dry-run", "--kubeconfig", kube_server.kubeconfig)
    answer = render(sensor, *options)
    assert answer.exit_code == 1
    assert '# dry run: TargetNotFound: namespaces "nowhere" not found' in answer.stdout
    line = json.loads(render(sensor, *options, "-o", "json").stdout)
    assert line["dryRun"] == {"answer": "404 NotFound", "taken": False}
    assert line["reason"] == "TargetNotFound"


@pytest.mark.kube
def test_an_api_server_that_cannot_be_reached_is_exit_code_3(folder, kube_server, tmp_path):
    config = kube_server.write_kubeconfig(tmp_path / "config", url="https://127.0.0.1:1")
    sensor = fetched(folder, CONFIG_MAP.replace("NAMESPACE", "x"))
    answer = render(sensor, "--event", "push.json", "--dry-run", "--kubeconfig", config)
    assert answer.exit_code == 3
    assert "Unreachable" in answer.stdout


@pytest.mark.parametrize("options", [("--dry-run",), ("--context", "kind-dev")])
def test_a_dry_run_needs_to_know_whom_to_ask(folder, options):
    answer = render("sensor.yaml", "--event", "github/push=push.json", *options)
    assert answer.exit_code == 2
    assert "give it together with" in answer.output


def test_an_operation_is_named(folder):
    sensor = fetched(folder, CONFIG_MAP.replace("NAMESPACE", "x"))
    text = folder.joinpath(sensor).read_text().replace("operation: create", "operation: delete")
    folder.joinpath(sensor).write_text(text)
    answer = render(sensor, "--event", "push.json")
    assert answer.stdout.startswith("# trigger build: would delete, with push=1\n")
    assert json.loads(render(sensor, "--event", "push.json", "-o", "json").stdout)["operation"] == "delete"


@pytest.mark.kube
def test_a_request_is_asked_of_nobody_and_that_is_said(folder, kube_server):
    options = ("--dry-run", "--kubeconfig", kube_server.kubeconfig)
    answer = render("sensor.yaml", "--event", "harbor/image=image.json", *options)
    assert answer.exit_code == 0, answer.output
    assert "# dry run: there is nobody to ask about this" in answer.stdout
