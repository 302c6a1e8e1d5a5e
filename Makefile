# Everything a developer types. `make` alone shows it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# Lambda runs what Python packaged, so all of it uses one minor version: 3.11 to 3.13 are tried.
# It is the first that runs: pyenv has a name for each version, also for those that a directory cannot use.
find-python = $(shell for name in python3.11 python3.12 python3.13 python3; do "$$name" -c '' 2> /dev/null && command -v "$$name" && break; done)
PYTHON3 := $(or $(PYTHON3),$(find-python))
export PYTHON3
# On a bare system there was none when make began, and a recipe before this one has installed it.
VENV = $(or $(PYTHON3),$(find-python)) -m venv
BIN := .venv/bin
PIP := -m pip install --quiet --quiet --disable-pip-version-check --require-hashes
ARGS ?=
PLUGINS ?=
# Each list is made from its .in file; the later ones hold the pins of those before them.
LISTS := requirements requirements-unit requirements-dev infra/local/requirements infra/lint/requirements requirements-lock
# For every Python from 3.11 on, with hashes, and without the address of whoever's registry served them.
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links
COMPILE := UV_CUSTOM_COMPILE_COMMAND="make lock" .venv-lock/bin/uv pip compile
SPELLED := '*.md' '*.py' '*.js' '*.html' '*.css' '*.sh' '*.toml' '*.yaml' '*.yml' '*.in' Makefile
VNU := tests/tools/node_modules/vnu-jar/build/dist/vnu.jar
WORDPRESS_CORE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/hallpass/wordpress-7.1

help: ## Show the commands
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# One after the other, also under `make -j`: the packages bring the Python that makes .venv.
setup: packages-test ## Install what is missing for everything below
	@$(MAKE) -s --no-print-directory .venv/installed.txt .venv-aws/installed.txt

run: packages-run ## Run Hallpass and a WordPress here, until Ctrl-C (PORT, WORDPRESS_PORT, AWS_PORT choose ports)
	@# Addresses that a crashed run left behind are not to be taken for this one's.
	@if command -v flock > /dev/null; then mkdir -p .local; flock -n .local/lock rm -f .local/run.json || true; fi
	@$(MAKE) -s --no-print-directory -j3 .venv/installed.txt .venv-aws/installed.txt wordpress-core
	@exec $(BIN)/python -m infra.local.run

sweep: .venv/installed.txt ## Run one sweep now, on the running Hallpass
	@exec $(BIN)/python -m infra.local.sweep

