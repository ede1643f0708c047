"""Benchmarks: ratios against a bare aiohttp process in the same run. Timings are no tests."""
