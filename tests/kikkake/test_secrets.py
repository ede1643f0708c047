import base64

import pytest

from events.clock import ManualClock
from events.ports import KubeError, SecretRef, SecretUnavailable
from kikkake.secrets import EnvironmentSecrets, FileSecrets, FirstOf, KubeSecrets, environment_name

REF = SecretRef("ci", "github", "token")


def put(folder, name, key, value):
    (folder / name).mkdir(exist_ok=True)
    (folder / name / key).write_bytes(value)


async def test_a_file_gives_its_value_without_one_newline(tmp_path):
    put(tmp_path, "github", "token", b"s3cr3t\n\n")

    assert await FileSecrets(tmp_path).read(REF) == b"s3cr3t\n"


async def test_a_rotated_file_is_seen_at_the_next_read(tmp_path):
    """Kubernetes swaps a link: the file's own time may be anything, its inode differs."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "token").write_bytes(b"old")
    (tmp_path / "b" / "token").write_bytes(b"new")
    link = tmp_path / "github"
    link.symlink_to(tmp_path / "a")
    secrets = FileSecrets(tmp_path)
    assert await secrets.read(REF) == b"old"

    link.unlink()
    link.symlink_to(tmp_path / "b")

    assert await secrets.read(REF) == b"new"


async def test_config_maps_may_have_a_folder_of_their_own(tmp_path):
    put(tmp_path, "github", "token", b"secret")
    config = tmp_path / "config"
    config.mkdir()
    put(config, "github", "token", b"plain")

    assert await FileSecrets(tmp_path, config).read(REF._replace(kind="ConfigMap")) == b"plain"


@pytest.mark.parametrize(
    ("name", "key"),
    [("..", "token"), ("github", ".."), ("a/b", "token"), ("github", "../../x"), ("", "token")],
)
async def test_no_name_leads_out_of_the_folder(tmp_path, name, key):
    folder = tmp_path / "secrets"
    folder.mkdir()
    put(tmp_path, "x", "token", b"outside")

    with pytest.raises(SecretUnavailable):
        await FileSecrets(folder).read(SecretRef("ci", name, key))


async def test_a_missing_file_is_named_by_its_secret(tmp_path):
    with pytest.raises(SecretUnavailable, match="secret ci/github key `token`: No such file"):
        await FileSecrets(tmp_path).read(REF)


async def test_the_environment_gives_values():
    secrets = EnvironmentSecrets({"KIKKAKE_SECRET__GITHUB__TOKEN": "s3cr3t", "GITHUB_TOKEN": "no"})

    assert await secrets.read(REF) == b"s3cr3t"
    with pytest.raises(SecretUnavailable, match="KIKKAKE_CONFIGMAP__GITHUB__TOKEN"):
        await secrets.read(REF._replace(kind="ConfigMap"))


def test_a_variable_is_named_by_name_and_key():
    assert (
        environment_name(SecretRef("ci", "my-app.x", "web-hook.key"))
        == "KIKKAKE_SECRET__MY_APP_X__WEB_HOOK_KEY"
    )


async def test_the_first_place_that_has_it_gives_it(tmp_path):
    put(tmp_path, "github", "token", b"from a file")
    places = FirstOf([EnvironmentSecrets({}), FileSecrets(tmp_path)])

    assert await places.read(REF) == b"from a file"


async def test_no_place_has_it_and_each_says_why(tmp_path):
    places = FirstOf([EnvironmentSecrets({}), FileSecrets(tmp_path)])

    with pytest.raises(SecretUnavailable, match=r"no environment variable .*; No such file"):
        await places.read(REF)


@pytest.mark.kube
async def test_a_secret_of_the_cluster_is_read_and_a_rotation_arrives(
    kube_client, kube_reader, kube_namespace
):
    clock = ManualClock(0)
    secrets = KubeSecrets(kube_client, clock)
    ref = REF._replace(namespace=kube_namespace)
    path = f"/api/v1/namespaces/{kube_namespace}/secrets"
    body = {"metadata": {"name": "github"}, "data": {"token": base64.b64encode(b"old\n").decode()}}
    kube_reader.create(path, body)
    assert await secrets.read(ref) == b"old"

    kube_reader.delete(f"{path}/github")
    kube_reader.create(path, {**body, "data": {"token": base64.b64encode(b"new").decode()}})

    assert await secrets.read(ref) == b"old"
    clock.advance(31)
    assert await secrets.read(ref) == b"new"


@pytest.mark.kube
async def test_a_config_map_of_the_cluster_is_read(kube_client, kube_reader, kube_namespace):
    path = f"/api/v1/namespaces/{kube_namespace}/configmaps"
    kube_reader.create(path, {"metadata": {"name": "github"}, "data": {"token": "plain"}})
    ref = SecretRef(kube_namespace, "github", "token", "ConfigMap")

    assert await KubeSecrets(kube_client, ManualClock(0)).read(ref) == b"plain"


@pytest.mark.kube
async def test_what_is_missing_in_the_cluster_is_said(kube_client, kube_reader, kube_namespace):
    secrets = KubeSecrets(kube_client, ManualClock(0))
    with pytest.raises(SecretUnavailable, match="it does not exist"):
        await secrets.read(SecretRef(kube_namespace, "nothing", "token"))

    path = f"/api/v1/namespaces/{kube_namespace}/secrets"
    kube_reader.create(path, {"metadata": {"name": "github"}, "data": {"other": ""}})
    with pytest.raises(SecretUnavailable, match="no such key; keys: other"):
        await secrets.read(SecretRef(kube_namespace, "github", "token"))


class Refuses:
    """A cluster that answers 403."""

    async def get(self, api_version, kind, namespace, name, *, account=None):
        raise KubeError(403, "Forbidden", 'User "x" cannot get resource "secrets"')


async def test_a_missing_right_says_which_role_to_give():
    with pytest.raises(SecretUnavailable, match="--verb=get,watch --resource=secrets --resource-name=github"):
        await KubeSecrets(Refuses(), ManualClock(0)).read(REF)
