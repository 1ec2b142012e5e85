//go:build onednn && cgo

// Vectors of 16 channels, in memory float32 or bfloat16, in registers float32.
#ifndef OTF_VEC_H
#define OTF_VEC_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#pragma GCC diagnostic ignored "-Wpsabi"

#define LANES 16
#define INLINE static inline __attribute__((always_inline))

// Where the compiler can, a function marked CLONES is compiled for several
// instruction sets and the best is taken when the program starts. That is before
// ThreadSanitizer is ready, so there is one under it.
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__)
#define CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define CLONES
#endif

typedef float vec __attribute__((vector_size(64)));
typedef int32_t ivec __attribute__((vector_size(64)));
typedef uint32_t uvec __attribute__((vector_size(64)));
typedef uint16_t hvec __attribute__((vector_size(32)));
typedef uint8_t bvec __attribute__((vector_size(16)));

INLINE vec vec_zero(void) { return (vec){0}; }

INLINE vec vec_all(float x) { return vec_zero() + x; }

INLINE vec vec_get(const float *p) {
  vec v;
  memcpy(&v, p, sizeof v);
  return v;
}

INLINE void vec_put(float *p, vec v) { memcpy(p, &v, sizeof v); }

// vec_if is v where m is all ones, 0 where it is 0.
INLINE vec vec_if(ivec m, vec v) { return (vec)(m & (ivec)v); }

INLINE vec vec_max(vec a, vec b) {
  ivec m = a > b;
  return (vec)((m & (ivec)a) | (~m & (ivec)b));
}

INLINE vec vec_relu(vec v) { return vec_if(v > 0, v); }

INLINE vec vec_from_bf16(hvec h) { return (vec)(__builtin_convertvector(h, uvec) << 16); }

// vec_to_bf16 rounds to nearest even; a NaN stays one.
INLINE hvec vec_to_bf16(vec v) {
  uvec u = (uvec)v;
  uvec rounded = (u + 0x7fff + ((u >> 16) & 1)) >> 16;
  uvec nan = (uvec)(v != v);
  return __builtin_convertvector((rounded & ~nan) | (nan & 0x7fc0), hvec);
}

// vec_load reads the i-th vector of a packed activation, vec_store writes it.
INLINE vec vec_load(const void *p, size_t i, int bf16) {
  if (!bf16) return vec_get((const float *)p + i * LANES);
  hvec h;
  memcpy(&h, (const uint16_t *)p + i * LANES, sizeof h);
  return vec_from_bf16(h);
}

INLINE void vec_store(void *p, size_t i, vec v, int bf16) {
  if (!bf16) {
    vec_put((float *)p + i * LANES, v);
    return;
  }
  hvec h = vec_to_bf16(v);
  memcpy((uint16_t *)p + i * LANES, &h, sizeof h);
}

#endif
