# Everything a developer types. `make` alone shows it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# Lambda runs what Python packaged, so all of it uses one minor version.
PYTHON3 ?= $(shell command -v python3.11 || command -v python3)
export PYTHON3
BIN := .venv/bin
PIP := -m pip install --quiet --quiet --disable-pip-version-check --require-hashes
ARGS ?=
VNU := tests/tools/node_modules/vnu-jar/build/dist/vnu.jar
WORDPRESS_CORE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/hallpass/wordpress-7.1

help: ## Show the commands
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: packages-test .venv/installed.txt .venv-aws/installed.txt ## Install what is missing for everything below

run: packages-run ## Run Hallpass and a WordPress here, until Ctrl-C (PORT, WORDPRESS_PORT, AWS_PORT choose ports)
	@# Addresses that a crashed run left behind are not to be taken for this one's.
	@if command -v flock > /dev/null; then mkdir -p .local; flock -n .local/lock rm -f .local/run.json || true; fi
	@$(MAKE) -s --no-print-directory -j3 .venv/installed.txt .venv-aws/installed.txt wordpress-core
	@exec $(BIN)/python -m infra.local.run

sweep: .venv/installed.txt ## Run one sweep now, on the running Hallpass
	@exec $(BIN)/python -m infra.local.sweep

test: setup check ## Check and test everything
	node --test tests/js/*.test.js
	@# The longest files first, so that both cores are busy to the end.
	$(BIN)/pytest tests/stack/test_crash_ending.py tests/stack/test_crash.py tests/stack tests/browser tests/contract tests/unit tests/upgrade --numprocesses 2 --dist loadfile $(ARGS)

test-unit: .venv/installed.txt ## Test the rules, with fakes only
	node --test tests/js/*.test.js
	$(BIN)/pytest tests/unit tests/upgrade $(ARGS)

test-contract: setup ## Test that fakes and real things keep the same contract
	$(BIN)/pytest tests/contract $(ARGS)

test-stack: setup ## Test the real zip and template on the emulated AWS
	$(BIN)/pytest tests/stack $(ARGS)

test-browser: setup ## Test the pages in Chromium, against the real stack
	$(BIN)/pytest tests/browser $(ARGS)

test-browsers: setup packages-browsers ## Play the story in Firefox and WebKit, too
	@$(BIN)/python -m tests.engines $(ARGS)

screenshots: setup ## Take the pictures of the README
	@$(BIN)/python -m tests.browser.screenshots

lighthouse: setup tests/tools/installed.txt ## Measure every page with Lighthouse
	@$(BIN)/python -m tests.tools.lighthouse

validate: tests/tools/installed.txt ## Check the HTML and CSS of the pages (needs Java)
	@java -jar $(VNU) --errors-only --also-check-css frontend/*.html frontend/*.css && echo "The pages are valid."

bench: setup ## Measure how long things take here
	@$(BIN)/python -m tests.bench

check: .venv/installed.txt ## Check style, types, imports and syntax
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@for file in $$(git ls-files 'frontend/*.js' 'tests/js/*.js'); do node --input-type=module --check < $$file || { echo "in $$file"; exit 1; }; done

package: .venv/installed.txt ## Build the template and the zip that AWS gets
	@$(BIN)/python -m infra.package

lint-infra: package ## Lint the built template
	$(BIN)/cfn-lint build/sam.yaml

deploy: .venv/installed.txt ## Deploy to AWS: make deploy ARGS="--artifacts BUCKET SenderEmail=…"
	@$(BIN)/python -m infra.deploy $(ARGS)

clean: ## Remove everything that was built or run here
	rm -rf build .local .chalice/deployments .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis test-results
	find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +

# Fetched beside the installations; should it fail, the run says why and takes an older one.
wordpress-core: | packages-run
	@[ -e "$(WORDPRESS_CORE)/wp-load.php" ] || { echo "Fetching WordPress"; infra/local/fetch-wordpress.sh 7.1 "$(WORDPRESS_CORE)" > /dev/null 2>&1 || true; }

packages-run:
	@infra/local/install-packages.sh run

packages-test:
	@infra/local/install-packages.sh test

packages-browsers:
	@infra/local/install-packages.sh browsers

tests/tools/installed.txt: tests/tools/package-lock.json | packages-run
	@echo "Installing the checkers of the pages in tests/tools"
	@cd tests/tools && PUPPETEER_SKIP_DOWNLOAD=1 npm ci --silent --no-audit --no-fund --ignore-scripts
	@cp $< $@

.venv/installed.txt: requirements-dev.txt | packages-run
	@echo "Installing the Python packages in .venv"
	@[ -x .venv/bin/pip ] || $(PYTHON3) -m venv .venv
	@.venv/bin/python $(PIP) -r $<
	@cp $< $@

# MiniStack pins another botocore than the one that ships, hence a second environment.
.venv-aws/installed.txt: infra/local/requirements.txt | packages-run
	@echo "Installing MiniStack, the AWS emulator, in .venv-aws"
	@[ -x .venv-aws/bin/pip ] || $(PYTHON3) -m venv .venv-aws
	@.venv-aws/bin/python $(PIP) -r $<
	@cp $< $@

.PHONY: bench help setup run sweep test test-unit test-contract test-stack test-browser check package lint-infra deploy clean packages-run packages-test packages-browsers test-browsers screenshots lighthouse validate wordpress-core
