//go:build onednn && cgo

// Max pooling, one job a map (n, block). Forward notes where in its window
// each maximum stood; backward gathers, for each place of the map, from the
// windows that cover it. Where a ReLU's gradient is to be applied too, a
// maximum of 0 is noted as nowhere, and backward need not look at x.

#include "kernels.h"
#include "vec.h"

typedef struct {
  otf_pool p;
  void *out;
  const void *in;
  uint8_t *which;
} maxpool_args;

INLINE void put_which(uint8_t *which, size_t at, ivec place) {
  bvec b = __builtin_convertvector(place, bvec);
  memcpy(which + at * LANES, &b, sizeof b);
}

INLINE ivec get_which(const uint8_t *which, size_t at) {
  bvec b;
  memcpy(&b, which + at * LANES, sizeof b);
  return __builtin_convertvector(b, ivec);
}

INLINE void max_of_window(const maxpool_args *a, int job, int oh, int ow, int bf16) {
  const otf_pool *p = &a->p;
  int h0 = oh * p->stride - p->pad, w0 = ow * p->stride - p->pad;
  vec best = vec_all(-__builtin_inff());
  ivec place = (ivec){0} + OTF_NOWHERE;
  for (int kh = 0; kh < p->k; kh++) {
    if (h0 + kh < 0 || h0 + kh >= p->s.h) continue;
    for (int kw = 0; kw < p->k; kw++) {
      if (w0 + kw < 0 || w0 + kw >= p->s.w) continue;
      vec x = vec_load(a->in, ((size_t)job * p->s.h + h0 + kh) * p->s.w + w0 + kw, bf16);
      ivec higher = ~(x <= best); // a NaN wins
      best = (vec)((higher & (ivec)x) | (~higher & (ivec)best));
      place = (higher & (kh * p->k + kw)) | (~higher & place);
    }
  }
  size_t at = ((size_t)job * p->oh + oh) * p->ow + ow;
  if (p->mask) place |= (best == 0) & OTF_NOWHERE;
  vec_store(a->out, at, best, bf16);
  if (a->which) put_which(a->which, at, place);
}

// pairs is whether windows are 2 × 2, side by side, and cover the map.
static int pairs(const otf_pool *p) {
  return p->k == 2 && p->stride == 2 && p->pad == 0 && p->s.h == 2 * p->oh && p->s.w == 2 * p->ow;
}

// max_of_pairs is all windows of a map with four places each.
INLINE void max_of_pairs(const maxpool_args *a, int job, int bf16) {
  const otf_pool *p = &a->p;
  size_t row = (size_t)p->s.w, in = (size_t)job * p->s.h * row, out = (size_t)job * p->oh * p->ow;
  for (int oh = 0; oh < p->oh; oh++, in += 2 * row)
    for (int ow = 0; ow < p->ow; ow++, out++) {
      vec x[4];
      for (int i = 0; i < 4; i++) x[i] = vec_load(a->in, in + (size_t)(i / 2) * row + 2 * (size_t)ow + i % 2, bf16);
      vec best = x[0];
      ivec place = {0};
      for (int i = 1; i < 4; i++) {
        ivec higher = ~(x[i] <= best);
        best = (vec)((higher & (ivec)x[i]) | (~higher & (ivec)best));
        place = (higher & i) | (~higher & place);
      }
      if (p->mask) place |= (best == 0) & OTF_NOWHERE;
      vec_store(a->out, out, best, bf16);
      if (a->which) put_which(a->which, out, place);
    }
}

CLONES static void pairs_job(void *arg, int job, int worker) {
  (void)worker;
  const maxpool_args *a = arg;
  if (a->p.bf16) max_of_pairs(a, job, 1);
  else max_of_pairs(a, job, 0);
}

CLONES static void maxpool_job(void *arg, int job, int worker) {
  (void)worker;
  const maxpool_args *a = arg;
  for (int oh = 0; oh < a->p.oh; oh++)
    for (int ow = 0; ow < a->p.ow; ow++) {
      if (a->p.bf16) max_of_window(a, job, oh, ow, 1);
      else max_of_window(a, job, oh, ow, 0);
    }
}

// first is the first output whose window covers input i, last the last one.
INLINE int first(int i, const otf_pool *p) {
  int j = i + p->pad - p->k + 1;
  return j <= 0 ? 0 : (j + p->stride - 1) / p->stride;
}

INLINE int last(int i, int out, const otf_pool *p) {
  int j = (i + p->pad) / p->stride;
  return j < out ? j : out - 1;
}

INLINE void grad_at(const maxpool_args *a, int job, int ih, int iw, int bf16) {
  const otf_pool *p = &a->p;
  vec dx = vec_zero();
  for (int oh = first(ih, p); oh <= last(ih, p->oh, p); oh++)
    for (int ow = first(iw, p); ow <= last(iw, p->ow, p); ow++) {
      int place = (ih + p->pad - oh * p->stride) * p->k + iw + p->pad - ow * p->stride;
      size_t at = ((size_t)job * p->oh + oh) * p->ow + ow;
      dx += vec_if(get_which(a->which, at) == place, vec_load(a->in, at, bf16));
    }
  vec_store(a->out, ((size_t)job * p->s.h + ih) * p->s.w + iw, dx, bf16);
}

INLINE void grad_of_pairs(const maxpool_args *a, int job, int bf16) {
  const otf_pool *p = &a->p;
  size_t row = (size_t)p->s.w, in = (size_t)job * p->s.h * row, out = (size_t)job * p->oh * p->ow;
  for (int oh = 0; oh < p->oh; oh++, in += 2 * row)
    for (int ow = 0; ow < p->ow; ow++, out++) {
      ivec which = get_which(a->which, out);
      vec dy = vec_load(a->in, out, bf16);
      for (int i = 0; i < 4; i++)
        vec_store(a->out, in + (size_t)(i / 2) * row + 2 * (size_t)ow + i % 2, vec_if(which == i, dy), bf16);
    }
}

CLONES static void pairs_grad_job(void *arg, int job, int worker) {
  (void)worker;
  const maxpool_args *a = arg;
  if (a->p.bf16) grad_of_pairs(a, job, 1);
  else grad_of_pairs(a, job, 0);
}

CLONES static void maxpool_grad_job(void *arg, int job, int worker) {
  (void)worker;
  const maxpool_args *a = arg;
  for (int ih = 0; ih < a->p.s.h; ih++)
    for (int iw = 0; iw < a->p.s.w; iw++) {
      if (a->p.bf16) grad_at(a, job, ih, iw, 1);
      else grad_at(a, job, ih, iw, 0);
    }
}

static int maps(const otf_pool *p) { return p->s.n * ((p->s.c + LANES - 1) / LANES); }

void otf_maxpool(otf_workers *w, otf_pool p, void *y, const void *x, uint8_t *which) {
  maxpool_args a = {p, y, x, which};
  otf_run(w, maps(&p), pairs(&p) ? pairs_job : maxpool_job, &a);
}

void otf_maxpool_grad(otf_workers *w, otf_pool p, void *dx, const void *dy, const uint8_t *which) {
  maxpool_args a = {p, dx, dy, (uint8_t *)which};
  otf_run(w, maps(&p), pairs(&p) ? pairs_grad_job : maxpool_grad_job, &a);
}
