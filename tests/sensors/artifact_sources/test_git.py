"""Against dulwich's own server over http, and over ssh with a stand-in for the program `ssh`."""

import contextlib
import hashlib
import json
import os
import struct
import sys
import tempfile
import textwrap
import zlib
from pathlib import Path
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sensors.artifact_source import ARTIFACT_SOURCES, ArtifactUnavailable, ArtifactUnusable
from sensors.artifact_spec import GitLocation
from sensors.git_remote import LocationRefused, read_path, read_reference, read_remote
from sensors.http_client import Answer
from tests import fuzzing
from tests.sensors.artifact_sources.support import fetched
from tests.servers.git import LINK, SUBMODULE, GitServer, Repository
from tests.servers.http_sink import Hang, HttpSink, Reply


@pytest.fixture
def repository(tmp_path):
    made = Repository(tmp_path / "repository")
    first = made.commit("master", {"jobs/build.yaml": b"kind: Job # one\n"})
    made.tag("v1", first)
    made.tag("v2", first, is_annotated=True)
    made.commit("master", {"jobs/build.yaml": b"kind: Job # two\n", "README": b"hello"})
    made.commit("feature/x", {"jobs/build.yaml": b"kind: Job # feature\n"})
    return made


@pytest.fixture
def server(repository):
    with GitServer({"/org/repo.git": repository}).running() as running:
        yield running


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """Where the sources put what they need for a moment; nothing may be left there."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def location(server, path="jobs/build.yaml", **more):
    return GitLocation.model_validate({"url": f"{server.url}/org/repo.git", "filePath": path, **more})


@pytest.mark.parametrize(
    ("more", "content"),
    [
        pytest.param({}, b"kind: Job # two\n", id="master by default"),
        pytest.param({"branch": "feature/x"}, b"kind: Job # feature\n", id="a branch"),
        pytest.param({"tag": "v1"}, b"kind: Job # one\n", id="a tag"),
        pytest.param({"tag": "v2"}, b"kind: Job # one\n", id="an annotated tag"),
        pytest.param({"tag": "v1", "branch": "feature/x"}, b"kind: Job # one\n", id="tag before branch"),
        pytest.param(
            {"ref": "refs/heads/feature/x", "tag": "v1"}, b"kind: Job # feature\n", id="ref before tag"
        ),
        pytest.param({"ref": "feature/x"}, b"kind: Job # feature\n", id="a short ref"),
        pytest.param({"ref": "HEAD"}, b"kind: Job # two\n", id="HEAD"),
        pytest.param({"cloneDirectory": "/tmp/x"}, b"kind: Job # two\n", id="a directory changes nothing"),
    ],
)
async def test_a_file_is_read_at_a_reference(place, server, more, content):
    assert await fetched("git", location(server, **more), place.reach()) == content


async def test_a_commit_is_read_by_its_hash(place, server, repository):
    commit = repository.commit("master", {"jobs/build.yaml": b"kind: Job # three\n"}).decode()
    assert await fetched("git", location(server, ref=commit), place.reach()) == b"kind: Job # three\n"


@pytest.mark.parametrize("path", ["jobs/build.yaml", "/jobs/build.yaml", "./jobs//build.yaml"])
async def test_a_path_begins_at_the_root(place, server, path):
    assert await fetched("git", location(server, path), place.reach()) == b"kind: Job # two\n"


async def test_another_remote_is_read_in_place_of_the_url(place, server):
    found = location(
        server,
        url="https://git.example.com/x.git",
        remote={"name": "up", "urls": [f"{server.url}/org/repo.git"]},
    )
    assert await fetched("git", found, place.reach()) == b"kind: Job # two\n"


async def test_a_commit_that_was_read_is_not_fetched_again_but_asked_for(place, server, repository):
    source = ARTIFACT_SOURCES.get("git")()
    try:
        assert await source.fetch(location(server), place.reach()) == b"kind: Job # two\n"
        asked = len(server.requests)
        assert await source.fetch(location(server), place.reach()) == b"kind: Job # two\n"
        again = server.requests[asked:]
        repository.commit("master", {"jobs/build.yaml": b"kind: Job # new\n"})
        assert await source.fetch(location(server), place.reach()) == b"kind: Job # new\n"
    finally:
        await source.close()
    assert 1 <= len(again) < asked


async def test_a_password_opens_a_repository_and_stays_on_its_host(place, repository, tmp_path):
    keys = place.keep("git", user="ada\n", password="pa:ss\n", wrong="guess")
    creds = {"username": keys["user"], "password": keys["password"]}
    with GitServer({"/org/repo.git": repository}, password="pa:ss").running() as server:
        assert await fetched("git", location(server, creds=creds), place.reach()) == b"kind: Job # two\n"
        wrong = {"username": keys["user"], "password": keys["wrong"]}
        with pytest.raises(ArtifactUnusable, match="status code 401") as refused:
            await fetched("git", location(server, creds=wrong), place.reach())
        assert "guess" not in str(refused.value)
        with pytest.raises(ArtifactUnusable, match="strict"):
            await fetched("git", location(server, creds=creds), place.reach(is_strict=True))
        async with HttpSink() as other:
            server.redirect = f"http://localhost:{other.port}"
            with pytest.raises(ArtifactUnusable, match="leads to http://localhost"):
                await fetched("git", location(server, creds=creds), place.reach())
            assert not other.received


async def test_a_password_in_the_url_is_used_and_never_shown(place, repository):
    with GitServer({"/org/repo.git": repository}, password="hunter2").running() as server:
        url = server.url.replace("//", "//ada:hunter2@") + "/org/repo.git"
        assert await fetched("git", location(server, url=url), place.reach()) == b"kind: Job # two\n"
        with pytest.raises(ArtifactUnusable) as refused:
            await fetched("git", location(server, url=url, branch="none"), place.reach())
        assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("entries", "path", "message"),
    [
        pytest.param({"link": (LINK, b"/etc/passwd")}, "link", "link is a symbolic link", id="a link"),
        pytest.param({"up": (LINK, b"..")}, "up/etc/passwd", "up is a symbolic link", id="a link on the way"),
        pytest.param({"sub": (SUBMODULE, b"1" * 40)}, "sub/x", "sub is a submodule", id="a submodule"),
        pytest.param({"jobs/x": b""}, "jobs", "jobs is a folder", id="a folder"),
        pytest.param({"jobs": b""}, "jobs/x", "jobs is no folder", id="a file on the way"),
        pytest.param({"jobs/x": b""}, "jobs/y", "the commit has no jobs/y", id="nothing"),
    ],
)
async def test_nothing_but_a_file_of_the_tree_is_read(place, server, repository, entries, path, message):
    repository.commit("hostile", entries)
    with pytest.raises(ArtifactUnusable, match=message):
        await fetched("git", location(server, path, branch="hostile"), place.reach())


async def test_a_large_file_is_an_error_and_not_cut(place, server, repository):
    repository.commit("large", {"x": b"y" * 100})
    assert len(await fetched("git", location(server, "x", branch="large"), place.reach(max_bytes=100))) == 100
    with pytest.raises(ArtifactUnusable, match="larger than 99 bytes"):
        await fetched("git", location(server, "x", branch="large"), place.reach(max_bytes=99))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"filePath": "../x"}, r'filePath "\.\." is not allowed in the filePath'),
        ({"filePath": "~/x"}, '"~" is not allowed in the filePath'),
        ({"filePath": "a\\b"}, '"\\\\\\\\" is not allowed in the filePath'),
        ({"filePath": "/"}, "filePath is missing"),
        ({"cloneDirectory": "/tmp/../etc"}, "is not allowed in the cloneDirectory"),
        ({"branch": "--upload-pack=touch /tmp/x"}, "branch is no name"),
        ({"branch": "a..b"}, "branch is no name"),
        ({"tag": "a b"}, "tag is no name"),
        ({"ref": "refs/heads/x.lock"}, "ref is no name"),
        ({"url": ""}, "url is no repository"),
        ({"url": "/etc"}, "url is no repository"),
        ({"url": "file:///etc"}, "url is no repository"),
        ({"url": "ext::sh -c touch% /tmp/x"}, "url is no repository"),
        ({"url": "git://example.com/x.git"}, "url is no repository"),
        ({"url": "ssh://-oProxyCommand=x/y"}, "url is no repository"),
        ({"url": "-oProxyCommand=x:y"}, "url is no repository"),
        ({"url": "git@example.com:-x"}, "url is no repository"),
        ({"url": "https://example.com"}, "url is no repository"),
        ({"url": "https://example.com:99999/x"}, "url is no repository"),
        ({"url": "https://example.com/x\n"}, "url is no repository"),
        ({"remote": {"urls": ["file:///etc"]}}, "remote.urls is no repository"),
    ],
)
async def test_what_leads_elsewhere_is_refused(place, server, more, message):
    with pytest.raises(ArtifactUnusable, match=message):
        await fetched("git", location(server, **more), place.reach())
    assert not server.requests


async def test_what_is_not_there_is_unusable(place, server):
    with pytest.raises(ArtifactUnusable, match="has no refs/heads/none"):
        await fetched("git", location(server, branch="none"), place.reach())
    with pytest.raises(ArtifactUnusable, match="status code 404"):
        await fetched("git", location(server, url=f"{server.url}/org/none.git"), place.reach())


async def test_a_server_that_is_gone_slow_or_busy_may_come_back(place):
    async with HttpSink(default=Hang()) as sink:
        hung = GitLocation(url=f"{sink.url}/x.git", file_path="x")
        with pytest.raises(ArtifactUnavailable, match="not read within"):
            await fetched("git", hung, place.reach(timeout_s=0.3))
        sink.default = Reply(503)
        with pytest.raises(ArtifactUnavailable, match="status code 503"):
            await fetched("git", hung, place.reach())
    with pytest.raises(ArtifactUnavailable, match="cannot be reached"):
        await fetched("git", hung, place.reach())


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=b"<html>"),
        Reply(headers={"Content-Type": "application/x-git-upload-pack-advertisement"}, body=b"zzzz"),
        Reply(headers={"Content-Type": "application/x-git-upload-pack-advertisement"}, body=b""),
        Reply(
            headers={"Content-Type": "application/x-git-upload-pack-advertisement"},
            body=b"001e# service=git-upload-pack\n0000003f" + b"1" * 40 + b" refs/heads/master\x00\n0000",
        ),
    ],
)
async def test_what_is_no_git_server_is_an_error_whatever_it_sends(place, reply):
    async with HttpSink(default=reply) as sink:
        with pytest.raises((ArtifactUnusable, ArtifactUnavailable)):
            await fetched(
                "git", GitLocation(url=f"{sink.url}/x.git", file_path="x"), place.reach(timeout_s=3)
            )


async def test_a_strict_sensor_reaches_no_inner_address(place, server):
    with pytest.raises(ArtifactUnusable, match="loopback"):
        await fetched("git", location(server), place.reach(is_strict=True))
    assert not server.requests


SSH = """\
#!{python}
import json, os, sys
record = {{"argv": sys.argv[1:], "environment": sorted(os.environ)}}
for index, argument in enumerate(sys.argv):
    if argument == "-i":
        record["key"] = open(sys.argv[index + 1]).read()
        record["mode"] = oct(os.stat(sys.argv[index + 1]).st_mode & 0o777)
