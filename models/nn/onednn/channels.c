//go:build onednn && cgo

// Copies runs of channels between packed activations, one job a map of the
// destination that has some of them.

#include "kernels.h"
#include "vec.h"

typedef struct {
  void *y;
  const void *x;
  otf_shape to, from;
  int at, first, count; // channels first.. of x go to channels at.. of y
  int bf16;
} channel_args;

INLINE int blocks_of(otf_shape s) { return (s.c + LANES - 1) / LANES; }

// lane_at is where channel c of sample n begins: its values are LANES apart.
INLINE size_t lane_at(otf_shape s, int n, int c) {
  return ((size_t)n * blocks_of(s) + c / LANES) * s.h * s.w * LANES + c % LANES;
}

INLINE void copy_lane(void *y, size_t to, const void *x, size_t from, int map, int bf16) {
  for (size_t i = 0; i < (size_t)map * LANES; i += LANES) {
    if (bf16) ((uint16_t *)y)[to + i] = ((const uint16_t *)x)[from + i];
    else ((float *)y)[to + i] = ((const float *)x)[from + i];
  }
}

INLINE void clear_lane(void *y, size_t to, int map, int bf16) {
  for (size_t i = 0; i < (size_t)map * LANES; i += LANES) {
    if (bf16) ((uint16_t *)y)[to + i] = 0;
    else ((float *)y)[to + i] = 0;
  }
}

// copy_block fills the lanes of one block of y that are among the channels
// copied, and with the last channel of y those that are no channels.
INLINE void copy_block(const channel_args *a, int n, int block, int bf16) {
  int map = a->to.h * a->to.w, size = bf16 ? sizeof(uint16_t) : sizeof(float);
  int begin = block * LANES > a->at ? block * LANES : a->at;
  int end = (block + 1) * LANES < a->at + a->count ? (block + 1) * LANES : a->at + a->count;
  int source = a->first + begin - a->at;
  if (begin % LANES == 0 && source % LANES == 0 && end - begin == LANES) {
    memcpy((char *)a->y + lane_at(a->to, n, begin) * size, (const char *)a->x + lane_at(a->from, n, source) * size,
           (size_t)map * LANES * size);
    return;
  }
  for (int c = begin; c < end; c++) copy_lane(a->y, lane_at(a->to, n, c), a->x, lane_at(a->from, n, source + c - begin), map, bf16);
  for (int c = end; end == a->to.c && c % LANES; c++) clear_lane(a->y, lane_at(a->to, n, c), map, bf16);
}

CLONES static void channels_job(void *arg, int job, int worker) {
  (void)worker;
  const channel_args *a = arg;
  int first = a->at / LANES, blocks = (a->at + a->count - 1) / LANES - first + 1;
  if (a->bf16) copy_block(a, job / blocks, first + job % blocks, 1);
  else copy_block(a, job / blocks, first + job % blocks, 0);
}

void otf_copy_channels(otf_workers *w, void *y, otf_shape to, int at, const void *x, otf_shape from, int first,
                       int count, int bf16) {
  channel_args a = {y, x, to, from, at, first, count, bf16};
  int blocks = (at + count - 1) / LANES - at / LANES + 1;
  otf_run(w, to.n * blocks, channels_job, &a);
}

void otf_clear_filled(void *y, otf_shape s, int bf16) {
  for (int n = 0; n < s.n; n++)
    for (int c = s.c; c % LANES; c++) clear_lane(y, lane_at(s, n, c), s.h * s.w, bf16);
}
