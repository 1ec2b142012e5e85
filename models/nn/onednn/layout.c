//go:build onednn && cgo

// Plain (N, C, H, W) to packed (N, B, H, W, 16) and back, one job a (n, block).

#include "kernels.h"
#include "vec.h"

typedef struct {
  void *packed;
  float *plain;
  const void *mask;
  otf_shape s;
  int bf16;
} layout_args;

static int blocks(otf_shape s) { return (s.c + LANES - 1) / LANES; }

// channels_in is the number of real channels in block b.
static int channels_in(otf_shape s, int b) {
  int left = s.c - b * LANES;
  return left < LANES ? left : LANES;
}

INLINE void pack_block(const layout_args *a, int job, int bf16) {
  int map = a->s.h * a->s.w, b = job % blocks(a->s), n = job / blocks(a->s), count = channels_in(a->s, b);
  const float *plain = a->plain + ((size_t)n * a->s.c + (size_t)b * LANES) * map;
  for (int i = 0; i < map; i++) {
    float lanes[LANES] = {0};
    for (int c = 0; c < count; c++) lanes[c] = plain[(size_t)c * map + i];
    size_t at = (size_t)job * map + i;
    vec v = vec_get(lanes);
    if (a->mask) v = vec_if(vec_load(a->mask, at, bf16) != 0, v);
    vec_store(a->packed, at, v, bf16);
  }
}

CLONES static void pack_job(void *arg, int job, int worker) {
  (void)worker;
  const layout_args *a = arg;
  if (a->bf16) pack_block(a, job, 1);
  else pack_block(a, job, 0);
}

INLINE void unpack_block(const layout_args *a, int job, int bf16) {
  int map = a->s.h * a->s.w, b = job % blocks(a->s), n = job / blocks(a->s), count = channels_in(a->s, b);
  float *plain = a->plain + ((size_t)n * a->s.c + (size_t)b * LANES) * map;
  for (int i = 0; i < map; i++) {
    float lanes[LANES];
    vec_put(lanes, vec_load(a->packed, (size_t)job * map + i, bf16));
    for (int c = 0; c < count; c++) plain[(size_t)c * map + i] = lanes[c];
  }
}

CLONES static void unpack_job(void *arg, int job, int worker) {
  (void)worker;
  const layout_args *a = arg;
  if (a->bf16) unpack_block(a, job, 1);
  else unpack_block(a, job, 0);
}

void otf_unflatten(otf_workers *w, void *packed, const float *plain, const void *mask, otf_shape s, int bf16) {
  layout_args a = {packed, (float *)plain, mask, s, bf16};
  otf_run(w, s.n * blocks(s), pack_job, &a);
}

void otf_pack(otf_workers *w, void *packed, const float *plain, otf_shape s, int bf16) {
  otf_unflatten(w, packed, plain, NULL, s, bf16);
}

void otf_unpack(otf_workers *w, float *plain, const void *packed, otf_shape s, int bf16) {
  layout_args a = {(void *)packed, plain, NULL, s, bf16};
  otf_run(w, s.n * blocks(s), unpack_job, &a);
}