with open({record!r}, "w") as file:
    json.dump(record, file)
if os.path.exists({refusal!r}):
    sys.exit("Host key verification failed.")
from dulwich.repo import Repo
from dulwich.server import DictBackend, UploadPackHandler, serve_command
command, _, path = sys.argv[-1].partition(" ")
assert command == "git-upload-pack", command
backend = DictBackend({{"/org/repo.git": Repo({repository!r})}})
sys.exit(serve_command(UploadPackHandler, ["", path.strip("'")], backend=backend))
"""


@pytest.fixture
def ssh(tmp_path, repository, monkeypatch):
    """A program `ssh` that says what it was called with and then serves the repository."""
    folder = tmp_path / "bin"
    folder.mkdir()
    record, refusal = tmp_path / "record.json", tmp_path / "refusal"
    script = SSH.format(
        python=sys.executable, record=str(record), refusal=str(refusal), repository=repository.repo.path
    )
    (folder / "ssh").write_text(textwrap.dedent(script))
    (folder / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("KIKKAKE_SECRET__X__Y", "hidden")
    return record, refusal


def recorded(record: Path):
    found = json.loads(record.read_text())
    argv = found["argv"]
    options = dict(argv[at + 1].split("=", 1) for at, argument in enumerate(argv) if argument == "-o")
    return found, options


async def test_ssh_reads_with_a_key_and_known_hosts(place, ssh):
    key = place.keep("git", key="-----BEGIN KEY-----\nabc\n-----END KEY-----")["key"]
    found = GitLocation.model_validate(
        {"url": "git@git.example.com:/org/repo.git", "filePath": "jobs/build.yaml", "sshKeySecret": key}
    )
    assert await fetched("git", found, place.reach()) == b"kind: Job # two\n"
    record, options = recorded(ssh[0])
    assert record["argv"][-3:] == ["--", "git@git.example.com", "git-upload-pack '/org/repo.git'"]
    assert record["key"] == "-----BEGIN KEY-----\nabc\n-----END KEY-----\n"
    assert record["mode"] == "0o600"
    assert {"KIKKAKE_SECRET__X__Y"}.isdisjoint(record["environment"])
    assert options["StrictHostKeyChecking"] == "yes"
    assert options["BatchMode"] == "yes"
    assert "UserKnownHostsFile" not in options


async def test_ssh_takes_user_port_and_any_host_key_where_that_is_asked_for(place, ssh):
    found = GitLocation(
        url="ssh://deploy@git.example.com:2222/org/repo.git",
        file_path="jobs/build.yaml",
        insecure_ignore_host_key=True,
    )
    assert await fetched("git", found, place.reach()) == b"kind: Job # two\n"
    record, options = recorded(ssh[0])
    assert record["argv"][record["argv"].index("-p") + 1] == "2222"
    assert record["argv"][-2] == "deploy@git.example.com"
    assert options["StrictHostKeyChecking"] == "no"
    assert options["UserKnownHostsFile"] == options["GlobalKnownHostsFile"] == "/dev/null"


async def test_a_host_key_that_is_not_known_is_said(place, ssh):
    ssh[1].touch()
    found = GitLocation(url="git@git.example.com:/org/repo.git", file_path="x")
    with pytest.raises(ArtifactUnavailable, match=r"git.example.com: Host key verification failed"):
        await fetched("git", found, place.reach())


async def test_a_strict_sensor_connects_by_ssh_to_the_address_that_was_judged(place, ssh):
    found = GitLocation(url="git@localhost:/org/repo.git", file_path="x")
    with pytest.raises(ArtifactUnusable, match="refused addresses"):
        await fetched("git", found, place.reach(is_strict=True))
    assert not ssh[0].exists()


async def test_a_password_is_not_sent_over_ssh(place, ssh):
    keys = place.keep("git", user="ada", password="x")
    creds = {"username": keys["user"], "password": keys["password"]}
    found = GitLocation.model_validate({"url": "git@h:/x", "filePath": "x", "creds": creds})
    with pytest.raises(ArtifactUnusable, match="a password is for https"):
        await fetched("git", found, place.reach())


async def test_an_app_of_github_reads_with_its_token(place, repository):
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    app = {"privateKey": place.keep("app", key=pem)["key"], "appID": 7, "installationID": 42}
    asked = []

    async def github(request, _timeout_s):
        asked.append(str(request.url))
        return Answer(201, None, b'{"token": "tok", "expires_at": "2099-01-01T00:00:00Z"}'), None

    with GitServer({"/org/repo.git": repository}, user="x-access-token", password="tok").running() as server:
        found = location(server, githubApp=app)
        assert await fetched("git", found, place.reach(exchange=github)) == b"kind: Job # two\n"
    assert asked == ["https://api.github.com/app/installations/42/access_tokens"]


def test_any_text_is_a_location_or_refused():
    random = Random(11)
    parts = [
        "https://",
        "ssh://",
        "git@",
        "a.b",
        ":",
        "/",
        "x",
        "-",
        "::",
        "[",
        "]",
        "%2e",
        "@",
        "..",
        "\n",
        "é",
        "1",
        "~",
    ]
    accepted = 0
    for _ in range(fuzzing.COUNT):
        text = "".join(random.choice(parts) for _ in range(random.randint(1, 8)))
        found = GitLocation(url=text, file_path=text, ref=text)
        for read in (read_remote, read_reference, read_path):
            with contextlib.suppress(LocationRefused):
                read(found)
                accepted += 1
    assert accepted > 0


def packet(line: bytes) -> bytes:
    return b"%04x" % (len(line) + 4) + line


def packed(kind: int, content: bytes, base: bytes = b"") -> bytes:
    """An object of a pack: its kind and size, for a delta the name of its base, and the content."""
    size = len(content)
    head = [kind << 4 | size & 15]
    size >>= 4
    while size:
        head[-1] |= 0x80
        head.append(size & 0x7F)
        size >>= 7
    return bytes(head) + base + zlib.compress(content)


def exploding_pack() -> bytes:
    """16 MiB of zeros, and a delta of 700 bytes that copies them a hundred times."""
    zeros = bytes(0xFFFFFF)
    base = hashlib.sha1(b"blob %d\0" % len(zeros) + zeros).digest()

    def varint(number: int) -> bytes:
        text = bytearray()
        while number > 0x7F:
            text.append(number & 0x7F | 0x80)
            number >>= 7
        return bytes([*text, number])

    delta = varint(len(zeros)) + varint(100 * len(zeros)) + b"\xf0\xff\xff\xff" * 100
    pack = b"PACK" + struct.pack(">II", 2, 2) + packed(3, zeros) + packed(7, delta, base)
    return pack + hashlib.sha1(pack).digest()


async def test_a_pack_that_explodes_costs_its_own_process_alone(place):
    tip = b"1" * 40
    advertised = packet(b"# service=git-upload-pack\n") + b"0000"
    advertised += packet(tip + b" refs/heads/master\0side-band-64k shallow ofs-delta\n") + b"0000"
    pack = exploding_pack()
    pieces = [packet(b"\x01" + pack[at : at + 60_000]) for at in range(0, len(pack), 60_000)]
    answered = packet(b"shallow " + tip) + b"0000" + packet(b"NAK\n") + b"".join(pieces) + b"0000"
    async with HttpSink() as sink:
        kind = "application/x-git-upload-pack"
        sink.answers.append(Reply(headers={"Content-Type": f"{kind}-advertisement"}, body=advertised))
        sink.answers.append(Reply(headers={"Content-Type": f"{kind}-result"}, body=answered))
        with pytest.raises((ArtifactUnusable, ArtifactUnavailable), match="too much memory"):
            await fetched("git", GitLocation(url=f"{sink.url}/x.git", file_path="x"), place.reach())
        assert len(sink.received) == 2
