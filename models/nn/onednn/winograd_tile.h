//go:build onednn && cgo

// Moving tiles between packed maps and points, one block of channels at a time.
#ifndef OTF_WINOGRAD_TILE_H
#define OTF_WINOGRAD_TILE_H

#include "gemm.h"
#include "winograd.h"
#include "winograd_transform.h"

// Where a tile lies: its map, and its first output.
typedef struct {
  int n, h, w;
} place;

INLINE place place_of(const otf_tiling *t, int tile) {
  int in_map = t->rows * t->columns, m = outputs_of(t->kind);
  return (place){tile / in_map, tile % in_map / t->columns * m, tile % t->columns * m};
}

// map_at is the index of the first vector of a block's map.
INLINE size_t map_at(const otf_tiling *t, int n, int blocks, int block) {
  return ((size_t)n * blocks + block) * t->h * t->w;
}

// load_square reads side × side vectors at (h, w), zeros outside of the map.
INLINE void load_square(const otf_tiling *t, vec d[SIDE][SIDE], int side, const void *x, size_t map, int h, int w,
                        int bf16) {
#pragma GCC unroll 6
  for (int i = 0; i < side; i++)
#pragma GCC unroll 6
    for (int j = 0; j < side; j++) {
      int inside = (unsigned)(h + i) < (unsigned)t->h && (unsigned)(w + j) < (unsigned)t->w;
      d[i][j] = inside ? vec_load(x, map + (size_t)((h + i) * t->w + w + j), bf16) : vec_zero();
    }
}

// to_points transforms a square along both sides and stores point p at v + p·stride.
INLINE void to_points(int kind, void (*side)(int, vec *, const vec *), int inputs, vec d[SIDE][SIDE], float *v,
                      size_t stride) {
  int q = points_of(kind);
  vec half[SIDE][SIDE]; // (column, point)
#pragma GCC unroll 6
  for (int j = 0; j < inputs; j++) {
    vec column[SIDE];
    for (int i = 0; i < inputs; i++) column[i] = d[i][j];
    side(kind, half[j], column);
  }
#pragma GCC unroll 6
  for (int i = 0; i < q; i++) {
    vec row[SIDE], out[SIDE];
    for (int j = 0; j < inputs; j++) row[j] = half[j][i];
    side(kind, out, row);
    for (int j = 0; j < q; j++) vec_put(v + (i * q + j) * stride, out[j]);
  }
}

// from_points is the way back: outputs × outputs vectors of the points.
INLINE void from_points(int kind, void (*side)(int, vec *, const vec *), int outputs, vec d[SIDE][SIDE],
                        const float *m, size_t stride) {
  int q = points_of(kind);
  vec half[SIDE][SIDE]; // (row of points, output)
#pragma GCC unroll 6
  for (int i = 0; i < q; i++) {
    vec row[SIDE];
    for (int j = 0; j < q; j++) row[j] = vec_get(m + (i * q + j) * stride);
    side(kind, half[i], row);
  }
#pragma GCC unroll 6
  for (int j = 0; j < outputs; j++) {
    vec column[SIDE], out[SIDE];
    for (int i = 0; i < q; i++) column[i] = half[i][j];
    side(kind, out, column);
    for (int i = 0; i < outputs; i++) d[i][j] = out[i];
  }
}

// input_tile transforms the inputs of a tile: the square that its outputs see,
// or, for PAIR, the map.
INLINE void input_tile(const otf_tiling *t, int kind, float *v, size_t stride, const void *x, int blocks, int block,
                       int tile, int bf16) {
  vec d[SIDE][SIDE];
  place at = place_of(t, tile);
  int halo = kind == FOUR ? 1 : 0;
  load_square(t, d, inputs_of(kind), x, map_at(t, at.n, blocks, block), at.h - halo, at.w - halo, bf16);
  to_points(kind, input_side, inputs_of(kind), d, v, stride);
}

// gradient_tile transforms the gradient of a tile's outputs.
INLINE void gradient_tile(const otf_tiling *t, int kind, float *v, size_t stride, const void *dy, int blocks,
                          int block, int tile, int bf16) {
  vec d[SIDE][SIDE];
  place at = place_of(t, tile);
  load_square(t, d, outputs_of(kind), dy, map_at(t, at.n, blocks, block), at.h, at.w, bf16);
  to_points(kind, output_gradient_side, outputs_of(kind), d, v, stride);
}

// With what an output is finished.
typedef struct {
  void *y;
  const void *mask; // 0 where it is 0, or NULL
  int relu;
  int stream; // y is too large for the caches
} finish;

INLINE WIDE void output_tile(const otf_tiling *t, int kind, const finish *f, const float *m, size_t stride, int blocks,
                        int block, int tile, vec bias, int bf16) {
  vec d[SIDE][SIDE];
  place at = place_of(t, tile);
  size_t map = map_at(t, at.n, blocks, block);
  from_points(kind, output_side, outputs_of(kind), d, m, stride);
#pragma GCC unroll 6
  for (int i = 0; i < outputs_of(kind); i++)
#pragma GCC unroll 6
    for (int j = 0; j < outputs_of(kind); j++) {
      if (at.h + i >= t->h || at.w + j >= t->w) continue;
      size_t to = map + (size_t)((at.h + i) * t->w + at.w + j);
      vec v = d[i][j] + bias;
      if (f->relu) v = vec_relu(v);
      if (f->mask) v = vec_if(vec_load(f->mask, to, bf16) != 0, v);
      if (f->stream) vec_stream(f->y, to, v, bf16);
      else vec_store(f->y, to, v, bf16);
    }
}

#endif
