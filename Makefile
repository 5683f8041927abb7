# Every target needs only Go, unless its help says what else it needs.

GO     ?= go
SITES  ?= sites.json
ADDR   ?= 127.0.0.1:7676
SERVE  ?=
FUZZ   ?= 10s
SOAK   ?= 2m
TOOLS  := $(GO) tool -modfile=.ci/tools.mod

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1|\2/' | while IFS='|' read -r t d; do printf '  make %-15s %s\n' "$$t" "$$d"; done

.PHONY: go
go:
	@sh .ci/need-go '$(GO)'

# This runs the command itself, as "go run" reports Ctrl-C as an error: the
# server finishes its requests and ends with exit code 0, and make prints no
# error. make gets the signal too and ends with 130, which no recipe can change.
# For the exit code 0, run bin/clickedge serve directly, or send the signal to
# that process only.
.PHONY: run
run: build ## Serve the branded link domains of sites.json on ADDR, with stand-in ESPs
	@bin/clickedge serve --sites '$(SITES)' --module bin/main.wasm --addr '$(ADDR)' $(SERVE)

.PHONY: build
build: go ## Build bin/main.wasm, the module that Fastly runs, with sites.json inside
	@$(GO) build -o bin/clickedge ./deploy/cmd/clickedge
	@PATH="$$(dirname "$$(command -v '$(GO)')"):$$PATH" bin/clickedge build --sites '$(SITES)' -o bin/main.wasm

.PHONY: package
package: go ## Make pkg/clickedge.tar.gz, the package that the Fastly CLI and Terraform take
	$(GO) run ./deploy/cmd/clickedge build --sites $(SITES) -o pkg/clickedge.tar.gz

.PHONY: test
test: ## Run every test that needs no network and no second language
	$(GO) test -timeout 30m ./...

.PHONY: race
race: ## The same under the race detector (needs a C compiler)
	$(GO) test -race -timeout 60m ./...

.PHONY: lint
lint: ## The part of check that runs no test: format, both targets, vet, lint, tidiness, rooms
	sh .ci/lint

.PHONY: check
check: ## Test, then vet, lint, format, tidiness, both targets, and the Fastly CLI where npm can be reached
	sh .ci/check

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZ
	sh .ci/fuzz $(FUZZ)

.PHONY: bench
bench: ## Measure what a click costs, of clickedge and of other implementations (needs cargo for times; npm, nginx, Caddy and Viceroy for their rows)
	$(GO) -C bench run .

.PHONY: bench-servers
bench-servers: ## Compare clickedge server with nginx, Caddy and hosts of the module (rows of what is not installed are named as missing)
	$(GO) -C bench run . servers

.PHONY: bench-hosts
bench-hosts: ## Compare hostsim with Viceroy as hosts of modules by three SDKs (needs Viceroy, cargo and npm; rows of what is not installed are named as missing)
	$(GO) -C bench run . hosts

.PHONY: budget
budget: ## Fail if a click costs more than bench/budget.json allows
	$(GO) -C bench run . budget

.PHONY: bench-rust
bench-rust: ## Test, lint and format-check the bench's host and guests in Rust (needs cargo; minutes)
	sh .ci/bench-rust

.PHONY: wizer
wizer: ## Compare edge/prewarm with Wizer, same guest and sites (needs npm)
	CLICKEDGE_RIG=wizer $(GO) test -count=1 -run 'TestGolden|TestVectors' ./deploy/e2e
	$(GO) -C bench run . wizer

.PHONY: mailing
mailing: ## Let 100,000 readers click on a mailing whose ESP is gone after a minute
	CLICKEDGE_READERS=100000 $(GO) test -count=1 -timeout 5h -run TestMailing ./deploy/e2e

.PHONY: soak
soak: ## Load clickedge server for SOAK while ESPs die and return, sites and certificates change and the log is moved away
	$(GO) test -count=1 -timeout 60m -run '^TestSoak$$' -v ./deploy/server -soak $(SOAK)

.PHONY: conformance
conformance: ## Run compute-sdk-go's own tests on hostsim and count how many pass
	sh hostsim/conformance/run.sh

.PHONY: fixtures
fixtures: conformance ## Run what registries ship of the peers' own tests: the SDK's, and Viceroy's configurations and ABI (the last two need cargo)
	sh hostsim/differential/fixtures.sh

.PHONY: differential
differential: ## Compare hostsim with Viceroy, call by call (needs Viceroy or cargo; npm for one module)
	sh hostsim/differential/run.sh

.PHONY: terraform
terraform: ## Apply the Terraform module with the real provider to a stand-in of Fastly (needs both, or their sources; see .ci/terraform)
	sh .ci/terraform

.PHONY: warehouse
warehouse: ## Run the queries of deploy/warehouse on DuckDB, ClickHouse and PostgreSQL (installs what PyPI has of them into a folder of its own)
	sh .ci/warehouse

.PHONY: release
release: ## Make a release's archives, packages, images, checksums and SBOMs into dist and try them; nothing is published
	sh .ci/release

.PHONY: vulnerabilities
vulnerabilities: ## Search for known vulnerabilities in reachable code (needs their database, vuln.go.dev)
	sh .ci/vulnerabilities

.PHONY: reproducible
reproducible: ## Build module, packages, image and release command in two places and compare the bytes
	sh .ci/reproducible

.PHONY: clean
clean: ## Remove what was built
	rm -rf bin pkg dist deploy/module/prebuilt/guest.wasm deploy/module/prebuilt/inspector.html
