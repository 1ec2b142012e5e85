//go:build onednn && cgo

// Winograd's transforms in one dimension; a tile takes them along both sides.
// With output y, input x and weights w of a side,
//
//     y = Aᵀ [(G w) ⊙ (Bᵀ x)]
//
// POINTS products instead of 3·OUTPUTS. Two algorithms are here:
//   FOUR  F(4,3): 4 outputs of 6 inputs by 6 products (Lavin & Gray 2016)
//   PAIR  a map of side 2 and its zero padding: 2 outputs of 2 inputs by 3
//         products, y0 = w1·x0 + w2·x1, y1 = w0·x0 + w1·x1, a Toeplitz matrix
// Transposed they give the gradient of the weights: Gᵀ [(A dy) ⊙ (Bᵀ x)].
#ifndef OTF_WINOGRAD_TRANSFORM_H
#define OTF_WINOGRAD_TRANSFORM_H

#include "vec.h"

enum { FOUR, PAIR };

#define SIDE 6 // the most points or inputs of a side

INLINE int points_of(int kind) { return kind == FOUR ? 6 : 3; }
INLINE int inputs_of(int kind) { return kind == FOUR ? 6 : 2; }
INLINE int outputs_of(int kind) { return kind == FOUR ? 4 : 2; }

// input_side is Bᵀ x.
INLINE void input_side(int kind, vec *v, const vec *x) {
  if (kind == PAIR) {
    v[0] = x[0] + x[1];
    v[1] = x[1];
    v[2] = x[0];
    return;
  }
  vec a = x[4] - 4 * x[2], b = x[3] - 4 * x[1], c = x[4] - x[2], d = 2 * (x[3] - x[1]);
  v[0] = 4 * x[0] - 5 * x[2] + x[4];
  v[1] = a + b;
  v[2] = a - b;
  v[3] = c + d;
  v[4] = c - d;
  v[5] = 4 * x[1] - 5 * x[3] + x[5];
}

// weights_side is G w.
INLINE void weights_side(int kind, vec *u, const vec *w) {
  if (kind == PAIR) {
    u[0] = w[1];
    u[1] = w[2] - w[1];
    u[2] = w[0] - w[1];
    return;
  }
  vec a = (w[0] + w[2]) * (-1 / 6.f), b = w[1] * (-1 / 6.f);
  vec c = w[0] * (1 / 24.f) + w[2] * (1 / 6.f), d = w[1] * (1 / 12.f);
  u[0] = w[0] * .25f;
  u[1] = a + b;
  u[2] = a - b;
  u[3] = c + d;
  u[4] = c - d;
  u[5] = w[2];
}

// output_side is Aᵀ m.
INLINE void output_side(int kind, vec *y, const vec *m) {
  if (kind == PAIR) {
    y[0] = m[0] + m[1];
    y[1] = m[0] + m[2];
    return;
  }
  vec a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], d = m[3] - m[4];
  y[0] = m[0] + a + c;
  y[1] = b + 2 * d;
  y[2] = a + 4 * c;
  y[3] = b + 8 * d + m[5];
}

// output_gradient_side is A dy.
INLINE void output_gradient_side(int kind, vec *m, const vec *y) {
  if (kind == PAIR) {
    m[0] = y[0] + y[1];
    m[1] = y[0];
    m[2] = y[1];
    return;
  }
  vec a = y[0] + y[2], b = y[1] + y[3], c = y[0] + 4 * y[2], d = 2 * y[1] + 8 * y[3];
  m[0] = y[0];
  m[1] = a + b;
  m[2] = a - b;
  m[3] = c + d;
  m[4] = c - d;
  m[5] = y[3];
}

// weights_gradient_side is Gᵀ u.
INLINE void weights_gradient_side(int kind, vec *w, const vec *u) {
  if (kind == PAIR) {
    w[0] = u[2];
    w[1] = u[0] - u[1] - u[2];
    w[2] = u[1];
    return;
  }
  vec a = (u[1] + u[2]) * (-1 / 6.f), b = u[3] + u[4];
  w[0] = u[0] * .25f + a + b * (1 / 24.f);
  w[1] = (u[2] - u[1]) * (1 / 6.f) + (u[3] - u[4]) * (1 / 12.f);
  w[2] = a + b * (1 / 6.f) + u[5];
}

#endif
