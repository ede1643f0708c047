# `make demo` and `make test` need Python 3.11 to 3.14, git and make; all else is set up in .venv.
# PYTHON=...    the interpreter to use (default: the newest of 3.14 to 3.11 that works)
# SERVERS=none  leaves out the tests that need kube-apiserver or Kafka
# ARGS=...      further arguments of the command behind a target

PY := .venv/bin/python
UV_COMPILE := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-header --no-annotate $(UPGRADE)

.DEFAULT_GOAL := help
.PHONY: help demo test check servers bench crash docs manifests lock clean run-environment dev-environment

help: ## say what each target does
	@sed -nE 's/^([a-z]+):.*## (.*)/make \1|\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{printf "%-14s %s\n", $$1, $$2}'

demo: run-environment ## start the gateway with an example, send it deliveries, show what it decided and why
	@$(PY) -m examples.demo $(ARGS)

test: dev-environment ## everything: gates, unit tests, tests with real servers, short crash tests
	@$(PY) -m tests.run test $(ARGS)

check: dev-environment ## the gate before a commit: format, lint, types, layers, unit tests
	@$(PY) -m tests.run check $(ARGS)

servers: dev-environment ## build and fetch the real servers of the tests, once
	@$(PY) -m tests.servers.inventory --build

bench: dev-environment ## measure speed, memory and start-up
	@$(PY) -m benchmarks $(ARGS)

crash: dev-environment ## kill the gateway at random times and count what was lost or done twice
	@$(PY) -m tests.crash.run $(ARGS)

docs: dev-environment ## write the pages that are made from the code
	@$(PY) -m kikkake.rules_page
	@$(PY) -m kikkake.schema

manifests: dev-environment ## write the CRDs that are made from the code
	@$(PY) -m kikkake.crd

lock: dev-environment ## write requirements*.txt anew from pyproject.toml (UPGRADE=--upgrade takes newer versions)
	@$(UV_COMPILE) pyproject.toml --output-file requirements.txt
	@$(UV_COMPILE) --group build --constraint requirements.txt --output-file requirements-build.txt
	@$(UV_COMPILE) pyproject.toml --extra s3 --group dev --constraint requirements.txt --constraint requirements-build.txt \
		--output-file requirements-dev.txt
	@$(UV_COMPILE) pyproject.toml --extra s3 --constraint requirements.txt --constraint requirements-dev.txt \
		--output-file requirements-image.txt
	@grep -c '^[a-z]' requirements.txt requirements-build.txt requirements-dev.txt requirements-image.txt

clean: ## remove .venv and everything else that can be made again here (caches in the home folder stay)
	rm -rf .venv dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

run-environment:
	@.ci/environment run

dev-environment:
	@.ci/environment dev
