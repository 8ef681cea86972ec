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
AGENT       := $(BUILD)/otelcol-sealgate-agent
EDGE        := $(BUILD)/otelcol-sealgate-edge
SEALCTL     := $(BUILD)/sealctl
VERSION     := $(shell sed -n 's/^ *version: *//p' builder-config.yaml)
TOOLS       := $(BUILD)/tools
ROOTS       := $(BUILD)/image/ca-certificates.crt
FILTERS     := $(patsubst wasmfilters/shipped/%/main.go,wasmfilters/builtin/modules/%.wasm.gz,$(wildcard wasmfilters/shipped/*/main.go))
MODULES     := . internal/tools packaging/roots processor/resourcedetection test/bench test/deploy test/events
SAY         := @printf '== %s\n'

# Products and tests are built alike, so that they share Go's build cache.
export CGO_ENABLED := 0
export GOWORK      := off
export GOFLAGS     += -trimpath -buildvcs=false

# What the binaries are made of, apart from Go's own dependencies.
SOURCES := $(shell find admission converter divide eventdigest exporter extension distributions internal labels processor provider receiver seal segmentlog severity -name '*.go' -not -name '*_test.go' -o -name 'config.yaml' -path 'distributions/*' -o -path 'distributions/overlays/*.yaml')
SOURCES += $(shell find wasmhost wasmfilters/builtin -name '*.go' -not -name '*_test.go')
SEALCTL_SOURCES := $(SOURCES) $(shell find cmd wasmfilters -name '*.go' -not -name '*_test.go') $(wildcard cmd/sealctl/skeleton/*/* wasmfilters/quiet/*/*)

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
build: $(GATEWAY) $(SEALCTL) $(ROOTS) ## Build the gateway and its tool: build/otelcol-sealgate, build/sealctl

# Generated sources of the distribution. OCB resolves the modules once; a change
# of our own code only links anew.
$(BUILD)/otelcol/.stamp: builder-config.yaml go.mod go.sum processor/resourcedetection/go.mod $(TOOLS)/builder
	$(SAY) 'generating the distribution (downloads its modules the first time)'
	@mkdir -p $(BUILD)
	@$(TOOLS)/builder --config builder-config.yaml --skip-compilation > $(BUILD)/builder.log 2>&1 || { cat $(BUILD)/builder.log; exit 1; }
	@touch $@

$(GATEWAY): $(BUILD)/otelcol/.stamp $(SOURCES) $(FILTERS)
	$(SAY) 'compiling the gateway (about 8 minutes the first time on two cores, then seconds)'
	@scripts/heartbeat 'compiling the gateway' $(GO) build -C $(BUILD)/otelcol -ldflags '-s -w' -o ../otelcol-sealgate .
	$(SAY) 'built $@'

.PHONY: build-all
build-all: $(GATEWAY) $(AGENT) $(EDGE) $(SEALCTL) $(ROOTS) ## Build the agent and the edge collector too: build/otelcol-sealgate-agent, -edge

# Sources of another distribution, $(1), of the manifest $<. It is of the gateway's
# modules, so that a component is of one version in all and most of it is compiled once.
define generate
	@$(TOOLS)/builder --config $< --skip-compilation --skip-get-modules > $(BUILD)/builder-$(1).log 2>&1 || { cat $(BUILD)/builder-$(1).log; exit 1; }
	@sed 's,build/otelcol$$,build/$(1),' $(BUILD)/otelcol/go.mod > $(@D)/go.mod && cp $(BUILD)/otelcol/go.sum $(@D)/
	@touch $@
endef

$(BUILD)/%/.stamp: distributions/%/builder-config.yaml $(BUILD)/otelcol/.stamp
	$(call generate,$*)

$(BUILD)/otelcol-sealgate-%: $(BUILD)/%/.stamp $(SOURCES) $(FILTERS)
	$(SAY) 'compiling the $* distribution'
	@scripts/heartbeat 'compiling the $* distribution' $(GO) build -C $(BUILD)/$* -ldflags '-s -w' -o ../$(@F) .
	$(SAY) 'built $@'

.PRECIOUS: $(BUILD)/%/.stamp

# What an image has besides its program: certificates, and a folder for its data.
$(ROOTS): packaging/roots/main.go packaging/roots/go.sum
	@mkdir -p $(@D)/data
	@$(GO) run -C packaging/roots . > $@

# The collectors for the other architecture: build/linux_arm64/otelcol-sealgate, say.
# The other one of the two.
CROSS_ARCH := $(if $(filter arm64,$(shell $(GO) env GOARCH)),amd64,arm64)
$(BUILD)/linux_$(CROSS_ARCH)/otelcol-sealgate: $(BUILD)/otelcol/.stamp $(SOURCES) $(FILTERS)
	$(call cross,otelcol)
$(BUILD)/linux_$(CROSS_ARCH)/otelcol-sealgate-%: $(BUILD)/%/.stamp $(SOURCES) $(FILTERS)
	$(call cross,$*)

define cross
	$(SAY) 'compiling $@ (about 8 minutes the first time)'
	@mkdir -p $(@D)
	@GOOS=linux GOARCH=$(CROSS_ARCH) scripts/heartbeat 'compiling $@' $(GO) build -C $(BUILD)/$(1) -ldflags '-s -w' -o ../linux_$(CROSS_ARCH)/$(@F) .
endef

CROSS := $(addprefix $(BUILD)/linux_$(CROSS_ARCH)/,otelcol-sealgate otelcol-sealgate-agent otelcol-sealgate-edge)

# The edge collector for ARM of 32 bits, where filters run in an interpreter.
EDGE_ARMV7 := $(BUILD)/linux_armv7/otelcol-sealgate-edge
$(EDGE_ARMV7): $(BUILD)/edge/.stamp $(SOURCES) $(FILTERS)
	$(SAY) 'compiling $@'
	@mkdir -p $(@D)
	@GOOS=linux GOARCH=arm GOARM=7 scripts/heartbeat 'compiling $@' $(GO) build -C $(BUILD)/edge -ldflags '-s -w' -o ../linux_armv7/$(@F) .

$(BUILD)/linux_$(CROSS_ARCH)/sealctl: go.mod go.sum $(SEALCTL_SOURCES) $(FILTERS)
	$(SAY) 'building $@'
	@GOOS=linux GOARCH=$(CROSS_ARCH) $(GO) build -ldflags '-s -w -X main.version=$(VERSION)' -o $@ ./cmd/sealctl

.PHONY: build-cross
build-cross: $(CROSS) $(BUILD)/linux_$(CROSS_ARCH)/sealctl $(EDGE_ARMV7) ## Build all for the other of amd64 and arm64, and the edge collector for arm/v7

.PHONY: filters
filters: $(FILTERS) ## Build the shipped filters, WebAssembly

.PHONY: filters-all
filters-all: filters ## Build the example filter in other languages too, if their toolchains are there
	@scripts/filters-all

# The gateway has them compiled in: they are built where they are embedded from.
wasmfilters/builtin/modules/%.wasm.gz: go.mod wasmfilters/builtin/module.go $(shell find wasmfilters -name '*.go' -not -name '*_test.go' -not -path '*/builtin/*')
	$(SAY) 'building $@'
	@mkdir -p $(BUILD)
	@GOOS=wasip1 GOARCH=wasm $(GO) build -buildmode=c-shared -ldflags '-s -w' -o $(BUILD)/$*.wasm ./wasmfilters/shipped/$*
	@$(GO) run ./wasmfilters/builtin/pack <$(BUILD)/$*.wasm >$(BUILD)/$*.wasm.gz && mv $(BUILD)/$*.wasm.gz $@

$(SEALCTL): go.mod go.sum $(SEALCTL_SOURCES) $(FILTERS)
	$(SAY) 'building $@'
	@$(GO) build -ldflags '-s -w -X main.version=$(VERSION)' -o $@ ./cmd/sealctl

$(TOOLS)/%: internal/tools/go.mod internal/tools/go.sum
	$(SAY) 'building $@'
	@$(GO) build -C internal/tools -o ../../$(TOOLS)/ tool
	@touch $(TOOLS)/*

# Of the module of the chart's test: both are of one version of Kubernetes.
$(TOOLS)/helm: test/deploy/go.mod test/deploy/go.sum
	$(SAY) 'building $@ (about 5 minutes the first time)'
	@scripts/heartbeat 'building $@' $(GO) build -C test/deploy -ldflags '-s -w' -o ../../$(TOOLS)/ tool
	@touch $@

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
packages: build-all $(TOOLS)/nfpm $(TOOLS)/helm ## Pack gateway and edge: deb, rpm, chart, bills of materials, checksums; build/packages
	@rm -rf $(PACKAGES) && mkdir -p $(PACKAGES)
	@for distribution in gateway edge; do \
		rendered=$(BUILD)/packaging/$$distribution && packaging/render $$distribution $(BUILD) $$rendered || exit 1; \
		for kind in deb rpm; do \
			SEALGATE_VERSION=$(VERSION) SEALGATE_ARCH=$$($(GO) env GOARCH) \
				$(TOOLS)/nfpm package --config $$rendered/nfpm.yaml --packager $$kind --target $(PACKAGES) || exit 1; \
		done; \
	done
	@for binary in $(GATEWAY) $(AGENT) $(EDGE) $(SEALCTL); do \
		$(GO) run ./packaging/sbom -version $(VERSION) $$binary > $(PACKAGES)/$${binary##*/}.cdx.json || exit 1; \
	done
	@$(TOOLS)/helm package deploy/helm/sealgate --version $(VERSION) --app-version $(VERSION) --destination $(PACKAGES) > $(BUILD)/helm.log 2>&1 || { cat $(BUILD)/helm.log; exit 1; }
	@cd $(PACKAGES) && sha256sum * > ../SHA256SUMS && mv ../SHA256SUMS .
	$(SAY) 'packed into $(PACKAGES)'

.PHONY: images
images: build-all $(CROSS) ## Build the images for amd64 and arm64 with buildah: OCI layouts, bills of materials, digests; build/images
	@packaging/images $(BUILD)/images $(VERSION) amd64 arm64
	$(SAY) 'built $(BUILD)/images'

.PHONY: test-images
test-images: images ## Run every image with runc; those of the other architecture need qemu-user-static
	@SEALGATE_IMAGES=$(CURDIR)/$(BUILD)/images $(GO) test -v -count 1 ./packaging -run TestImages

# Go's architecture of a program as nfpm calls it: arm7 is armhf of Debian and armv7hl of rpm.
pack_cross = packaging/render $(1) $(BUILD)/linux_$(2) $(BUILD)/packaging/$(1)-$(2) && for kind in deb rpm; do \
	SEALGATE_VERSION=$(VERSION) SEALGATE_ARCH=$(3) $(TOOLS)/nfpm package --config $(BUILD)/packaging/$(1)-$(2)/nfpm.yaml --packager $$kind --target $(PACKAGES)-cross || exit 1; done

.PHONY: packages-cross
packages-cross: build-cross $(TOOLS)/nfpm ## Pack deb and rpm for the other of amd64 and arm64, of the edge for arm/v7 too; build/packages-cross
	@rm -rf $(PACKAGES)-cross && mkdir -p $(PACKAGES)-cross
	@$(call pack_cross,gateway,$(CROSS_ARCH),$(CROSS_ARCH))
	@$(call pack_cross,edge,$(CROSS_ARCH),$(CROSS_ARCH))
	@$(call pack_cross,edge,armv7,arm7)
	@cd $(PACKAGES)-cross && sha256sum * > ../SHA256SUMS && mv ../SHA256SUMS .

##@ Check it

# Where tests find what was built.
BINARIES = SEALGATE_BIN=$(CURDIR)/$(GATEWAY) SEALGATE_AGENT_BIN=$(CURDIR)/$(AGENT) SEALGATE_EDGE_BIN=$(CURDIR)/$(EDGE) SEALGATE_CTL=$(CURDIR)/$(SEALCTL) SEALGATE_NFPM=$(CURDIR)/$(TOOLS)/nfpm SEALGATE_HELM=$(CURDIR)/$(TOOLS)/helm

.PHONY: test
test: build-all $(TOOLS)/nfpm $(TOOLS)/helm backends ## Run every test, the end-to-end tests included
	$(SAY) 'running every test'
	@$(BINARIES) $(GO) test -timeout 30m ./...
	@$(GO) test -tags sealgate_bench ./seal/archive ./internal/guard
	@$(GO) test -C processor/resourcedetection ./... && $(GO) test -C packaging/roots ./...
	@$(BINARIES) $(GO) test -C test/deploy ./...

CLUSTERS ?= 1.26 1.37
.PHONY: test-cluster
test-cluster: build-all $(TOOLS)/helm ## Run images and chart on a real Kubernetes of each of CLUSTERS (1.26 1.37); needs root, says what else
	@packaging/images $(BUILD)/images-here $(VERSION) $$($(GO) env GOARCH)
	@$(BINARIES) SEALGATE_IMAGES=$(CURDIR)/$(BUILD)/images-here SEALGATE_CLUSTERS='$(CLUSTERS)' $(GO) test -v -count 1 -timeout 90m ./test/cluster

.PHONY: unit
unit: ## Run the tests that need no built server
	@$(GO) test ./...

# What has arithmetic, formats or unsafe code of its own.
ARM_PACKAGES := ./admission ./divide ./labels/... ./seal/... ./segmentlog ./severity/... ./wasmhost/... ./internal/sealpdata ./processor/admissionprocessor ./receiver/fluentforwardreceiver
.PHONY: test-arm
test-arm: $(GATEWAY) $(BUILD)/linux_arm64/otelcol-sealgate-edge $(EDGE_ARMV7) ## Run engine tests and the edge collector for arm64 and arm/v7 under qemu-user-static (about 20 minutes)
	@scripts/test-arm $(BUILD) $(ARM_PACKAGES)

.PHONY: e2e
e2e: build-all backends ## Run the end-to-end tests alone
	@$(BINARIES) $(GO) test -v -count 1 -timeout 30m ./test/e2e/...

.PHONY: test-events
test-events: $(GATEWAY) backends ## Run the tests of Kubernetes events against a real API server (once 17 minutes to build it) and etcd
	@$(GO) run ./test/backends/build kubernetes-1.37
	@$(BINARIES) SEALGATE_KUBERNETES="$$($(GO) run ./test/backends/build kubernetes-1.37 | awk 'END { print $$3 }')" \
		$(GO) test -C test/events -v -count 1 -timeout 30m ./...

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
	@$(GO) run -C test/bench -tags sealgate_bench . -json ../../$(BUILD)/bench.json

.PHONY: size
size: build-all build-cross ## Print size, start and idle memory of each distribution, and sizes for other architectures; fails where an edge exceeds its limits
	@$(GO) run ./test/size $(EDGE) $(AGENT) $(GATEWAY) $(EDGE_ARMV7) $(CROSS)

.PHONY: bench-redundancy
bench-redundancy: $(FILTERS) ## Replay CORPUS=dir, files of the form of LogHub, through the filter redundancy
	@$(GO) run ./test/redundancy "$(CORPUS)"

# A Collector of upstream components alone, to be measured beside ours.
UPSTREAM := $(BUILD)/otelcol-upstream
$(BUILD)/upstream/.stamp: test/load/upstream.yaml $(BUILD)/otelcol/.stamp
	$(call generate,upstream)

$(UPSTREAM): $(BUILD)/upstream/.stamp
	$(SAY) 'compiling the upstream Collector'
	@scripts/heartbeat 'compiling the upstream Collector' $(GO) build -C $(BUILD)/upstream -ldflags '-s -w' -o ../$(@F) .

.PHONY: load
load: $(GATEWAY) $(SEALCTL) $(UPSTREAM) ## Measure the gateway beside an upstream Collector under load; LOAD_FLAGS=-h lists options
	@$(GO) run ./test/load/run -gateway $(GATEWAY) -upstream $(UPSTREAM) -sealctl $(SEALCTL) -json $(BUILD)/load.json $(LOAD_FLAGS)

SOAK ?= 10m
.PHONY: soak
soak: $(GATEWAY) $(SEALCTL) ## Run the gateway at half its highest rate for SOAK (10m); its memory must stay flat
	@$(GO) run ./test/load/run -gateway $(GATEWAY) -sealctl $(SEALCTL) -soak $(SOAK) $(LOAD_FLAGS)

.PHONY: check
check: $(TOOLS)/mdatagen ## Format, vet, and generated files up to date
	$(SAY) 'format'
	@bad=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$bad" ] || { echo "not formatted; run gofmt -w on:"; echo "$$bad"; exit 1; }
	$(SAY) 'vet'
	@$(GO) vet -C test/bench -tags sealgate_bench ./... && for m in $(filter-out internal/tools,$(MODULES)); do $(GO) vet -C $$m ./... || exit 1; done
	$(SAY) 'generated files and go.mod'
	@for m in $(MODULES); do $(GO) mod tidy -C $$m -diff || { echo "run go mod tidy in $$m"; exit 1; }; done
	@$(GO) generate ./...
	@changed=$$(git status --porcelain -- '*generated_*' '*documentation.md' 'deploy/dashboards/*.json'); [ -z "$$changed" ] || { echo 'generated files are not current; run make generate and commit:'; echo "$$changed"; exit 1; }

VULNDB ?= https://vuln.go.dev
.PHONY: vulncheck
vulncheck: build-all $(TOOLS)/govulncheck ## Look for known vulnerabilities in what was built; asks VULNDB (vuln.go.dev)
	@scripts/vulncheck $(TOOLS)/govulncheck $(VULNDB) $(GATEWAY) $(AGENT) $(EDGE) $(SEALCTL)

# Not in internal/tools: it is asked for seldom, and what it needs is its own.
$(TOOLS)/govulncheck:
	@GOBIN=$(CURDIR)/$(TOOLS) $(GO) install golang.org/x/vuln/cmd/govulncheck@v1.9.0

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
