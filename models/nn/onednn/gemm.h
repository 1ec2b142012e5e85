//go:build onednn && cgo

// The inner step of all own matrix products: an outer product of R scalars
// and J vectors added to R·J accumulators, which stay in registers where R and
// J are constants with R·J + J + 1 ≤ 32.
#ifndef OTF_GEMM_H
#define OTF_GEMM_H

#include "vec.h"
#if defined(__x86_64__)
#include <immintrin.h>
#endif

// WIDE functions are compiled for AVX-512; call them only if otf_wide_vectors().
#if defined(__x86_64__)
#define WIDE __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma")))
static inline int otf_wide_vectors(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("fma");
}

// vec_stream is vec_store past the caches, for results too large for them; p
// must be 64-byte aligned.
INLINE WIDE void vec_stream(void *p, size_t i, vec v, int bf16) {
  if (bf16) {
    hvec h = vec_to_bf16(v);
    __builtin_ia32_movntdq256((void *)((uint16_t *)p + i * LANES), (__v4di)h);
  } else {
    __builtin_ia32_movntps512((float *)p + i * LANES, v);
  }
}
static inline void stream_end(void) { __builtin_ia32_sfence(); }
#else
#define WIDE
INLINE void vec_stream(void *p, size_t i, vec v, int bf16) { vec_store(p, i, v, bf16); }
static inline void stream_end(void) {}
static inline int otf_wide_vectors(void) { return 0; }
#endif

#define MAX_R 7
#define MAX_J 4

INLINE void outer_product(int R, int J, vec acc[MAX_R][MAX_J], const float *a, size_t a_row, const float *b,
                          size_t b_vec) {
  vec v[MAX_J];
#pragma GCC unroll 4
  for (int j = 0; j < J; j++) v[j] = vec_get(b + j * b_vec);
#pragma GCC unroll 8
  for (int r = 0; r < R; r++) {
    vec s = vec_all(a[r * a_row]);
#pragma GCC unroll 4
    for (int j = 0; j < J; j++) acc[r][j] += s * v[j];
  }
}

INLINE void acc_clear(int R, int J, vec acc[MAX_R][MAX_J]) {
#pragma GCC unroll 8
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int j = 0; j < J; j++) acc[r][j] = vec_zero();
}

INLINE void acc_get(int R, int J, vec acc[MAX_R][MAX_J], const float *c, size_t c_row, size_t c_vec) {
#pragma GCC unroll 8
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int j = 0; j < J; j++) acc[r][j] = vec_get(c + r * c_row + j * c_vec);
}

INLINE void acc_put(int R, int J, vec acc[MAX_R][MAX_J], float *c, size_t c_row, size_t c_vec) {
#pragma GCC unroll 8
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int j = 0; j < J; j++) vec_put(c + r * c_row + j * c_vec, acc[r][j]);
}

#endif
