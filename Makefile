UV_VERSION := 0.13.9
PYTHON := $(shell for p in python3.13 python3.12 python3.11 python3; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
STAMP := .venv/.mita-setup

.PHONY: setup run test check bench lint format
setup: $(STAMP)

$(STAMP): pyproject.toml uv.lock
	@test -n "$(PYTHON)" || { echo "Mita needs Python 3.11 or newer."; exit 1; }
	@if command -v uv >/dev/null 2>&1; then UV=uv; else \
	  test -x .uv/bin/uv || { $(PYTHON) -m venv .uv && .uv/bin/pip install -q --disable-pip-version-check uv==$(UV_VERSION); }; UV=.uv/bin/uv; fi; \
	  $$UV sync --frozen --python $(PYTHON)
	@touch $(STAMP)

run: setup
	@exec .venv/bin/mita up --demo

test: setup
	.venv/bin/pytest -n 2

lint: setup
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports

format: setup
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

check:
	.ci/run

bench: setup
	.venv/bin/mita bench charge
	.venv/bin/mita bench charge --batch 2000
