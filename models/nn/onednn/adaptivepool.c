//go:build onednn && cgo

// Means over windows that cover the map: of n along an axis of that length, the
// i-th goes from ⌊i·length/n⌋ to ⌈(i+1)·length/n⌉. One job a map (n, block).

#include "kernels.h"
#include "vec.h"

typedef struct {
  otf_pool p;
  void *out;
  const void *in, *x;
} adaptive_args;

INLINE int begin_of(int i, int n, int length) { return i * length / n; }
INLINE int end_of(int i, int n, int length) { return ((i + 1) * length + n - 1) / n; }
INLINE int size_of(int i, int n, int length) { return end_of(i, n, length) - begin_of(i, n, length); }

INLINE void mean_at(const adaptive_args *a, int job, int oh, int ow, int bf16) {
  const otf_pool *p = &a->p;
  vec sum = vec_zero();
  for (int h = begin_of(oh, p->oh, p->s.h); h < end_of(oh, p->oh, p->s.h); h++)
    for (int w = begin_of(ow, p->ow, p->s.w); w < end_of(ow, p->ow, p->s.w); w++)
      sum += vec_load(a->in, ((size_t)job * p->s.h + h) * p->s.w + w, bf16);
  float area = (float)size_of(oh, p->oh, p->s.h) * (float)size_of(ow, p->ow, p->s.w);
  vec_store(a->out, ((size_t)job * p->oh + oh) * p->ow + ow, sum / area, bf16);
}

CLONES static void adaptive_job(void *arg, int job, int worker) {
  (void)worker;
  const adaptive_args *a = arg;
  for (int oh = 0; oh < a->p.oh; oh++)
    for (int ow = 0; ow < a->p.ow; ow++) {
      if (a->p.bf16) mean_at(a, job, oh, ow, 1);
      else mean_at(a, job, oh, ow, 0);
    }
}

// gradient_at sums over the windows that hold the pixel: the first of them along
// an axis is ⌊i·n/length⌋.
INLINE void gradient_at(const adaptive_args *a, int job, int ih, int iw, int bf16) {
  const otf_pool *p = &a->p;
  vec dx = vec_zero();
  for (int oh = ih * p->oh / p->s.h; oh < p->oh && begin_of(oh, p->oh, p->s.h) <= ih; oh++)
    for (int ow = iw * p->ow / p->s.w; ow < p->ow && begin_of(ow, p->ow, p->s.w) <= iw; ow++) {
      float area = (float)size_of(oh, p->oh, p->s.h) * (float)size_of(ow, p->ow, p->s.w);
      dx += vec_load(a->in, ((size_t)job * p->oh + oh) * p->ow + ow, bf16) / area;
    }
  size_t at = ((size_t)job * p->s.h + ih) * p->s.w + iw;
  if (p->mask) dx = vec_if(vec_load(a->x, at, bf16) != 0, dx);
  vec_store(a->out, at, dx, bf16);
}

CLONES static void adaptive_grad_job(void *arg, int job, int worker) {
  (void)worker;
  const adaptive_args *a = arg;
  for (int ih = 0; ih < a->p.s.h; ih++)
    for (int iw = 0; iw < a->p.s.w; iw++) {
      if (a->p.bf16) gradient_at(a, job, ih, iw, 1);
      else gradient_at(a, job, ih, iw, 0);
    }
}

static int maps(const otf_pool *p) { return p->s.n * ((p->s.c + LANES - 1) / LANES); }

void otf_adaptivepool(otf_workers *w, otf_pool p, void *y, const void *x) {
  adaptive_args a = {p, y, x, NULL};
  otf_run(w, maps(&p), adaptive_job, &a);
}

void otf_adaptivepool_grad(otf_workers *w, otf_pool p, void *dx, const void *dy, const void *x) {
  adaptive_args a = {p, dx, dy, x};
  otf_run(w, maps(&p), adaptive_grad_job, &a);
}
