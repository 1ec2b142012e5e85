//go:build onednn && cgo

// Batch normalisation over packed maps. Sums go map by map in float32 into
// partial (N, B, 2, 16), then over the maps in double, in a fixed order.

#include <math.h>

#include "kernels.h"
#include "vec.h"

typedef struct {
  const otf_norm *n;
  void *out;
  const void *in, *x;
} norm_args;

static int blocks(const otf_norm *n) { return (n->s.c + LANES - 1) / LANES; }
static int maps(const otf_norm *n) { return n->s.n * blocks(n); }
INLINE size_t area(const otf_norm *n) { return (size_t)n->s.h * n->s.w; }

// total adds the partial sums of channel c, the first or second of the pair.
static double total(const otf_norm *n, int c, int which) {
  double sum = 0;
  for (int i = 0; i < n->s.n; i++)
    sum += n->partial[((size_t)(i * blocks(n) + c / LANES) * 2 + which) * LANES + c % LANES];
  return sum;
}

INLINE void put_partial(const otf_norm *n, int job, vec first, vec second) {
  vec_put(n->partial + (size_t)job * 2 * LANES, first);
  vec_put(n->partial + ((size_t)job * 2 + 1) * LANES, second);
}

CLONES static void sum_job(void *arg, int job, int worker) {
  (void)worker;
  const norm_args *a = arg;
  vec sum = vec_zero();
  for (size_t i = job * area(a->n); i < (job + 1) * area(a->n); i++) sum += vec_load(a->in, i, a->n->bf16);
  put_partial(a->n, job, sum, vec_zero());
}

CLONES static void square_job(void *arg, int job, int worker) {
  (void)worker;
  const norm_args *a = arg;
  vec sum = vec_zero(), mean = vec_get(a->n->mean + job % blocks(a->n) * LANES);
  for (size_t i = job * area(a->n); i < (job + 1) * area(a->n); i++) {
    vec d = vec_load(a->in, i, a->n->bf16) - mean;
    sum += d * d;
  }
  put_partial(a->n, job, sum, vec_zero());
}

void otf_norm_statistics(otf_workers *w, const otf_norm *n, const void *x, float eps, float momentum,
                         float *running_mean, float *running_variance) {
  norm_args a = {n, NULL, x, NULL};
  double count = (double)n->s.n * (double)area(n);
  otf_run(w, maps(n), sum_job, &a);
  for (int c = 0; c < n->s.c; c++) {
    n->mean[c] = (float)(total(n, c, 0) / count);
    running_mean[c] = (1 - momentum) * running_mean[c] + momentum * n->mean[c];
  }
  otf_run(w, maps(n), square_job, &a);
  for (int c = 0; c < n->s.c; c++) {
    double squares = total(n, c, 0);
    n->rstd[c] = (float)(1 / sqrt(squares / count + eps));
    float unbiased = (float)(squares / (count > 1 ? count - 1 : 1));
    running_variance[c] = (1 - momentum) * running_variance[c] + momentum * unbiased;
  }
}

void otf_norm_running(const otf_norm *n, float eps, const float *running_mean, const float *running_variance) {
  for (int c = 0; c < n->s.c; c++) {
    n->mean[c] = running_mean[c];
    n->rstd[c] = (float)(1 / sqrt((double)running_variance[c] + eps));
  }
}

CLONES static void apply_job(void *arg, int job, int worker) {
  (void)worker;
  const norm_args *a = arg;
  size_t block = (size_t)(job % blocks(a->n)) * LANES;
  vec scale = vec_get(a->n->scale + block), shift = vec_get(a->n->shift + block);
  for (size_t i = job * area(a->n); i < (job + 1) * area(a->n); i++) {
    vec y = scale * vec_load(a->in, i, a->n->bf16) + shift;
    vec_store(a->out, i, a->n->relu ? vec_relu(y) : y, a->n->bf16);
  }
}

void otf_norm_apply(otf_workers *w, const otf_norm *n, void *y, const void *x, const float *gamma, const float *beta) {
  for (int c = 0; c < n->s.c; c++) {
    n->scale[c] = gamma[c] * n->rstd[c];
    n->shift[c] = beta[c] - n->scale[c] * n->mean[c];
  }
  norm_args a = {n, y, x, NULL};
  otf_run(w, maps(n), apply_job, &a);
}

// grad_sums_job sums dy and dy·x̂, x̂ = (x − mean)·rstd.
CLONES static void grad_sums_job(void *arg, int job, int worker) {
  (void)worker;
  const norm_args *a = arg;
  vec sum = vec_zero(), product = vec_zero(), mean = vec_get(a->n->mean + job % blocks(a->n) * LANES);
  for (size_t i = job * area(a->n); i < (job + 1) * area(a->n); i++) {
    vec dy = vec_load(a->in, i, a->n->bf16);
    sum += dy;
    product += dy * (vec_load(a->x, i, a->n->bf16) - mean);
  }
  put_partial(a->n, job, sum, product * vec_get(a->n->rstd + job % blocks(a->n) * LANES));
}

// grad_job is dx = scale·(dy − shift − x̂·slope), with the slope in partial.
CLONES static void grad_job(void *arg, int job, int worker) {
  (void)worker;
  const norm_args *a = arg;
  size_t block = (size_t)(job % blocks(a->n)) * LANES;
  vec scale = vec_get(a->n->scale + block), shift = vec_get(a->n->shift + block);
  vec mean = vec_get(a->n->mean + block), slope = vec_get(a->n->partial + block);
  for (size_t i = job * area(a->n); i < (job + 1) * area(a->n); i++) {
    vec x = vec_load(a->x, i, a->n->bf16);
    vec dx = scale * (vec_load(a->in, i, a->n->bf16) - shift - (x - mean) * slope);
    vec_store(a->out, i, a->n->mask ? vec_if(x != 0, dx) : dx, a->n->bf16);
  }
}

void otf_norm_grad(otf_workers *w, const otf_norm *n, void *dx, float *dgamma, float *dbeta, const void *dy,
                   const void *x, const float *gamma) {
  norm_args a = {n, dx, dy, x};
  double count = (double)n->s.n * (double)area(n);
  otf_run(w, maps(n), grad_sums_job, &a);
  for (int c = 0; c < n->s.c; c++) {
    dbeta[c] = (float)total(n, c, 0);
    dgamma[c] = (float)total(n, c, 1);
  }
  for (int c = 0; c < n->s.c; c++) {
    n->scale[c] = gamma[c] * n->rstd[c];
    n->shift[c] = (float)(dbeta[c] / count);
    n->partial[c] = (float)(dgamma[c] / count) * n->rstd[c];
  }
  otf_run(w, maps(n), grad_job, &a);
}
