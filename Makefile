# Parley. `make` alone lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VENV ?= .venv
# The first one that is new enough; `python3` otherwise, which the tool check then complains about.
PYTHON ?= $(or $(shell for name in python3 python3.11 python3.12 python3.13 python3.14; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done),python3)

# What a host may have set for other projects, and what would change what is built here. Indexes and proxies stay.
unexport PIP_CONSTRAINT PIP_FIND_LINKS PIP_NO_BINARY PIP_ONLY_BINARY PIP_PREFIX PIP_REQUIRE_VIRTUALENV PIP_TARGET PIP_USER
unexport PYTHONHOME PYTHONPATH PYTHONSTARTUP VIRTUAL_ENV CONDA_PREFIX
# Dozens of processes run the same modules, which each would compile anew.
unexport PYTHONDONTWRITEBYTECODE
unexport CARGO_BUILD_TARGET CARGO_TARGET_DIR RUSTFLAGS
unexport NODE_ENV NODE_OPTIONS
# The address of `make run HOST=…`; a shell's own HOST is not meant.
ifeq ($(origin HOST),command line)
unexport HOST
run: export PARLEY_HOST := $(HOST)
endif

CORE := media_fleet/packet_core
CORE_SOURCES := $(shell find $(CORE) \( -name target -o -name fuzz \) -prune -o \( -name '*.rs' -o -name 'Cargo.*' -o -name '*.pyi' -o -name pyproject.toml \) -print)
WEB_SOURCES := $(shell find web -name node_modules -prune -o -name dist -prune -o -type f -print)
STAMPS := $(VENV)/.stamps
# The kinds of machines (as `uname -m` says) that releases are for.
MACHINES ?= x86_64 aarch64
PIP := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | awk -F'\t' '{printf "  make %-16s %s\n", $$1, $$2}'

.PHONY: run
run: build ## Start the whole platform on this machine (HOST=<address>: for other machines too, over HTTPS)
	@exec $(VENV)/bin/python -m infra.local

.PHONY: build
build: $(STAMPS)/run $(STAMPS)/packet_core web/app/dist/.stamp ## Build what must be built: environment, packet core, page

.PHONY: test
test: ready-to-test ## Check and test everything; does its own set-up
	@infra/setup/test.sh $(VENV)

.PHONY: interop
interop: ready-to-test ## Firefox and Chromium in one meeting (needs Firefox and a network; about a minute)
	@infra/setup/tools.sh "$(PYTHON)" interop
	@$(VENV)/bin/python -m pytest -m interop tests/integration/media tests/e2e

.PHONY: try-server
try-server: MACHINES := $(shell uname -m)
try-server: ready-to-test package-release ## Install the release on a Debian 12 made for it, boot it, meet, reboot (as root; needs a network)
	@infra/setup/tools.sh "$(PYTHON)" server
	@$(VENV)/bin/python -m pytest -m server tests/server

.PHONY: check
check: ready-to-test ## Formatting, lint, types, templates; changes nothing
	@infra/setup/check.sh $(VENV)

.PHONY: ready-to-test
ready-to-test: test-tools $(STAMPS)/run $(STAMPS)/test $(STAMPS)/packet_core web/app/dist/.stamp

.PHONY: test-tools
test-tools:
	@infra/setup/tools.sh "$(PYTHON)" test

.PHONY: fix
fix: $(STAMPS)/test web/node_modules/.stamp ## Format, and correct what can be corrected by itself
	$(VENV)/bin/ruff check --fix --quiet .
	$(VENV)/bin/ruff format --quiet .
	cd $(CORE) && cargo fmt --all && cargo fmt --manifest-path fuzz/Cargo.toml
	cd web && npx eslint --fix .

.PHONY: fuzz
fuzz: ready-to-test ## Fuzz every parser, a minute each (SECONDS=<how long>, TARGET=<name> for one)
	@infra/setup/fuzz.sh $(VENV) $(or $(SECONDS),60) $(TARGET)

.PHONY: sanitize
sanitize: $(STAMPS)/packet_core ## The packet core's system calls under the address sanitizer (Linux; builds for about a minute)
	@cd $(CORE) && host=$$(rustc -vV | sed -n 's/^host: //p') && \
		RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zsanitizer=address -Dwarnings" ASAN_OPTIONS=detect_leaks=1 \
		cargo test --locked --quiet -p parley-io --target $$host --target-dir target/sanitized

.PHONY: package
package: $(STAMPS)/run ## The functions' bundles and stacks, for template.yaml (into build/functions)
	@for name in auth meetings; do \
		echo "==> build/functions/$$name"; \
		(cd functions/$$name && AWS_DEFAULT_REGION=us-east-1 $(abspath $(VENV))/bin/chalice package --stage prod \
			--merge-template ../../infra/functions/$$name.yaml $(CURDIR)/build/functions/$$name > /dev/null) && \
		$(VENV)/bin/python -m infra.setup.as_json build/functions/$$name/sam.yaml || exit 1; done

.PHONY: package-release
package-release: $(STAMPS)/release web/app/dist/.stamp ## Releases for machines of both kinds (needs a network; MACHINES=x86_64 for one; into build/release)
	@infra/setup/tools.sh "$(PYTHON)" release $(MACHINES)
	@$(VENV)/bin/python -m infra.release $(MACHINES)

