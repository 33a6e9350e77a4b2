# Every task of the project; `make` lists them.
SHELL := bash
.DEFAULT_GOAL := help
ARGS ?=
# What `sam build` calls it: the function in small letters, and the template's DockerTag.
IMAGE ?= tagfunction:pet-tagger
# Production is built on the base that `make pin-base` wrote down; where it did not, the build says so and stops.
BASE_IMAGE = $(if $(filter prod,$(ENV)),$(or $(shell cat base-image.txt 2>/dev/null),$(error no base-image.txt: run make pin-base, and commit it)))
SAM_PARAMETERS = $(if $(MODEL_ID),ModelId=$(MODEL_ID)) $(if $(BASE_IMAGE),BaseImage=$(BASE_IMAGE)) \
  $(if $(ARCHITECTURE),Architecture=$(ARCHITECTURE))
SAM_OPTIONS = $(if $(strip $(SAM_PARAMETERS)),--parameter-overrides $(strip $(SAM_PARAMETERS)))

.PHONY: help run local test check policy e2e test-weights train-demo bulk-soak fuzz soak bench bench-quick docs lock format clean
.PHONY: build pin-base sbom scan deploy smoke-test dashboard

help: ## list the tasks
	@sed -nE 's/^([a-z0-9-]+):[^#]*## (.*)/  make \1\t\2/p' Makefile | expand -t 22

run: .venv/.ready ## serve on http://localhost:7860 without Docker (PORT=, MODEL_ID=)
	@scripts/run.sh

local: ## serve on http://localhost:7860 as Lambda does, with SAM and Docker (PORT=, MODEL_ID=)
	scripts/sam.sh build $(SAM_OPTIONS)
	scripts/sam.sh local start-api $(if $(PORT),--port $(PORT)) $(SAM_OPTIONS)

test: .venv/.ready ## all tests but e2e; those of the container need Docker (ARGS= goes to pytest)
	.venv/bin/python -m pytest -m "not e2e" $(ARGS)

e2e: .venv/.ready ## the image as Lambda runs it, and `sam local`, with real pictures; needs Docker
	scripts/sam.sh --version
	REQUIRE_ENGINE=1 .venv/bin/python -m pytest -m "container or e2e" $(ARGS)

test-weights: .venv/.ready ## bake the real checkpoint from the hub and check its published logits
	TEST_WEIGHTS=1 .venv/bin/python -m pytest -m weights $(ARGS)

train-demo: .venv/.ready ## draw, train and write models/demo: under 90 minutes on 2 cores; needs npm (ARGS=--resume goes on)
	.venv/bin/python -m tools.demo.train $(ARGS)

bulk-soak: .venv/.ready ## 1,000 pictures through the queue's function, with faults, a crash and duplicates; prints counts
	BULK_PICTURES=1000 .venv/bin/python -m pytest tests/bulk/test_poller.py -q -s $(ARGS)

bench: .venv/.bench-ready ## speed, memory, cold start and size beside others: build/bench.json, docs/benchmarks.md (half an hour)
	.venv/bin/python -m benchmarks $(ARGS)

bench-quick: .venv/.ready ## the ratios that a change of code can spoil, against their limits (two minutes)
	.venv/bin/python -m benchmarks --quick $(ARGS)

fuzz: .venv/.ready ## damaged pictures, events and forms, bombs, and schemathesis over the API (ARGS= goes to the fuzzer)
	.venv/bin/python -m tools.fuzz $(ARGS)
	FUZZ=1 .venv/bin/python -m pytest tests/hostile

soak: .venv/.ready ## 20,000 requests to the image under its limits (IMAGE=, ARGS=); needs Docker
	.venv/bin/python -m tools.soak $(ARGS)

check: .venv/.ready ## lint, types, layers, policy, and drift of what is generated (OpenAPI, events, lock files)
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/python -m tools.openapi --check
	.venv/bin/python -m tools.make_events --check
	.venv/bin/shellcheck scripts/*.sh scripts/backfill .ci/run
	scripts/lock.sh --check
	@$(MAKE) --no-print-directory policy

policy: .venv/.ready ## judge the template, the Dockerfile, the workflows and what is locked
	scripts/sam.sh validate --lint
	scripts/tool.sh policy cfn-lint template.yaml $(filter-out %.asl.yaml,$(wildcard infra/*.yaml))
	scripts/tool.sh policy checkov
	scripts/tool.sh policy hadolint Dockerfile
	scripts/tool.sh policy zizmor --offline --quiet --strict-collection .github
	scripts/audit.sh

# --- deploying; docs/operations.md has it step by step

build: ## build the image, the model baked in (MODEL_ID=; ENV=prod builds on the pinned base)
	scripts/sam.sh build $(SAM_OPTIONS)

pin-base: ## write down the base image by digest, for production: base-image.txt
	scripts/pin-base.sh

sbom: .venv/.ready ## write the built image's bill of materials to build/sbom.cdx.json (CycloneDX)
	@mkdir -p build
	SYFT_CHECK_FOR_APP_UPDATE=false scripts/tool.sh policy syft scan docker:$(IMAGE) --output cyclonedx-json=build/sbom.cdx.json

scan: sbom ## look for known vulnerabilities in the image, with grype (github.com/anchore/grype)
	grype sbom:build/sbom.cdx.json --fail-on high --only-fixed

deploy: ## deploy what was built (ENV=dev or prod)
	scripts/deploy.sh $(or $(ENV),$(error which ENV, dev or prod?)) $(if $(ARCHITECTURE),Architecture=$(ARCHITECTURE))

smoke-test: ## tag a picture with what is deployed (ENV=dev or prod)
	scripts/smoke-test.sh pet-tagger-$(or $(ENV),$(error which ENV, dev or prod?))

dashboard: ## put the dashboard of what is deployed into CloudWatch (ENV=dev or prod)
	scripts/dashboard.sh pet-tagger-$(or $(ENV),$(error which ENV, dev or prod?))

# --- keeping it in order

format: .venv/.ready ## format the code, and fix what the linter can
	.venv/bin/ruff check --fix-only --exit-zero
	.venv/bin/ruff format

docs: .venv/.ready ## run every command of the docs, write down its answer, and photograph the page
	.venv/bin/python -m tools.docs
	.venv/bin/python -m tools.screenshots

lock: .venv/.ready ## compile the lock files again, after a change of pyproject.toml
	scripts/lock.sh

clean: ## remove what can be made again: environments, builds, caches
	rm -rf .venv .venv-* .aws-sam build .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.bench-ready: .venv/.ready requirements/bench.lock
	.venv/bin/python -m pip install --quiet --no-deps --require-hashes --requirement requirements/bench.lock
	@touch $@

# Made once, and again when what it installs changes.
.venv/.ready: requirements/torch.txt requirements/dev.lock
	@scripts/setup.sh
	@touch $@
