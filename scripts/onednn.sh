#!/bin/sh
# Succeeds when a C program can be compiled and linked against oneDNN.
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cat >"$dir/probe.c" <<'C'
#include <oneapi/dnnl/dnnl.h>
int main(void) { return dnnl_version() == 0; }
C
${CC:-cc} -o "$dir/probe" "$dir/probe.c" -ldnnl 2>/dev/null
