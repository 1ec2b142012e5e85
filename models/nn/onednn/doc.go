// Package onednn is the fast [kernel.Engine]: oneDNN's primitives beside own
// Winograd, direct and matrix-product kernels in C, whichever is faster for a
// layer and direction. It needs cgo, oneDNN 2.x or 3.x and the build tag
// onednn; without them the package is empty.
//
// Packed activations are nChw16c: (N, C/16, H, W, 16), channels filled up with
// zeros to a multiple of 16, in float32 or, with BF16, in bfloat16. Every
// kernel keeps the filled-up channels zero.
//
// Algorithms of convolutions and linear layers are chosen by timing them on the
// layer's shape when it is built, or by a fixed order of preference
// (kernel.Options.Deterministic). Scratch memory is one arena an engine.
//
// The C files: workers.c is the engine's pool of threads, dnnl_*.c alone touch
// oneDNN, the others are kernels of one concept each. They are written with
// the compilers' vector extensions; the ones that are worth it only with
// AVX-512 ask the processor first (otf_wide_vectors). On arm64 that leaves
// out Winograd and the matrix products: oneDNN computes those.
package onednn
