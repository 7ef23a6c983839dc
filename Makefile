# make run     installs into .venv on the first call, then serves the chat and says where to open it
# make test    the same install with the development tools, then every test (no network needed once installed)
# make help    the other targets
#
# Nothing but Python 3.11+ and make has to be on the machine. Variables, as in `make run ARGS="--port 8000"`:
#   ARGS         passed on to the program or to pytest, which takes -n 0 for one test after the other
#   EXTRAS       what else is installed for the tests (default: dev; with dev,milvus,ray none is left out for want of it)
#   PYTHON       the interpreter to build .venv with (default: the first of python3, python3.14 … that is new enough)
#   TORCH_INDEX  where PyTorch comes from if pip has no local wheel (default: the CPU builds, which carry no CUDA)

VENV        ?= .venv
TORCH       ?= torch==2.13.0
EXTRAS      ?= dev
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

new_enough := import sys; sys.exit(sys.version_info < (3, 11))
ifndef PYTHON
PYTHON := $(shell for candidate in python3 python3.14 python3.13 python3.12 python3.11; do \
	if $$candidate -c '$(new_enough)' >/dev/null 2>&1; then echo $$candidate; break; fi; done)
endif

python  := $(VENV)/bin/python
auditor := $(VENV)-audit/bin
install := $(python) -m pip install --quiet --disable-pip-version-check --no-input

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test torture install install-dev lint format types eval audit sbom clean

help:
	@echo 'make run          install on first use, then serve the chat       ARGS="--port 8000"'
	@echo 'make test         install the development tools, run the tests    ARGS="-k split -x"'
	@echo 'make torture      break it in every way we know (hours)          ARGS="--scale 0.05"'
	@echo 'make lint types   ruff, mypy --strict'
	@echo 'make format       lay the code out as lint wants it'
	@echo 'make eval         measure answers on examples/questions.jsonl'
	@echo 'make audit        look up known vulnerabilities of what is installed (needs the network)'
	@echo 'make sbom         write what is installed to sbom.json (CycloneDX)'
	@echo 'make install      only install; make install-dev: with the development tools'
	@echo 'make clean        remove what these targets made'

run: install
	@$(python) -m qa serve --examples examples/articles $(ARGS)

test: install-dev
	@$(python) -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

torture: install-dev
	@$(python) tests/torture/run.py $(ARGS)

lint: install-dev
	@$(python) -m ruff check .
	@$(python) -m ruff format --check .

format: install-dev
	@$(python) -m ruff check --fix .
	@$(python) -m ruff format .

types: install-dev
	@$(python) -m mypy

eval: install
	@$(python) -m qa eval examples/questions.jsonl --articles examples/articles --compare dense $(ARGS)

# --strict: a package that cannot be looked up is no package without vulnerabilities. Advisories know no "+cpu".
audit: install $(auditor)/.installed
	@$(python) -m pip list --format freeze --exclude-editable | sed 's/+[a-z0-9.]*$$//' >$(auditor)/requirements.txt
	@$(auditor)/pip-audit --strict --disable-pip --no-deps --requirement $(auditor)/requirements.txt $(ARGS)

sbom: install $(auditor)/.installed
	@$(auditor)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
		--output-file sbom.json $(python) $(ARGS)
	@echo 'sbom.json'

# In an environment of their own: what looks is no part of what it looks at.
$(auditor)/.installed: $(VENV)/.installed
	@$(python) -m venv $(VENV)-audit
	@$(auditor)/python -m pip install --quiet --disable-pip-version-check 'pip-audit>=2.10.1' 'cyclonedx-bom>=7.5.0'
	@touch $@

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev

# pip before 24 stops with an AssertionError on lxml[html_clean], which trafilatura asks for.
# PyTorch goes first and alone: from PyPI, Linux would get its CUDA build and gigabytes of libraries with it.
$(VENV)/.installed: pyproject.toml
	@if ! $(or $(PYTHON),false) -c '$(new_enough)' >/dev/null 2>&1; then \
		echo "article-qa needs Python 3.11 or newer, and $(or $(PYTHON),what is on the PATH) is not that." \
			"Install one, or name it: make run PYTHON=/path/to/python3.12" >&2; exit 1; fi
	@if ! $(python) -c '$(new_enough)' >/dev/null 2>&1; then \
		echo "[1/3] $(VENV) with $$($(PYTHON) --version)"; \
		rm -rf $(VENV); \
		$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
			echo "Python's venv module does not work here. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }; fi
	@$(install) 'pip>=24'
	@if ! $(python) -c 'import importlib.util, sys; sys.exit(not importlib.util.find_spec("torch"))'; then \
		echo "[2/3] PyTorch without CUDA (about 200 MB)"; \
		$(install) --no-index --no-deps '$(TORCH)' 2>/dev/null \
		|| $(install) --no-deps '$(TORCH)' --index-url $(TORCH_INDEX) \
		|| { echo "No PyTorch at $(TORCH_INDEX); taking PyPI's, which on Linux brings CUDA (gigabytes)" >&2; \
			$(install) '$(TORCH)'; }; fi
	@echo "[3/3] the other packages (a few minutes)"
	@$(install) --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "[dev] test tools"
	@$(install) --editable '.[$(EXTRAS)]'
	@touch $@

clean:
	rm -rf $(VENV) $(VENV)-audit sbom.json build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .gradio
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
