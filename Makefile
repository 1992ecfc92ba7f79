# All that is done with this project. Only Go, git and make are needed; what else is used is said below.
.DEFAULT_GOAL := help
SHELL := /bin/sh

GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
REDOCLY       := @redocly/cli@2.77.0
SPECTRAL      := @stoplight/spectral-cli@6.16.3
AXE_CORE      := 4.14.1
PRISM         := 5.16.0

FUZZTIME ?= 10m
SOAK ?= 10m
BENCHTIME ?= 1s
COUNT ?= 3
ROUNDS ?= 10
# The race detector needs a C compiler.
RACE := $(shell command -v "$$(go env CC)" >/dev/null 2>&1 && echo -race)
# It brings checks of unsafe pointers along. SQLite, which is C translated to Go, does little else than use
# them, and would spend a third of its time on the checks.
UNCHECKED := -gcflags=modernc.org/...=-d=checkptr=0
# Tests wait about as much as they reckon, and live briefly: more programs run at a time than there are
# processors, and leave more garbage lying.
BUSY := GOGC=400 go test -p $(shell echo $$(( 2 * $$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN) )))

.PHONY: help
help: ## Say what can be made
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | awk -F '\t' '{printf "  make %-13s %s\n", $$1, $$2}'

.PHONY: run
run: bin/sandbox ## Build the sandbox and serve it on this machine (ARGS="--addr 127.0.0.1:9000" for another port)
	@exec bin/sandbox serve $(ARGS)

.PHONY: test
test: browser postgres ## Run all tests, with the race detector where there is a C compiler for it
	@test -n "$(RACE)" || echo "There is no C compiler: the tests run without the race detector."
	$(BUSY) $(RACE) $(if $(RACE),$(UNCHECKED)) ./...
	@test -z "$(RACE)" || go test -run '^TestAllocations$$' ./client # which the race detector would count wrong
	cd server/benchmarks && go test ./...

.PHONY: browser
browser: ## Install what the tests in a browser need, where it can be: Chromium and axe-core
	@.ci/browser $(AXE_CORE)

.PHONY: postgres
postgres: ## Install what the tests with PostgreSQL need, where it can be: its programs
	@.ci/postgres

.PHONY: soak
soak: postgres ## Do to a sandbox under load what happens to servers, again and again: each fault for SOAK=10m
	SOAK=$(SOAK) go test $(RACE) -count=1 -timeout=24h -v -run 'Killed|FullDisk|LockedFile|PostgreSQL|SlowDatabase|RollingRestart' ./server/cmd/sandbox

.PHONY: cover
cover: ## Say how much of the hand-written code the tests run
	@mkdir -p .cache
	go test -coverpkg=./api,./client/...,./server/... -coverprofile=.cache/cover.all ./... >/dev/null
	@grep -v -e '\.gen\.go:' -e '/storetest/' .cache/cover.all > .cache/cover.out
	@go tool cover -func=.cache/cover.out | awk '{print $$NF "\t" $$1 " " $$2}' | grep -v '^100.0%' | sort -n

.PHONY: generate
generate: ## Make the code in gen/ anew from the documents in api/
	go generate ./...

.PHONY: check
check: drift vet lint lint-api tidy ## Check everything that is no test: drift, vet, lint, the document, tidy

.PHONY: drift
drift: ## Check that gen/ is what the documents make
	go test -count=1 -run TestGeneratedIsCurrent ./gen

.PHONY: vet
vet: ## Run go vet
	go vet ./...
	cd server/benchmarks && go vet ./...

.PHONY: lint
lint: ## Run the Go linters of .golangci.yml
	go run $(GOLANGCI_LINT) run --allow-parallel-runners ./...
	cd server/benchmarks && go run $(GOLANGCI_LINT) run --allow-parallel-runners ./...

.PHONY: lint-api
lint-api: ## Lint the documents with Redocly and Spectral, where npx is at hand
	@if command -v npx >/dev/null 2>&1; then \
		export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true npm_config_ignore_scripts=true npm_config_update_notifier=false && \
		npx --yes $(REDOCLY) lint --extends=recommended --max-problems=1000 api/*.yaml && \
		npx --yes $(SPECTRAL) lint --ruleset .spectral.yaml --fail-severity=hint api/*.yaml; \
	elif [ -n "$$CI" ]; then echo "npx is missing"; exit 1; \
	else echo "npx is missing: the documents are not linted."; fi

.PHONY: tidy
tidy: ## Check that go.mod and go.sum are tidy
	go mod tidy -diff
	cd server/benchmarks && go mod tidy -diff

.PHONY: fuzz
fuzz: ## Fuzz the body decoder and whole requests, FUZZTIME=10m each
	go test -run='^$$' -fuzz=FuzzDecode -fuzztime=$(FUZZTIME) ./server/contract
	go test -run='^$$' -fuzz=FuzzRequest -fuzztime=$(FUZZTIME) ./server/sandbox

.PHONY: bench
bench: ## Time the store, purchases one by one and together, and purchases among bad neighbours
	go test -run='^$$' -bench=. -benchtime=$(BENCHTIME) -count=$(COUNT) -timeout=1h ./server/internal/store/... ./server/sandbox ./server/cmd/sandbox

.PHONY: bench-peers
bench-peers: bin/sandbox ## Time purchases beside bare echo, ogen, echo-middleware and Prism, and write the README's table
	@mkdir -p .cache
	cd server/benchmarks && go generate ./... && go test ./... && CGO_ENABLED=0 go build -o ../../bin/peers ./cmd/peers && \
		../../bin/peers -rounds $(ROUNDS) -sandbox ../../bin/sandbox -prism $(PRISM) -out ../../.cache/peers.txt -readme ../../README.md

.PHONY: bench-charts
bench-charts: bin/sandbox postgres ## Measure how cost grows, and draw the README's charts
	@mkdir -p .cache
	cd server/benchmarks && SANDBOX=../../bin/sandbox go test -run='^$$' -bench=. -benchtime=1x -timeout=1h . > ../../.cache/charts.txt
	STORED="0 1000 100000 1000000 10000000" go test -run='^$$' -bench='Growth/n=/of=next' -timeout=1h ./server/internal/store/sqlite ./server/internal/store/postgres >> .cache/charts.txt
	cd server/benchmarks && go run ./cmd/charts ../../.cache/charts.txt charts

# Without cgo nothing of C is loaded at its start, which so is a tenth faster.
.PHONY: bin/sandbox
bin/sandbox:
	@test -x bin/sandbox || echo "Building the sandbox. The first time takes a minute or two."
	@CGO_ENABLED=0 go build -o bin/sandbox ./server/cmd/sandbox
