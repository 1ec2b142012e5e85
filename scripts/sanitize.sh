#!/bin/sh
# Runs the tests of the C kernels under AddressSanitizer, under
# UndefinedBehaviorSanitizer and under ThreadSanitizer, which sees the kernels'
# threads and not what oneDNN and OpenMP do among themselves. A failed allocation
# is the engine's to handle, not the sanitizer's.
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
echo "sanitize: ThreadSanitizer" >&2
TSAN_OPTIONS="allocator_may_return_null=1 ignore_noninstrumented_modules=1 halt_on_error=1" \
	CGO_CFLAGS="-O1 -g -fsanitize=thread" CGO_LDFLAGS="-fsanitize=thread" \
	go test -short -tags onednn ./models/nn/onednn
