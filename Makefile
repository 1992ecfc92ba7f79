# Every task of this project. Go, git and make are enough for most targets; a target's text names what else it uses.
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
# The race detector also checks unsafe pointers. SQLite, which is C translated to Go, consists of them and
# would spend a third of its time on these checks.
UNCHECKED := -gcflags=modernc.org/...=-d=checkptr=0
# Tests wait as much as they compute and end soon: run more of them at a time than there are processors,
# and collect garbage less often.
BUSY := GOGC=400 go test -p $(shell echo $$(( 2 * $$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN) )))

.PHONY: help
help: ## List the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | awk -F '\t' '{printf "  make %-13s %s\n", $$1, $$2}'

.PHONY: run
run: bin/sandbox ## Build the sandbox and serve it on this machine (ARGS="--addr 127.0.0.1:9000" for another port)
	@exec bin/sandbox serve $(ARGS)

.PHONY: test
test: browser postgres ## Run all tests, with the race detector if a C compiler is installed
	@test -n "$(RACE)" || echo "No C compiler found: the tests run without the race detector."
	$(BUSY) $(RACE) $(if $(RACE),$(UNCHECKED)) ./...
	@# The race detector adds allocations, so the tests that count them run again without it.
	@test -z "$(RACE)" || go test -run '^TestAllocations$$' ./client
	cd server/benchmarks && go test ./...

.PHONY: browser
browser: ## Install Chromium and axe-core for the browser tests
	@.ci/browser $(AXE_CORE)

.PHONY: postgres
postgres: ## Install PostgreSQL for the tests that need it
	@.ci/postgres

.PHONY: soak
soak: postgres ## Inject server and database faults into a sandbox under load, each for SOAK=10m
	SOAK=$(SOAK) go test $(RACE) -count=1 -timeout=24h -v -run 'Killed|FullDisk|LockedFile|PostgreSQL|SlowDatabase|RollingRestart' ./server/cmd/sandbox

.PHONY: cover
cover: ## List the hand-written functions that the tests do not cover fully
	@mkdir -p .cache
	go test -coverpkg=./api,./client/...,./server/... -coverprofile=.cache/cover.all ./... >/dev/null
	@grep -v -e '\.gen\.go:' -e '/storetest/' .cache/cover.all > .cache/cover.out
	@go tool cover -func=.cache/cover.out | awk '{print $$NF "\t" $$1 " " $$2}' | grep -v '^100.0%' | sort -n

.PHONY: lines
lines: ## Count the hand-written lines of Go by folder
	@git ls-files '*.go' ':!*.gen.go' ':!server/benchmarks' | xargs awk ' \
		FNR == 1 { folder = FILENAME; if (!sub("/[^/]*$$", "", folder)) folder = "."; \
			test = FILENAME ~ /_test\.go$$/ || folder ~ /(storetest|postgrestest)$$/; folders[folder] } \
		{ count[folder, test]++; total[test]++ } \
		END { row = "%7s %7s  %s\n"; printf row, "code", "tests", "folder"; \
			for (f in folders) printf row, count[f, 0] + 0, count[f, 1] + 0, f | "sort -k 3"; \
			close("sort -k 3"); printf row, total[0], total[1], "total" }'

.PHONY: generate
generate: ## Generate the code in gen/ and client/ from the documents in api/
	go generate ./...

.PHONY: check
check: drift vet lint lint-api tidy ## Run every check that is not a test: drift, vet, lint, lint-api, tidy

.PHONY: drift
drift: ## Check that the generated code matches the documents
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
lint-api: ## Lint the documents with Redocly and Spectral; needs npx
	@if command -v npx >/dev/null 2>&1; then \
		export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true npm_config_ignore_scripts=true npm_config_update_notifier=false && \
		npx --yes $(REDOCLY) lint --extends=recommended --max-problems=1000 api/*.yaml && \
		npx --yes $(SPECTRAL) lint --ruleset .spectral.yaml --fail-severity=hint api/*.yaml; \
	elif [ -n "$$CI" ]; then echo "npx not found"; exit 1; \
	else echo "npx not found: skipping the lint of the documents."; fi

.PHONY: tidy
tidy: ## Check that go.mod and go.sum are tidy
	go mod tidy -diff
	cd server/benchmarks && go mod tidy -diff

.PHONY: fuzz
fuzz: ## Fuzz the body decoder and whole requests, FUZZTIME=10m each
	go test -run='^$$' -fuzz=FuzzDecode -fuzztime=$(FUZZTIME) ./server/contract
	go test -run='^$$' -fuzz=FuzzRequest -fuzztime=$(FUZZTIME) ./server/sandbox

.PHONY: bench
bench: ## Run the Go benchmarks of the stores and the sandbox
	go test -run='^$$' -bench=. -benchtime=$(BENCHTIME) -count=$(COUNT) -timeout=1h ./server/internal/store/... ./server/sandbox ./server/cmd/sandbox

.PHONY: bench-peers
bench-peers: bin/sandbox ## Compare with bare echo, ogen, echo-middleware and Prism; writes the table in server/benchmarks/README.md
	@mkdir -p .cache
	cd server/benchmarks && go generate ./... && go test ./... && CGO_ENABLED=0 go build -o ../../bin/peers ./cmd/peers && \
		../../bin/peers -rounds $(ROUNDS) -sandbox ../../bin/sandbox -prism $(PRISM) -out ../../.cache/peers.txt -readme README.md

.PHONY: bench-charts
bench-charts: bin/sandbox postgres ## Measure how cost grows; draws server/benchmarks/charts
	@mkdir -p .cache
	cd server/benchmarks && SANDBOX=../../bin/sandbox go test -run='^$$' -bench=. -benchtime=1x -timeout=1h . > ../../.cache/charts.txt
	STORED="0 1000 100000 1000000 10000000" go test -run='^$$' -bench='Growth/n=/of=next' -timeout=1h ./server/internal/store/sqlite ./server/internal/store/postgres >> .cache/charts.txt
	cd server/benchmarks && go run ./cmd/charts ../../.cache/charts.txt charts

.PHONY: picture
picture: bin/sandbox ## Take the README's picture; needs Chromium and curl
	@.ci/picture

# Without cgo the program loads no C library and starts a tenth faster.
.PHONY: bin/sandbox
bin/sandbox:
	@test -x bin/sandbox || echo "Building the sandbox. The first build takes a minute or two."
	@CGO_ENABLED=0 go build -o bin/sandbox ./server/cmd/sandbox
