"""Templates of parameters and filters: what one may take."""

import pytest

from sensors import templates
from sensors.templates import TemplateError


def test_a_loop_that_does_not_end_soon_is_stopped():
    loop = "{{ range until 1000 }}{{ range until 1000 }}{{ end }}{{ end }}"
    with pytest.raises(TemplateError, match=r"too long|steps"):
        templates.run(loop, {}, now_us=0)


def test_one_that_makes_several_keys_has_the_time_that_it_needs():
    keys = '{{ range until 3 }}{{ genPrivateKey "rsa" | trunc 30 }};{{ end }}'
    assert templates.is_slow(keys)
    assert templates.run(keys, {}, now_us=0) == "-----BEGIN RSA PRIVATE KEY----;" * 3
