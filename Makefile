# Copyright The Sealgate Authors
# SPDX-License-Identifier: Apache-2.0
#
# `make help` lists what there is. Everything that is built goes to build/,
# which git ignores, but for the test backends: those are kept in a cache
# outside the repository (see test/backends), since they take minutes to build.

SHELL := /bin/sh
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

GO          ?= go
BUILD       := build
GATEWAY     := $(BUILD)/otelcol-sealgate
SEALCTL     := $(BUILD)/sealctl
VERSION     := $(shell sed -n 's/^ *version: *//p' builder-config.yaml)
TOOLS       := $(BUILD)/tools
FILTERS     := wasmfilters/builtin/modules/shipped.wasm
MODULES     := . internal/tools test/bench
SAY         := @printf '== %s\n'

# Products and tests are built alike, so that they share Go's build cache.
export CGO_ENABLED := 0
export GOWORK      := off
export GOFLAGS     += -trimpath -buildvcs=false

# What the binaries are made of, apart from Go's own dependencies.
SOURCES := $(shell find labels seal internal processor exporter extension distributions -name '*.go' -not -name '*_test.go' -o -name 'config.yaml' -path 'distributions/*')
SOURCES += $(shell find wasmhost wasmfilters/builtin -name '*.go' -not -name '*_test.go')
SEALCTL_SOURCES := $(SOURCES) $(shell find cmd wasmfilters -name '*.go' -not -name '*_test.go') $(wildcard cmd/sealctl/skeleton/*)

##@ Use it

.PHONY: run
run: $(GATEWAY) $(SEALCTL) ## Start the gateway with results on the local disk, traces sealed
	@./scripts/run $(GATEWAY) $(SEALCTL)

.PHONY: demo-load
demo-load: ## Send sample telemetry of three clouds to `make run`, and show what came out
	@$(GO) run ./test/demo load

.PHONY: demo
demo: $(GATEWAY) ## The gateway in front of a real Tempo, Loki and Prometheus, with queries
	@$(GO) run ./test/demo backends -gateway $(GATEWAY) $(DEMO_FLAGS)

##@ Build it

.PHONY: build
build: $(GATEWAY) $(SEALCTL) ## Build the gateway and its tool: build/otelcol-sealgate, build/sealctl

# Generated sources of the distribution. OCB resolves the modules once; a change
# of our own code only links anew.
$(BUILD)/otelcol/.stamp: builder-config.yaml go.mod go.sum $(TOOLS)/builder
	$(SAY) 'generating the distribution (downloads its modules the first time)'
	@mkdir -p $(BUILD)
	@$(TOOLS)/builder --config builder-config.yaml --skip-compilation > $(BUILD)/builder.log 2>&1 || { cat $(BUILD)/builder.log; exit 1; }
	@touch $@

$(GATEWAY): $(BUILD)/otelcol/.stamp $(SOURCES) $(FILTERS)
	$(SAY) 'compiling the gateway (about 8 minutes the first time on two cores, then seconds)'
	@scripts/heartbeat 'compiling the gateway' $(GO) build -C $(BUILD)/otelcol -ldflags '-s -w' -o ../otelcol-sealgate .
	$(SAY) 'built $@'

.PHONY: filters
filters: $(FILTERS) ## Build the shipped filters, WebAssembly

.PHONY: filters-all
filters-all: filters ## Build the example filter in other languages too, if their toolchains are there
	@scripts/filters-all

# The gateway has them compiled in: they are built where they are embedded from.
wasmfilters/builtin/modules/%.wasm: go.mod $(shell find wasmfilters -name '*.go' -not -name '*_test.go' -not -path '*/builtin/*')
	$(SAY) 'building $@'
	@GOOS=wasip1 GOARCH=wasm $(GO) build -buildmode=c-shared -ldflags '-s -w' -o $@ ./wasmfilters/$*

$(SEALCTL): go.mod go.sum $(SEALCTL_SOURCES) $(FILTERS)
	$(SAY) 'building $@'
	@$(GO) build -ldflags '-s -w -X main.version=$(VERSION)' -o $@ ./cmd/sealctl

$(TOOLS)/%: internal/tools/go.mod internal/tools/go.sum
	$(SAY) 'building $@'
	@$(GO) build -C internal/tools -o ../../$(TOOLS)/ tool
	@touch $(TOOLS)/*

.PHONY: backends
backends: ## Build the real Tempo, Loki and Prometheus that tests use (once, about 12 minutes)
	@$(GO) run ./test/backends/build

.PHONY: generate
generate: $(TOOLS)/mdatagen ## Bring generated files up to date
	@$(GO) generate ./...

.PHONY: clean
clean: ## Remove build/
	rm -rf $(BUILD)

##@ Package it

PACKAGES := $(BUILD)/packages

.PHONY: packages
packages: $(GATEWAY) $(SEALCTL) $(TOOLS)/nfpm ## Pack the gateway: deb, rpm, bills of materials, checksums; build/packages
	@rm -rf $(PACKAGES) && mkdir -p $(PACKAGES)
	@for kind in deb rpm; do \
		$(BINARIES) SEALGATE_VERSION=$(VERSION) SEALGATE_ARCH=$$($(GO) env GOARCH) \
			$(TOOLS)/nfpm package --config packaging/nfpm.yaml --packager $$kind --target $(PACKAGES) || exit 1; \
	done
	@for binary in $(GATEWAY) $(SEALCTL); do \
		$(GO) run ./packaging/sbom -version $(VERSION) $$binary > $(PACKAGES)/$${binary##*/}.cdx.json || exit 1; \
	done
	@cd $(PACKAGES) && sha256sum * > ../SHA256SUMS && mv ../SHA256SUMS .
	$(SAY) 'packed into $(PACKAGES)'

