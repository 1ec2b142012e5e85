//go:build onednn && cgo

// Sums, ReLU and the SGD update: one pass over memory each, in jobs of CHUNK
// vectors; what is left at the end of a plain slice goes value by value.

#include "kernels.h"
#include "vec.h"

#define CHUNK 2048

typedef struct {
  void *y;
  const void *a, *b;
  int bf16, relu;
  size_t len;
} element_args;

typedef struct {
  float *p, *v;
  const float *g;
  float rate, momentum, decay;
  size_t len;
} sgd_args;

typedef struct {
  size_t begin, end;
} span;

static int chunks(size_t len) { return (int)((len / LANES + CHUNK - 1) / CHUNK); }

// span_of is the job's range of whole vectors.
INLINE span span_of(int job, size_t len) {
  size_t begin = (size_t)job * CHUNK, end = begin + CHUNK, all = len / LANES;
  return (span){begin, end < all ? end : all};
}

INLINE void sum_span(const element_args *a, span s, int bf16) {
  for (size_t i = s.begin; i < s.end; i++) {
    vec v = vec_load(a->a, i, bf16);
    if (a->b) v += vec_load(a->b, i, bf16);
    vec_store(a->y, i, a->relu ? vec_relu(v) : v, bf16);
  }
}

CLONES static void sum_job(void *arg, int job, int worker) {
  (void)worker;
  const element_args *a = arg;
  if (a->bf16) sum_span(a, span_of(job, a->len), 1);
  else sum_span(a, span_of(job, a->len), 0);
}

INLINE void relu_grad_span(const element_args *a, span s, int bf16) {
  for (size_t i = s.begin; i < s.end; i++)
    vec_store(a->y, i, vec_if(vec_load(a->b, i, bf16) > 0, vec_load(a->a, i, bf16)), bf16);
}

CLONES static void relu_grad_job(void *arg, int job, int worker) {
  (void)worker;
  const element_args *a = arg;
  if (a->bf16) relu_grad_span(a, span_of(job, a->len), 1);
  else relu_grad_span(a, span_of(job, a->len), 0);
}

CLONES static void sgd_job(void *arg, int job, int worker) {
  (void)worker;
  const sgd_args *a = arg;
  span s = span_of(job, a->len);
  for (size_t i = s.begin * LANES; i < s.end * LANES; i += LANES) {
    vec p = vec_get(a->p + i);
    vec v = a->momentum * vec_get(a->v + i) + (vec_get(a->g + i) + a->decay * p);
    vec_put(a->v + i, v);
    vec_put(a->p + i, p - a->rate * v);
  }
}

void otf_sum(otf_workers *w, void *y, const void *a, const void *b, size_t len, int bf16, int relu) {
  element_args args = {y, a, b, bf16, relu, len};
  otf_run(w, chunks(len), sum_job, &args);
  if (bf16) return;
  for (size_t i = len / LANES * LANES; i < len; i++) {
    float v = ((const float *)a)[i] + (b ? ((const float *)b)[i] : 0);
    ((float *)y)[i] = relu && !(v > 0) ? 0 : v;
  }
}

void otf_relu_grad(otf_workers *w, void *dx, const void *dy, const void *y, size_t len, int bf16) {
  element_args a = {dx, dy, y, bf16, 0, len};
  otf_run(w, chunks(len), relu_grad_job, &a);
  if (bf16) return;
  for (size_t i = len / LANES * LANES; i < len; i++)
    ((float *)dx)[i] = ((const float *)y)[i] > 0 ? ((const float *)dy)[i] : 0;
}

void otf_sgd(otf_workers *w, float *p, const float *g, float *v, size_t len, float rate, float momentum, float decay) {
  sgd_args a = {p, v, g, rate, momentum, decay, len};
  otf_run(w, chunks(len), sgd_job, &a);
  for (size_t i = len / LANES * LANES; i < len; i++) {
    v[i] = momentum * v[i] + (g[i] + decay * p[i]);
    p[i] -= rate * v[i];
  }
}
