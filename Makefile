# make            lists the targets
# make build      needs Go 1.26; uses oneDNN when it is there (make setup installs it where it can)

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
TAGS = $(shell scripts/onednn.sh && echo onednn)
SETUP ?= yes
# Go before 1.27 fails now and then when a fuzzing time ends (golang/go#75804),
# so the default counts executions. It is above the kept inputs of any target.
FUZZTIME ?= 1000x
RESULTS ?= results

.DEFAULT_GOAL := help
.PHONY: help setup build install test race bench lint fuzz portable purego recovery sanitize onnx arm64 cross demo record clean

help: ## list the targets
	@grep -hE '^[a-z0-9]+:.*## ' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: ## install oneDNN where apt-get and root allow it; SETUP=no leaves it out
	@[ "$(SETUP)" = no ] || scripts/setup.sh

build: setup ## build bin/otfusion
	go build -buildvcs=auto -trimpath -tags "$(TAGS)" -o bin/otfusion ./cmd/otfusion

install: setup ## build the program into the Go bin folder
	go install -buildvcs=auto -trimpath -tags "$(TAGS)" ./cmd/otfusion

test: setup ## run all tests, on oneDNN when it is there
	go test -tags "$(TAGS)" ./...

portable: ## run the short tests without cgo
	CGO_ENABLED=0 go test -short ./...

purego: ## run the tests of what has assembly without it
	CGO_ENABLED=0 go test -short -tags purego ./internal/gemm ./fusion/ot ./models/nn/portable

recovery: setup ## recover planted permutations of networks of the paper's widths, minutes
	go test -tags "slow $(TAGS)" -run FullWidth ./fusion

sanitize: setup ## run the tests of the C kernels under AddressSanitizer, UndefinedBehaviorSanitizer and ThreadSanitizer
	scripts/sanitize.sh

onnx: setup ## run models that are written as ONNX in ONNX Runtime; needs node and npm
	@if command -v node >/dev/null && command -v npm >/dev/null; then TAGS="$(TAGS)" scripts/onnx-runtime.sh; \
	else echo "make onnx: node or npm is not installed, so ONNX Runtime was not run"; fi

arm64: ## run tests of the arm64 build under QEMU (FULL=1: all of them)
	scripts/arm64.sh

cross: ## build and vet without cgo for linux/arm64, darwin/arm64 and windows/amd64
	@for target in linux/arm64 darwin/arm64 windows/amd64; do \
		echo $$target; \
		export CGO_ENABLED=0 GOOS=$${target%/*} GOARCH=$${target#*/}; \
		go build ./... && go vet ./... || exit; \
	done

race: setup ## run the short tests under the race detector
	go test -race -short -tags "$(TAGS)" ./...

bench: setup ## run the Go benchmarks, one pass
	go test -tags "$(TAGS)" -run '^$$' -bench . -benchtime 1x ./...

lint: ## gofmt, go vet, staticcheck, go mod tidy
	go mod tidy -diff
	cd scripts/kubernetes-check && go vet ./...
	@test -z "$$(gofmt -l .)" || { echo "gofmt -l: $$(gofmt -l .)" >&2; exit 1; }
	go vet -tags "$(TAGS)" ./...
	go run $(STATICCHECK) -tags "$(TAGS)" ./...

fuzz: setup ## fuzz every file reader, FUZZTIME each (executions, or a time such as 10m)
	FUZZTIME=$(FUZZTIME) TAGS="$(TAGS)" scripts/fuzz.sh

demo: build ## train two networks on MNIST, fuse them, compare
	bin/otfusion experiment run mnist-pair --scale reduced

record: build ## keep the numbers of the finished tasks in RESULTS under docs/results, write docs/results.md
	scripts/record.sh $(RESULTS)

clean: ## remove what was built
	rm -rf bin
