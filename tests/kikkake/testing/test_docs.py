"""docs/reference/tests.md: its files are run as they stand there."""

import re
from pathlib import Path

from tests.kikkake.testing.support import run_files, told

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "tests.md"


async def test_the_tests_of_the_page_pass(tmp_path):
    blocks = re.findall(r"```yaml\n# ([a-z_]+)\.yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    files = {f"{name}__yaml": text for name, text in blocks}
    assert set(files) == {"sensor__yaml", "sensor_test__yaml", "source__yaml", "source_test__yaml"}
    results = await run_files(tmp_path, **files)
    assert [told(result) for result in results] == ["", "", "", ""]
