//go:build onednn && cgo

// Functions of vectors, to about float32's precision relative to their largest
// values. What is no number stays none.
#ifndef OTF_VECMATH_H
#define OTF_VECMATH_H

#include "vec.h"

// vec_either is a where m is all ones, b where it is 0.
INLINE vec vec_either(ivec m, vec a, vec b) { return (vec)((m & (ivec)a) | (~m & (ivec)b)); }

// vec_exp is 2^n·exp(r) with |r| ≤ ln 2/2, a polynomial as in Cephes' expf. Of
// arguments beyond ±87 it is that of ±87.
INLINE vec vec_exp(vec x) {
  vec bound = vec_all(87), low = vec_either(x < -bound, -bound, x);
  vec y = vec_either(low > bound, bound, low);
  vec n = y * 1.44269504f + 12582912.f; // 1.5·2²³: the sum has no digits behind the point
  n -= 12582912.f;
  vec r = y - n * 0.693359375f + n * 2.12194440e-4f;
  vec p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1;
  vec power = (vec)((__builtin_convertvector(n, ivec) + 127) << 23);
  return vec_either(x != x, x, p * power);
}

INLINE vec vec_sigmoid(vec x) { return 1 / (1 + vec_exp(-x)); }

INLINE vec vec_tanh(vec x) { return 2 * vec_sigmoid(2 * x) - 1; }

// vec_normal is Φ(x), the standard normal distribution, by Abramowitz & Stegun
// 7.1.26 (error below 1e-7).
INLINE vec vec_normal(vec x) {
  vec z = vec_max(x, -x) * 0.70710678f;
  vec t = 1 / (1 + 0.3275911f * z);
  vec p = t * 1.061405429f - 1.453152027f;
  p = p * t + 1.421413741f;
  p = p * t - 0.284496736f;
  p = p * t + 0.254829592f;
  vec tail = 0.5f * p * t * vec_exp(-z * z);
  return vec_either(x < 0, tail, 1 - tail);
}

#endif