##@ Check it

# Where tests find what was built.
BINARIES = SEALGATE_BIN=$(CURDIR)/$(GATEWAY) SEALGATE_CTL=$(CURDIR)/$(SEALCTL) SEALGATE_NFPM=$(CURDIR)/$(TOOLS)/nfpm

.PHONY: test
test: $(GATEWAY) $(SEALCTL) $(TOOLS)/nfpm backends ## Run every test, the end-to-end tests included
	$(SAY) 'running every test'
	@$(BINARIES) $(GO) test -timeout 30m ./...

.PHONY: unit
unit: ## Run the tests that need no built server
	@$(GO) test ./...

.PHONY: e2e
e2e: $(GATEWAY) $(SEALCTL) backends ## Run the end-to-end tests alone
	@$(BINARIES) $(GO) test -v -count 1 -timeout 30m ./test/e2e/...

.PHONY: race
race: ## Run the tests under the race detector (needs a C compiler)
	@command -v $${CC:-gcc} >/dev/null || { echo 'make race: the race detector needs a C compiler; install gcc, or set CC'; exit 1; }
	@CGO_ENABLED=1 $(GO) test -race -timeout 30m $$($(GO) list ./... | grep -v /test/e2e)

FUZZTIME ?= 20s
.PHONY: fuzz
fuzz: ## Fuzz every fuzz target for FUZZTIME (20s)
	@scripts/fuzz $(FUZZTIME)

.PHONY: bench
bench: ## Measure against what others offer; writes build/bench.json
	@mkdir -p $(BUILD)
	@$(GO) run -C test/bench . -json ../../$(BUILD)/bench.json

.PHONY: bench-redundancy
bench-redundancy: $(FILTERS) ## Replay CORPUS=dir, files of the form of LogHub, through the filter redundancy
	@$(GO) run ./test/redundancy "$(CORPUS)"

.PHONY: check
check: $(TOOLS)/mdatagen ## Format, vet, and generated files up to date
	$(SAY) 'format'
	@bad=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$bad" ] || { echo "not formatted; run gofmt -w on:"; echo "$$bad"; exit 1; }
	$(SAY) 'vet'
	@$(GO) vet ./... && $(GO) vet -C test/bench ./...
	$(SAY) 'generated files and go.mod'
	@for m in $(MODULES); do $(GO) mod tidy -C $$m -diff || { echo "run go mod tidy in $$m"; exit 1; }; done
	@$(GO) generate ./...
	@changed=$$(git status --porcelain -- '*generated_*' '*documentation.md'); [ -z "$$changed" ] || { echo 'generated files are not current; run make generate and commit:'; echo "$$changed"; exit 1; }

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
