UV_VERSION := 0.13.9
PYTHON := $(shell for p in python3.13 python3.12 python3.11 python3; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
STAMP := .venv/.mita-setup

# Mita is many processes; without files of bytecode each of them compiles all of it again
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup uv web run screens code test coverage check bench lint format
setup: $(STAMP)

# uv comes from the PATH, else from the registry: into an environment of its own, or beside pip where Python has no venv
$(STAMP): pyproject.toml uv.lock
	@test -n "$(PYTHON)" || { echo "Mita needs Python 3.11 or newer on the PATH."; exit 1; }
	@if command -v uv >/dev/null 2>&1; then UV=uv; else UV=.uv/bin/uv; test -x $$UV || $(MAKE) --no-print-directory uv; fi && \
	  $$UV sync --frozen --python $(PYTHON)
	@touch $(STAMP)

uv:
	@rm -rf .uv; \
	if $(PYTHON) -m venv .uv >/dev/null 2>&1; then \
	  .uv/bin/python -m pip install -q --disable-pip-version-check uv==$(UV_VERSION); \
	elif rm -rf .uv; $(PYTHON) -m pip --version >/dev/null 2>&1; then \
	  echo "$(PYTHON) cannot make environments (no ensurepip); taking uv with its pip."; \
	  $(PYTHON) -m pip install -q --disable-pip-version-check --target .uv uv==$(UV_VERSION); \
	else \
	  echo "$(PYTHON) has neither ensurepip nor pip, so uv cannot be fetched."; \
	  echo "Install one of them (Debian: apt install python3-venv), or put uv on the PATH, and repeat."; \
	  exit 1; \
	fi

# the app that people use: built into the package, and only when something of it has changed
web: setup
	@.venv/bin/python web/build.py

run: setup
	@.venv/bin/python web/build.py --or-go-on
	@exec .venv/bin/mita up --demo

# the six digits with which the demo's operator and auditor sign in
# the pictures of the README, from a demo that runs
screens: setup
	@.venv/bin/python web/screens.py

code: setup
	@.venv/bin/mita demo-code

# many tests wait for processes of their own: one worker more than there are processors, four at most, as each has
# a database server; and a container may show more processors than it is given. Who is done takes over of what others have
test: setup
	@.venv/bin/python web/build.py --or-go-on
	.venv/bin/pytest --dist worksteal -n $${WORKERS:-$$(n=$$(getconf _NPROCESSORS_ONLN); echo $$((n < 4 ? n + 1 : 4)))}

# every line and branch of the domain, and nine of ten branches of all; takes half as long again as the tests
# an environment of its own, of Python 3.14: what it offers to see code run does not slow it down
coverage:
	@command -v python3.14 >/dev/null || { echo "Coverage is measured on Python 3.14, which is not on the PATH."; exit 1; }
	@if command -v uv >/dev/null 2>&1; then UV=uv; else UV=.uv/bin/uv; test -x $$UV || $(MAKE) --no-print-directory uv; fi && \
	  UV_PROJECT_ENVIRONMENT=.venv-coverage $$UV sync --frozen --python python3.14
	.venv-coverage/bin/coverage erase
	.venv-coverage/bin/pytest --dist worksteal -n $${WORKERS:-$$(n=$$(getconf _NPROCESSORS_ONLN); echo $$((n < 4 ? n + 1 : 4)))} --cov --cov-report=
	.venv-coverage/bin/coverage report --include='*/domain/*,*/domain.py' --fail-under=100
	.venv-coverage/bin/coverage json -q -o .coverage.json
	@.venv-coverage/bin/python -c "import json, sys; found = json.load(open('.coverage.json'))['totals']; \
	  print('branches of all:', found['covered_branches'], 'of', found['num_branches']); \
	  sys.exit(found['covered_branches'] * 10 < found['num_branches'] * 9)"

lint: setup
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/python web/build.py --check

format: setup
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

check:
	.ci/run

bench: setup
	.venv/bin/mita bench charge
	.venv/bin/mita bench charge --batch 2000
	.venv/bin/mita bench ledger
	.venv/bin/mita bench api
	.venv/bin/mita bench portfolio
	.venv/bin/mita bench ingest
	.venv/bin/mita bench rate
