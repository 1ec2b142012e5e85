//go:build onednn && cgo

// Biases: added to rows, and their gradients, which are sums over all else.

#include "kernels.h"
#include "vec.h"

CLONES void otf_bias_relu(float *y, const float *b, int n, int c, int relu) {
  for (int i = 0; i < n; i++, y += c) {
    if (b)
      for (int j = 0; j < c; j++) y[j] += b[j];
    if (relu)
      for (int j = 0; j < c; j++) y[j] = y[j] > 0 ? y[j] : 0;
  }
}

CLONES void otf_column_sums(float *db, const float *dy, int n, int c) {
  memset(db, 0, (size_t)c * sizeof *db);
  for (int i = 0; i < n; i++, dy += c)
    for (int j = 0; j < c; j++) db[j] += dy[j];
}

typedef struct {
  float *partial;
  const void *dy;
  otf_shape s;
  int bf16;
} channel_args;

CLONES static void channel_job(void *arg, int job, int worker) {
  (void)worker;
  const channel_args *a = arg;
  vec sum = vec_zero();
  size_t map = (size_t)a->s.h * a->s.w;
  for (size_t i = job * map; i < (job + 1) * map; i++) sum += vec_load(a->dy, i, a->bf16);
  vec_put(a->partial + (size_t)job * LANES, sum);
}

void otf_channel_sums(otf_workers *w, float *db, const void *dy, float *partial, otf_shape s, int bf16) {
  channel_args a = {partial, dy, s, bf16};
  int blocks = (s.c + LANES - 1) / LANES;
  otf_run(w, s.n * blocks, channel_job, &a);
  for (int c = 0; c < s.c; c++) {
    double sum = 0;
    for (int n = 0; n < s.n; n++) sum += partial[((size_t)n * blocks + c / LANES) * LANES + c % LANES];
    db[c] = (float)sum;
  }
}