.PHONY: compare-release
compare-release: package-release ## Build the releases once more from another folder, and compare (takes as long again)
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && git ls-files -z | tar c --null -T - | tar x -C "$$folder" && \
		mkdir -p "$$folder/web/app" && cp -R web/app/dist "$$folder/web/app/" && \
		(cd "$$folder" && $(abspath $(VENV))/bin/python -m infra.release $(MACHINES)) && \
		for machine in $(MACHINES); do cmp build/release/parley-$$machine.tar.gz "$$folder/build/release/parley-$$machine.tar.gz" || exit 1; done && \
		echo "The same, octet for octet: $(MACHINES)"

DEPLOY = AWS_PAGER= $(VENV)/bin/python -m infra.deploy $(1) --stage "$(or $(STAGE),$(error which STAGE=?))" $(if $(DRY),--dry-run)

.PHONY: deploy
deploy: MACHINES := aarch64
deploy: package package-release ## Put everything on AWS (STAGE=… BUCKET=…; DRY=1 says what it would do; docs/operations)
	@$(call DEPLOY,deploy) --bucket "$(or $(BUCKET),$(error which BUCKET=?))" --machine $(MACHINES) --domain "$(DOMAIN)" --zone "$(ZONE)" \
		--page-certificate "$(PAGE_CERTIFICATE)" --gateway-certificate "$(GATEWAY_CERTIFICATE)" --size "$(SIZE)" --alarms "$(ALARMS)" \
		--administrators '$(ADMINISTRATORS)'

.PHONY: destroy
destroy: $(STAMPS)/run ## Take a stage away from AWS (STAGE=… CONFIRM=<the stage>); what people have stays
	@$(call DEPLOY,destroy) --confirm "$(CONFIRM)"

.PHONY: install-node
install-node: MACHINES := $(shell uname -m)
install-node: package-release ## A media node on this server, as a systemd service (as root; SERVICE=gateway: a gateway)
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && tar xzf build/release/parley-$(MACHINES).tar.gz -C "$$folder" && \
		"$$folder"/infra/machine/install.sh $(or $(SERVICE),media) "$$folder"

.PHONY: scan
scan: ## A policy scan of the templates by checkov, in an environment of its own (needs a network)
	@[ -x build/scan/bin/checkov ] || { python3 -m venv build/scan && build/scan/bin/pip install --quiet 'checkov>=3.2,<4'; }
	@build/scan/bin/checkov --quiet --compact --framework cloudformation --skip-download -f template.yaml infra/*.yaml

.PHONY: bench
bench: ready-to-test ## Measure: forwarding, joining, placement, recording, the functions (BENCH=<name> for one)
	@for folder in $(if $(BENCH),bench/$(BENCH),$(patsubst %/__main__.py,%,$(wildcard bench/*/__main__.py))); do \
		echo "==> $$folder"; $(VENV)/bin/python -m $${folder//\//.} || exit 1; done

.PHONY: clean
clean: ## Remove everything that was built; the platform's data (.parley) stays
	rm -rf $(VENV) build $(CORE)/target $(CORE)/fuzz/target $(CORE)/fuzz/corpus web/node_modules web/*/node_modules web/app/dist artefacts .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

.PHONY: lock
lock: ## Lock the Python dependencies anew (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header requirements/run.in -o requirements/run.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -c requirements/run.lock requirements/test.in -o requirements/test.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header requirements/release.in -o requirements/release.lock

# ---- what is built; each target is a stamp that is newer than what it was made from ----

$(STAMPS)/venv:
	@infra/setup/tools.sh "$(PYTHON)"
	@echo "==> Making the Python environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/run: requirements/run.lock | $(STAMPS)/venv
	@echo "==> Installing the Python packages (about a minute)"
	@$(PIP) -r requirements/run.lock
	@touch $@

$(STAMPS)/test: requirements/test.lock | $(STAMPS)/run
	@echo "==> Installing the Python packages for tests"
	@$(PIP) -r requirements/test.lock
	@touch $@

$(STAMPS)/release: requirements/release.lock | $(STAMPS)/run
	@echo "==> Installing the compiler for releases"
	@$(PIP) -r requirements/release.lock
	@touch $@

$(STAMPS)/packet_core: $(CORE_SOURCES) | $(STAMPS)/run
	@infra/setup/tools.sh "$(PYTHON)"
	@echo "==> Building the packet core (two minutes the first time)"
	@cd $(CORE) && VIRTUAL_ENV=$(abspath $(VENV)) $(abspath $(VENV))/bin/maturin develop --release --locked --quiet
	@touch $@

web/node_modules/.stamp: web/package-lock.json web/package.json $(wildcard web/*/package.json)
	@infra/setup/tools.sh "$(PYTHON)"
	@echo "==> Installing the page's packages"
	@cd web && npm ci --include=dev --no-audit --no-fund --loglevel=error
	@touch $@

web/app/dist/.stamp: $(WEB_SOURCES) web/node_modules/.stamp
	@echo "==> Building the page"
	@cd web && npm run --silent build
	@touch $@
