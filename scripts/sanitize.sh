#!/bin/sh
# Runs the tests of the C kernels under AddressSanitizer and under
# UndefinedBehaviorSanitizer. ThreadSanitizer is left out: Go's race detector
# brings a runtime of its own, and the two do not link into one program. A failed
# allocation is the engine's to handle, not the sanitizer's.
set -eu
if ! scripts/onednn.sh; then
	echo "sanitize: no oneDNN, so there are no C kernels to test" >&2
	exit 0
fi
echo "sanitize: AddressSanitizer" >&2
ASAN_OPTIONS=allocator_may_return_null=1 \
	go test -asan -short -tags onednn ./models/nn/onednn
echo "sanitize: UndefinedBehaviorSanitizer" >&2
CGO_CFLAGS="-O1 -g -fsanitize=undefined -fno-sanitize-recover=all" CGO_LDFLAGS="-fsanitize=undefined" \
	go test -short -tags onednn ./models/nn/onednn
