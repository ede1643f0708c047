"""What leaves the store for a test file has no secret in it that a name gives away, and keeps its shape."""

import json

import pytest

from kikkake.masking import mask_data, mask_resource


@pytest.mark.parametrize(
    ("data", "shown", "masked"),
    [
        ({"body": {"token": "t", "n": 1}}, {"body": {"token": "***", "n": 1}}, ["body.token"]),
        ({"header": {"X-Gitlab-Token": ["t"]}}, {"header": {"X-Gitlab-Token": ["***"]}}, ["header.X-Gitlab-Token[0]"]),
        ({"headers": {"X-Forwarded-Client-Cert": "c"}}, {"headers": {"X-Forwarded-Client-Cert": "***"}}, None),
        ({"x-forwarded-client-cert": "c"}, {"x-forwarded-client-cert": "c"}, []),
        ({"a": [{"password": {"old": "o", "tries": 3, "none": None}}]},
         {"a": [{"password": {"old": "***", "tries": 3, "none": None}}]}, ["a[0].password.old"]),
        ({"url": "https://me:pw@git.example/x?a=b"}, {"url": "https://me:***@git.example/x?a=b"}, ["url"]),
        ({"secret_name": "s", "apiKey": "k"}, {"secret_name": "s", "apiKey": "***"}, ["apiKey"]),
        ({"secret": ""}, {"secret": ""}, []),
    ],
)  # fmt: skip
def test_texts_under_names_of_secrets_are_masked(data, shown, masked):
    after, places = mask_data(json.dumps(data).encode())
    assert json.loads(after) == shown
    if masked is not None:
        assert places == masked


@pytest.mark.parametrize(
    "data", [b'{"a": 1.50,  "b": 12345678901234567890123}', b"\xff\x00", b"", b"not json"]
)
def test_data_without_a_secret_stays_byte_for_byte(data):
    assert mask_data(data) == (data, [])


def test_secrets_that_are_written_into_a_sensor_are_masked_and_selectors_are_not():
    http = {
        "url": "https://me:pw@chat.example/hook",
        "headers": {"Authorization": "Bearer x", "X-Team": "ci"},
        "secureHeaders": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "chat", "key": "token"}}}],
        "payload": [{"src": {"dependencyName": "push", "dataKey": "token"}, "dest": "token"}],
    }
    masked = mask_resource({"spec": {"triggers": [{"template": {"http": http}}]}})
    assert masked["spec"]["triggers"][0]["template"]["http"] == {
        **http,
        "url": "https://me:***@chat.example/hook",
        "headers": {"Authorization": "***", "X-Team": "ci"},
    }
