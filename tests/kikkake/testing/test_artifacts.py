"""What is fetched in production comes from the test: by name, never over the network, and clear where it is missing."""

import textwrap

import pytest

from kikkake.testing.artifacts import artifact_names
from sensors.artifact_spec import FileLocation, GitLocation, S3Bucket, S3Location, UrlLocation
from tests.kikkake.testing.support import run_files, told

OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: x-}\ndata: {ref: none}\n"
GIT = "git: {url: 'https://git.example/pipelines.git', filePath: jobs/a.yaml, branch: main}"
S3 = (
    "s3: {endpoint: s3.example, bucket: {name: b, key: k/a.yaml}, accessKey: {name: s, key: a},"
    " secretKey: {name: s, key: b}}"
)
CASE = "{name: one, events: [{on: github/push, data: {ref: r1}}], expect: {fired: [%s]}}"
FIRED = "{trigger: build, object: {data: {ref: r1}}, outcome: done}"


def sensor(source):
    return f"""
        apiVersion: argoproj.io/v1alpha1
        kind: Sensor
        metadata: {{name: ci}}
        spec:
          dependencies: [{{name: push, eventSourceName: github, eventName: push}}]
          triggers:
          - template:
              name: build
              k8s:
                operation: create
                source: {{{source}}}
                parameters: [{{src: {{dependencyName: push, dataKey: ref}}, dest: data.ref}}]
        """


async def judged(folder, source, head, fired=FIRED, **files):
    document = """
        apiVersion: kikkake/v1
        kind: SensorTest
        metadata: {name: ci}
        sensor: sensor.yaml
        """
    text = textwrap.dedent(document) + textwrap.dedent(head) + f"cases: [{CASE % fired}]\n"
    [result] = await run_files(folder, sensor__yaml=sensor(source), ci_test__yaml=text, **files)
    return result


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("url: {path: 'https://example.com/a.yaml'}", "https://example.com/a.yaml"),
        (GIT, "https://git.example/pipelines.git//jobs/a.yaml"),
        (GIT, "https://git.example/pipelines.git//jobs/a.yaml?ref=main"),
        (S3, "s3://b/k/a.yaml"),
        ("file: {path: jobs/a.yaml}", "file:jobs/a.yaml"),
    ],
)
async def test_every_source_gives_the_file_of_its_name(tmp_path, source, name):
    given = await judged(tmp_path, source, f'artifacts: {{"{name}": a.yaml}}\n', a__yaml=OBJECT)
    assert given.ok, told(given)
    [missing] = [(await judged(tmp_path, source, "")).differences[0]]
    assert "nothing was rendered" in missing.actual
    assert "add it to `artifacts`" in missing.look


async def test_a_config_map_source_reads_the_config_maps_of_the_test(tmp_path):
    source = "configmap: {name: templates, key: a.yaml}"
    flow = "{apiVersion: v1, kind: ConfigMap, metadata: {generateName: x-}, data: {ref: none}}"
    head = f"configMaps: {{templates: {{a.yaml: '{flow}'}}}}\n"
    given = await judged(tmp_path, source, head)
    assert given.ok, told(given)
    missing = await judged(
        tmp_path, source, "", "{trigger: build, outcome: open, reason: 'configMaps: {templates:'}"
    )
    assert missing.ok, told(missing)


async def test_the_name_with_a_reference_comes_first(tmp_path):
    head = """
        artifacts:
          "https://git.example/pipelines.git//jobs/a.yaml": other.yaml
          "https://git.example/pipelines.git//jobs/a.yaml?ref=main": a.yaml
        """
    given = await judged(
        tmp_path, GIT, head, FIRED.replace("{data", "{kind: ConfigMap, data"),
        a__yaml=OBJECT, other__yaml=OBJECT.replace("ConfigMap", "Secret"),
    )  # fmt: skip
    assert given.ok, told(given)


async def test_an_artifact_that_is_not_given_fails_the_case_whatever_is_expected(tmp_path):
    result = await judged(tmp_path, "url: {path: 'https://example.com/a.yaml'}", "", "{trigger: build}")
    assert not result.ok
    assert 'artifacts["https://example.com/a.yaml"] | (what it gives) | (absent)' in told(result)


async def test_null_is_an_artifact_that_cannot_be_had(tmp_path):
    result = await judged(
        tmp_path,
        "url: {path: 'https://example.com/a.yaml'}",
        'artifacts: {"https://example.com/a.yaml": null}\n',
        "{trigger: build, outcome: dead-letter, reason: 'ArtifactUnusable: .*cannot be had'}",
    )
    assert result.ok, told(result)


async def test_what_is_given_may_be_no_object(tmp_path):
    result = await judged(
        tmp_path,
        "url: {path: 'https://example.com/a.yaml'}",
        'artifacts: {"https://example.com/a.yaml": a.yaml}\n',
        "{trigger: build, outcome: dead-letter, reason: 'k8s.source.url line 1 column 1'}",
        a__yaml="- no\n- object\n",
    )
    assert result.ok, told(result)


async def test_a_file_that_is_not_there_is_a_fault_of_the_test(tmp_path):
    result = await judged(tmp_path, GIT, 'artifacts: {"https://x.example/": nowhere.yaml}\n')
    assert 'artifacts["https://x.example/"]: `nowhere.yaml`: No such file or directory' in told(result)


async def test_a_location_that_an_event_made_unusable_is_refused_as_in_production(tmp_path):
    result = await judged(
        tmp_path,
        "git: {url: 'https://git.example/a.git', filePath: ../a.yaml}",
        "",
        "{trigger: build}",
    )
    assert "is not allowed in the filePath" in told(result)


@pytest.mark.parametrize(
    ("kind", "member", "names"),
    [
        ("url", UrlLocation(path="https://a/b"), ["https://a/b"]),
        ("s3", S3Location(bucket=S3Bucket(name="b", key="k")), ["s3://b/k"]),
        (
            "git",
            GitLocation(url="https://a/b", file_path="/c"),
            ["https://a/b//c?ref=master", "https://a/b//c"],
        ),
        ("git", GitLocation(url="u", file_path="c", tag="v1", branch="x"), ["u//c?ref=v1", "u//c"]),
        ("file", FileLocation(path="a"), ["file:a"]),
    ],
)
def test_names(kind, member, names):
    assert artifact_names(kind, member) == names
