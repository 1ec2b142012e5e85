//go:build onednn && cgo

// Average pooling, padded zeros counted; one job a map (n, block). The mean
// over a whole map is the window of its size.

#include "kernels.h"
#include "vec.h"

typedef struct {
  otf_pool p;
  void *out;
  const void *in, *x;
  int kh, kw; // the window's height and width
} avgpool_args;

INLINE int low(int i) { return i > 0 ? i : 0; }
INLINE int high(int i, int end) { return i < end ? i : end; }

INLINE void mean_of_window(const avgpool_args *a, int job, int oh, int ow, int bf16) {
  const otf_pool *p = &a->p;
  int h0 = oh * p->stride - p->pad, w0 = ow * p->stride - p->pad;
  vec sum = vec_zero();
  for (int h = low(h0); h < high(h0 + a->kh, p->s.h); h++)
    for (int w = low(w0); w < high(w0 + a->kw, p->s.w); w++)
      sum += vec_load(a->in, ((size_t)job * p->s.h + h) * p->s.w + w, bf16);
  vec_store(a->out, ((size_t)job * p->oh + oh) * p->ow + ow, sum / (float)(a->kh * a->kw), bf16);
}

CLONES static void avgpool_job(void *arg, int job, int worker) {
  (void)worker;
  const avgpool_args *a = arg;
  for (int oh = 0; oh < a->p.oh; oh++)
    for (int ow = 0; ow < a->p.ow; ow++) {
      if (a->p.bf16) mean_of_window(a, job, oh, ow, 1);
      else mean_of_window(a, job, oh, ow, 0);
    }
}

// first is the first output whose window of k covers input i.
INLINE int first(int i, int k, const otf_pool *p) {
  int j = i + p->pad - k + 1;
  return j <= 0 ? 0 : (j + p->stride - 1) / p->stride;
}

INLINE void grad_at(const avgpool_args *a, int job, int ih, int iw, int bf16) {
  const otf_pool *p = &a->p;
  vec dx = vec_zero();
  for (int oh = first(ih, a->kh, p); oh < high((ih + p->pad) / p->stride + 1, p->oh); oh++)
    for (int ow = first(iw, a->kw, p); ow < high((iw + p->pad) / p->stride + 1, p->ow); ow++)
      dx += vec_load(a->in, ((size_t)job * p->oh + oh) * p->ow + ow, bf16);
  size_t at = ((size_t)job * p->s.h + ih) * p->s.w + iw;
  dx /= (float)(a->kh * a->kw);
  if (p->mask) dx = vec_if(vec_load(a->x, at, bf16) != 0, dx);
  vec_store(a->out, at, dx, bf16);
}

CLONES static void avgpool_grad_job(void *arg, int job, int worker) {
  (void)worker;
  const avgpool_args *a = arg;
  for (int ih = 0; ih < a->p.s.h; ih++)
    for (int iw = 0; iw < a->p.s.w; iw++) {
      if (a->p.bf16) grad_at(a, job, ih, iw, 1);
      else grad_at(a, job, ih, iw, 0);
    }
}

// args_of has k × k windows, or, where k is 0, one window of the whole map.
static avgpool_args args_of(otf_pool p, void *out, const void *in, const void *x) {
  avgpool_args a = {p, out, in, x, p.k, p.k};
  if (p.k == 0) {
    a.kh = p.s.h;
    a.kw = p.s.w;
  }
  return a;
}

static int maps(const otf_pool *p) { return p->s.n * ((p->s.c + LANES - 1) / LANES); }

void otf_avgpool(otf_workers *w, otf_pool p, void *y, const void *x) {
  avgpool_args a = args_of(p, y, x, NULL);
  otf_run(w, maps(&p), avgpool_job, &a);
}

void otf_avgpool_grad(otf_workers *w, otf_pool p, void *dx, const void *dy, const void *x) {
  avgpool_args a = args_of(p, dx, dy, x);
  otf_run(w, maps(&p), avgpool_grad_job, &a);
}