test: setup check lint-infra coverage ## Check and test everything
	node --test tests/js/*.test.js
	$(BIN)/pytest tests/stack tests/browser tests/plugins --numprocesses 2 --dist loadfile --no-loadscope-reorder $(value ARGS)

coverage: setup ## Test the rules and the contracts; fails when they take too few branches of chalicelib
	$(BIN)/pytest tests/contract tests/unit tests/upgrade --cov --numprocesses 2 --dist loadfile --no-loadscope-reorder $(value ARGS)

test-unit: packages-unit .venv/unit.txt ## Test the rules, with fakes only (needs Python and Node, no more)
	node --test tests/js/*.test.js
	$(BIN)/pytest tests/unit tests/upgrade $(value ARGS)

test-contract: setup ## Test that fakes and real things keep the same contract
	$(BIN)/pytest tests/contract $(value ARGS)

test-plugins: setup ## Test the story on sites with plugins in the way (PLUGINS=folder: with those in it, too)
	HALLPASS_PLUGINS="$(PLUGINS)" $(BIN)/pytest tests/plugins $(value ARGS)

test-stack: setup ## Test the real zip and template on the emulated AWS
	$(BIN)/pytest tests/stack $(value ARGS)

test-browser: setup ## Test the pages in Chromium, against the real stack
	$(BIN)/pytest tests/browser $(value ARGS)

test-browsers: setup packages-browsers ## Play the story in Firefox and WebKit, too
	@$(BIN)/python -m tests.engines $(value ARGS)

screenshots: setup ## Take the pictures of the README, and of every mail (in build/mails)
	@$(BIN)/python -m tests.browser.screenshots
	@$(BIN)/python -m tests.browser.mail_pictures --readme
	@$(BIN)/python -m tests.browser.mail_pictures

lighthouse: setup tests/tools/installed.txt ## Measure every page with Lighthouse
	@$(BIN)/python -m tests.tools.lighthouse

# The validator does not know the CSS property `field-sizing` yet; browsers without it keep the given size.
validate: tests/tools/installed.txt ## Check the HTML and CSS of the pages (needs Java)
	@java -jar $(VNU) --errors-only --also-check-css --filterpattern ".*field-sizing.*" frontend/*.html frontend/*.css && echo "The pages are valid."

bench: setup ## Measure how long things take here, and write docs/performance.md
	@$(BIN)/python -m tests.bench $(value ARGS)

peers: setup ## Measure us beside SnapPass and PrivateBin (needs redis-server and a network)
	@$(BIN)/python -m tests.bench.peers

check: packages-check .venv/installed.txt check-js ## Check style, types, imports and spelling (needs Python, Node and npm, no more)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(BIN)/python -m infra.contract --check
	@$(BIN)/python -m infra.brand
	@git ls-files -z -- $(SPELLED) | xargs -0 $(BIN)/codespell

check-js: packages-check tests/tools/installed.txt ## Check types, style, format and texts of the pages' modules
	tests/tools/node_modules/.bin/tsc --project jsconfig.json
	tests/tools/node_modules/.bin/tsc --project tests/js/jsconfig.json
	tests/tools/node_modules/.bin/biome ci
	node --test tests/tools/*.test.js

contract: .venv/installed.txt ## Write the names and sentences that server and pages share
	@$(BIN)/python -m infra.contract

hooks: .venv/installed.txt ## Check each commit before it is made (installs the Git hook)
	@$(BIN)/pre-commit install

lock: .venv-lock/installed.txt ## Pin what the requirements*.in files name, and keep the pins there are
	@$(foreach list,$(LISTS),$(COMPILE) $(LOCK) $(list).in -o $(list).txt && ) true

update: .venv-lock/installed.txt ## Pin the newest versions of everything (then: make test)
	@$(foreach list,$(LISTS),$(COMPILE) $(LOCK) --upgrade $(list).in -o $(list).txt && ) true

fresh: ## Try a bare Debian 12 and 13, as root: make fresh ARGS="12 run" (or test, check, test-unit …)
	@tests/fresh/debian.sh $(value ARGS)

package: .venv/installed.txt ## Build the template and the zip that AWS gets
	@$(BIN)/python -m infra.package

lint-infra: .venv/installed.txt .venv-aws/installed.txt .venv-checkov/installed.txt ## Lint the built template, and check it for what AWS advises
	@$(BIN)/python -m infra.lint

deploy: .venv/installed.txt ## Deploy to AWS: make deploy ARGS="SenderEmail=… SupportEmail=…"
	@$(BIN)/python -m infra.deploy $(value ARGS)

doctor: .venv/installed.txt ## Check what a deployment needs: make doctor ARGS="SenderEmail=…"
	@$(BIN)/python -m infra.operate.doctor $(value ARGS)

status: .venv/installed.txt ## Show whether the deployed Hallpass works, and what rings
	@$(BIN)/python -m infra.operate.status $(value ARGS)

grants: .venv/installed.txt ## List open accesses, show one, and end them: make grants ARGS="list"
	@$(BIN)/python -m infra.operate.grants $(value ARGS)

dead-letters: .venv/installed.txt ## List what workers failed on five times, and put it back: make dead-letters ARGS="put-back"
	@$(BIN)/python -m infra.operate.dead_letters $(value ARGS)

destroy: .venv/installed.txt ## Delete the deployed Hallpass; refuses while an access is open
	@$(BIN)/python -m infra.operate.destroy $(value ARGS)

tokens: .venv/installed.txt ## Manage accounts of One Time Secret's API: make tokens ARGS="add NAME" (or list, revoke NAME)
	@$(BIN)/python -m infra.operate.tokens $(value ARGS)

clean: ## Remove everything that was built or run here
	rm -rf build .local .chalice/deployments .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis test-results .coverage
	find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +

# Fetched beside the installations; should it fail, the run says why and takes an older one.
wordpress-core: | packages-run
	@[ -e "$(WORDPRESS_CORE)/wp-load.php" ] || { echo "Fetching WordPress"; infra/local/wordpress/fetch-wordpress.sh 7.1 "$(WORDPRESS_CORE)" > /dev/null 2>&1 || true; }

# The first three only say what is missing; the last three install it.
packages-python packages-unit packages-check packages-run packages-test packages-browsers:
	@infra/local/install-packages.sh $(@:packages-%=%)

tests/tools/installed.txt: tests/tools/package-lock.json | packages-check
	@echo "Installing the checkers of the pages in tests/tools"
	@cd tests/tools && PUPPETEER_SKIP_DOWNLOAD=1 npm ci --silent --no-audit --no-fund --ignore-scripts
	@cp $< $@

# The unit tests need a few packages only, so a first test does not wait for the rest.
.venv/unit.txt: requirements-unit.txt | packages-python
	@echo "Installing the Python packages of the unit tests in .venv"
	@[ -x .venv/bin/pip ] || $(VENV) .venv
	@.venv/bin/python $(PIP) -r $<
	@cp $< $@

.venv/installed.txt: requirements-dev.txt | packages-python
	@echo "Installing the Python packages in .venv"
	@[ -x .venv/bin/pip ] || $(VENV) .venv
	@.venv/bin/python $(PIP) -r $<
	@cp requirements-unit.txt .venv/unit.txt
	@cp $< $@

# MiniStack pins another botocore than the one that ships, hence a second environment.
.venv-aws/installed.txt: infra/local/requirements.txt | packages-python
	@echo "Installing MiniStack, the AWS emulator, in .venv-aws"
	@[ -x .venv-aws/bin/pip ] || $(VENV) .venv-aws
	@.venv-aws/bin/python $(PIP) -r $<
	@cp $< $@

.venv-checkov/installed.txt: infra/lint/requirements.txt | packages-python
	@echo "Installing Checkov in .venv-checkov"
	@[ -x .venv-checkov/bin/pip ] || $(VENV) .venv-checkov
	@.venv-checkov/bin/python $(PIP) -r $<
	@cp $< $@

.venv-lock/installed.txt: requirements-lock.txt | packages-python
	@echo "Installing uv, which pins the requirements, in .venv-lock"
	@[ -x .venv-lock/bin/pip ] || $(VENV) .venv-lock
	@.venv-lock/bin/python $(PIP) -r $<
	@cp $< $@

.PHONY: coverage test-plugins contract bench check check-js clean dead-letters deploy destroy doctor grants status fresh help hooks lighthouse lint-infra lock package packages-browsers packages-check packages-python packages-run packages-test packages-unit peers run screenshots setup sweep tokens test test-browser test-browsers test-contract test-stack test-unit update validate wordpress-core
