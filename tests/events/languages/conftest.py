"""The real Go libraries, one process of each a run."""

from tests.oracles.fixture import oracle_fixture

gjson_oracle = oracle_fixture("gjson")
sjson_oracle = oracle_fixture("sjson")
strconv_oracle = oracle_fixture("strconv")
