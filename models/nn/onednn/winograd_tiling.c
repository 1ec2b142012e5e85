//go:build onednn && cgo

// Which algorithm a convolution takes, and its tiles.

#include "gemm.h"
#include "winograd.h"
#include "winograd_transform.h"

otf_tiling otf_tiling_of(const otf_conv *s) {
  int kind = s->in.h == 2 && s->in.w == 2 ? PAIR : FOUR, m = outputs_of(kind);
  otf_tiling t = {.kind = kind, .points = points_of(kind) * points_of(kind), .n = s->in.n, .h = s->in.h, .w = s->in.w};
  t.rows = (t.h + m - 1) / m;
  t.columns = (t.w + m - 1) / m;
  t.tiles = t.n * t.rows * t.columns;
  t.bf16 = s->bf16;
  return t;
}

int otf_winograd_fits(const otf_conv *s) {
  return otf_wide_vectors() && s->k == 3 && s->stride == 1 && s->pad == 1 && !s->plain && s->in.h > 1 && s->in.w > 1;
}
