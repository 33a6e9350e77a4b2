# All tasks of the project. `make` without a target lists them.
SHELL := bash
.DEFAULT_GOAL := help
ARGS ?=
# The image name that `sam build` uses: the function's name in lower case, and the template's DockerTag.
IMAGE ?= tagfunction:pet-tagger
# Production builds use the base image pinned in base-image.txt. Without this file, the build fails.
BASE_IMAGE = $(if $(filter prod,$(ENV)),$(or $(shell cat base-image.txt 2>/dev/null),$(error no base-image.txt: run make pin-base, and commit it)))
SAM_PARAMETERS = $(if $(MODEL_ID),ModelId=$(MODEL_ID)) $(if $(BASE_IMAGE),BaseImage=$(BASE_IMAGE)) \
  $(if $(ARCHITECTURE),Architecture=$(ARCHITECTURE))
SAM_OPTIONS = $(if $(strip $(SAM_PARAMETERS)),--parameter-overrides $(strip $(SAM_PARAMETERS)))

.PHONY: help run local stack stack-down test check policy e2e test-weights accuracy train-demo bulk-soak fuzz soak bench bench-quick docs lock format clean
.PHONY: build pin-base sbom scan deploy smoke-test dashboard

help: ## list the tasks
	@sed -nE 's/^([a-z0-9-]+):[^#]*## (.*)/  make \1\t\2/p' Makefile | expand -t 22

run: .venv/.ready ## serve on http://localhost:7860 without Docker (PORT=, MODEL_ID=)
	@scripts/run.sh

local: ## serve on http://localhost:7860 as Lambda does, with SAM and Docker (PORT=, MODEL_ID=)
	scripts/sam.sh build $(SAM_OPTIONS)
	scripts/sam.sh local start-api $(if $(PORT),--port $(PORT)) $(SAM_OPTIONS)

stack: .venv/.ready ## run the whole stack with an emulated AWS, to try API keys, buckets and backfills; needs Docker (PORT=, MODEL_ID=)
	@.venv/bin/python -m tools.stack up $(if $(PORT),--port $(PORT))

stack-down: .venv/.ready ## remove the stack of `make stack`: processes, containers and files
	@.venv/bin/python -m tools.stack down

test: .venv/.ready ## run all tests except e2e; the container tests need Docker (ARGS= is passed to pytest)
	.venv/bin/python -m pytest -m "not e2e" --numprocesses auto --dist loadfile $(ARGS)

e2e: .venv/.ready ## test the image as Lambda runs it, `sam local`, and the stack on an emulated AWS; needs Docker
	scripts/sam.sh --version
	REQUIRE_ENGINE=1 .venv/bin/python -m pytest -m "container or e2e" $(ARGS)

test-weights: .venv/.ready ## bake the real checkpoint from the hub and check its published logits
	TEST_WEIGHTS=1 .venv/bin/python -m pytest -m weights $(ARGS)

accuracy: .venv/.ready ## measure accuracy on photos, write docs/accuracy.md; downloads 1.2 GB once (MODEL_ID=, ARGS=)
	.venv/bin/python -m tools.accuracy $(if $(MODEL_ID),--model $(MODEL_ID)) $(ARGS)

train-demo: .venv/.ready ## draw, train and write models/demo; needs Debian and npm
	.venv/bin/python -m models.demo.recipe.train $(ARGS)

bulk-soak: .venv/.ready ## send 1,000 pictures through the queue's function, with faults, a crash and duplicates; prints counts
	BULK_PICTURES=1000 .venv/bin/python -m pytest tests/bulk/test_poller.py -q -s $(ARGS)

bench: .venv/.bench-ready ## compare speed, memory, cold start and size with other services: build/bench.json, docs/benchmarks.md (half an hour)
	.venv/bin/python -m benchmarks $(ARGS)

bench-quick: .venv/.ready ## check the ratios that a code change can worsen against their limits (two minutes)
	.venv/bin/python -m benchmarks --quick $(ARGS)

fuzz: .venv/.ready ## fuzz with damaged pictures, events and forms, decompression bombs, and schemathesis (ARGS= is passed to the fuzzer)
	.venv/bin/python -m tools.fuzz $(ARGS)
	FUZZ=1 .venv/bin/python -m pytest tests/hostile

soak: .venv/.ready ## send 20,000 requests to the image with Lambda's memory limit (IMAGE=, ARGS=); needs Docker
	.venv/bin/python -m tools.soak --image $(IMAGE) $(ARGS)

check: .venv/.ready ## check lint, types, layers, policy, and that generated files are up to date (OpenAPI, events, lock files)
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/python -m tools.openapi --check
	.venv/bin/python -m tools.make_events --check
	.venv/bin/shellcheck scripts/*.sh scripts/backfill .ci/run
	scripts/lock.sh --check
	@$(MAKE) --no-print-directory policy

policy: .venv/.ready ## check the template, the Dockerfile, the workflows and the locked packages
	scripts/sam.sh validate --lint
	scripts/tool.sh policy cfn-lint template.yaml $(filter-out %.asl.yaml,$(wildcard infra/*.yaml))
	scripts/tool.sh policy checkov
	scripts/tool.sh policy hadolint Dockerfile
	scripts/tool.sh policy zizmor --offline --quiet --strict-collection .github
	scripts/audit.sh

# --- deployment; docs/operations.md describes it step by step

build: ## build the image with the model (MODEL_ID=; ENV=prod uses the pinned base image)
	scripts/sam.sh build $(SAM_OPTIONS)

pin-base: ## pin the base image for production by its digest: base-image.txt
	scripts/pin-base.sh

sbom: .venv/.ready ## write the software bill of materials of the image to build/sbom.cdx.json (CycloneDX)
	@mkdir -p build
	SYFT_CHECK_FOR_APP_UPDATE=false scripts/tool.sh policy syft scan docker:$(IMAGE) --output cyclonedx-json=build/sbom.cdx.json

scan: sbom ## scan the image for known vulnerabilities with grype (github.com/anchore/grype)
	grype sbom:build/sbom.cdx.json --fail-on high --only-fixed

deploy: ## deploy the built image (ENV=dev or prod)
	scripts/deploy.sh $(or $(ENV),$(error which ENV, dev or prod?)) $(if $(ARCHITECTURE),Architecture=$(ARCHITECTURE))

smoke-test: ## tag a picture with the deployed service (ENV=dev or prod)
	scripts/smoke-test.sh pet-tagger-$(or $(ENV),$(error which ENV, dev or prod?))

dashboard: ## create the CloudWatch dashboard of the deployed service (ENV=dev or prod)
	scripts/dashboard.sh pet-tagger-$(or $(ENV),$(error which ENV, dev or prod?))

# --- maintenance

format: .venv/.ready ## format the code and apply the linter's automatic fixes
	.venv/bin/ruff check --fix-only --exit-zero
	.venv/bin/ruff format

docs: .venv/.ready ## run every command of the docs, update its output, and take screenshots of the page
	.venv/bin/python -m tools.docs
	.venv/bin/python -m tools.screenshots

lock: .venv/.ready ## update the lock files after a change of pyproject.toml
	scripts/lock.sh

clean: ## remove generated files: environments, builds, caches
	rm -rf .venv .venv-* .aws-sam build .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.bench-ready: .venv/.ready requirements/bench.lock
	.venv/bin/python -m pip install --quiet --no-deps --require-hashes --requirement requirements/bench.lock
	@touch $@

# Rebuilt when one of the requirements files changes.
.venv/.ready: requirements/torch.txt requirements/dev.lock
	@scripts/setup.sh
	@touch $@
