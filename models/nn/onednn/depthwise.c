//go:build onednn && cgo

// Convolutions of every channel with a filter of its own, in float32 whatever
// the activations are. One job a map (n, block); a tap has one weight a lane.

#include "kernels.h"
#include "vec.h"

typedef struct {
  const otf_depthwise *d;
  void *out;
  const void *a, *b;
} depthwise_args;

INLINE int blocks_of(const otf_depthwise *d) { return (d->s.c + LANES - 1) / LANES; }
INLINE size_t pixel_of_x(const otf_depthwise *d, int job, int h, int w) { return ((size_t)job * d->s.h + h) * d->s.w + w; }
INLINE size_t pixel_of_y(const otf_depthwise *d, int job, int h, int w) { return ((size_t)job * d->oh + h) * d->ow + w; }

// taps_of are the k·k vectors of weights of the job's block.
INLINE const float *taps_of(const otf_depthwise *d, int job) {
  return d->taps + (size_t)(job % blocks_of(d)) * d->k * d->k * LANES;
}

INLINE int inside(int i, int end) { return i >= 0 && i < end; }

INLINE vec output_at(const depthwise_args *a, int job, int oh, int ow, int bf16) {
  const otf_depthwise *d = a->d;
  const float *taps = taps_of(d, job);
  vec sum = vec_get(d->bias + job % blocks_of(d) * LANES);
  for (int kh = 0; kh < d->k; kh++) {
    int h = oh * d->stride - d->pad + kh;
    for (int kw = 0; kw < d->k && inside(h, d->s.h); kw++) {
      int w = ow * d->stride - d->pad + kw;
      if (inside(w, d->s.w)) sum += vec_load(a->a, pixel_of_x(d, job, h, w), bf16) * vec_get(taps + (kh * d->k + kw) * LANES);
    }
  }
  return d->relu ? vec_relu(sum) : sum;
}

CLONES static void forward_job(void *arg, int job, int worker) {
  (void)worker;
  const depthwise_args *a = arg;
  const otf_depthwise *d = a->d;
  for (int oh = 0; oh < d->oh; oh++)
    for (int ow = 0; ow < d->ow; ow++) {
      vec y = d->bf16 ? output_at(a, job, oh, ow, 1) : output_at(a, job, oh, ow, 0);
      vec_store(a->out, pixel_of_y(d, job, oh, ow), y, d->bf16);
    }
}

// seen_by is the output that sees input i through tap k along an axis, or -1.
INLINE int seen_by(int i, int k, const otf_depthwise *d, int end) {
  int o = i + d->pad - k;
  return o >= 0 && o % d->stride == 0 && o / d->stride < end ? o / d->stride : -1;
}

INLINE vec input_grad_at(const depthwise_args *a, int job, int ih, int iw, int bf16) {
  const otf_depthwise *d = a->d;
  const float *taps = taps_of(d, job);
  vec sum = vec_zero();
  for (int kh = 0; kh < d->k; kh++) {
    int oh = seen_by(ih, kh, d, d->oh);
    for (int kw = 0; kw < d->k && oh >= 0; kw++) {
      int ow = seen_by(iw, kw, d, d->ow);
      if (ow >= 0) sum += vec_load(a->a, pixel_of_y(d, job, oh, ow), bf16) * vec_get(taps + (kh * d->k + kw) * LANES);
    }
  }
  if (d->mask) sum = vec_if(vec_load(a->b, pixel_of_x(d, job, ih, iw), bf16) != 0, sum);
  return sum;
}

CLONES static void input_job(void *arg, int job, int worker) {
  (void)worker;
  const depthwise_args *a = arg;
  const otf_depthwise *d = a->d;
  for (int ih = 0; ih < d->s.h; ih++)
    for (int iw = 0; iw < d->s.w; iw++) {
      vec dx = d->bf16 ? input_grad_at(a, job, ih, iw, 1) : input_grad_at(a, job, ih, iw, 0);
      vec_store(a->out, pixel_of_x(d, job, ih, iw), dx, d->bf16);
    }
}

// tap_grad is Σ dy·x over the outputs that see something through a tap.
INLINE vec tap_grad(const depthwise_args *a, int job, int kh, int kw, int bf16) {
  const otf_depthwise *d = a->d;
  vec sum = vec_zero();
  for (int oh = 0; oh < d->oh; oh++) {
    int h = oh * d->stride - d->pad + kh;
    for (int ow = 0; ow < d->ow && inside(h, d->s.h); ow++) {
      int w = ow * d->stride - d->pad + kw;
      if (inside(w, d->s.w))
        sum += vec_load(a->a, pixel_of_x(d, job, h, w), bf16) * vec_load(a->b, pixel_of_y(d, job, oh, ow), bf16);
    }
  }
  return sum;
}

CLONES static void params_job(void *arg, int job, int worker) {
  (void)worker;
  const depthwise_args *a = arg;
  const otf_depthwise *d = a->d;
  float *out = d->partial + (size_t)job * d->k * d->k * LANES;
  for (int tap = 0; tap < d->k * d->k; tap++, out += LANES)
    vec_put(out, d->bf16 ? tap_grad(a, job, tap / d->k, tap % d->k, 1) : tap_grad(a, job, tap / d->k, tap % d->k, 0));
}

// lane is where the weight of a channel and tap stands among vectors (B, k·k, 16).
static size_t lane(const otf_depthwise *d, int c, int tap) {
  return ((size_t)(c / LANES) * d->k * d->k + tap) * LANES + c % LANES;
}

static void spread(const otf_depthwise *d, const float *weights) {
  for (int c = 0; c < d->s.c; c++)
    for (int tap = 0; tap < d->k * d->k; tap++) d->taps[lane(d, c, tap)] = weights[c * d->k * d->k + tap];
}

static int maps(const otf_depthwise *d) { return d->s.n * blocks_of(d); }

void otf_depthwise_forward(otf_workers *w, const otf_depthwise *d, void *y, const void *x, const float *weights,
                           const float *b) {
  depthwise_args a = {d, y, x, NULL};
  spread(d, weights);
  for (int c = 0; b && c < d->s.c; c++) d->bias[c] = b[c];
  otf_run(w, maps(d), forward_job, &a);
}

void otf_depthwise_input(otf_workers *w, const otf_depthwise *d, void *dx, const void *dy, const float *weights,
                         const void *x) {
  depthwise_args a = {d, dx, dy, x};
  spread(d, weights);
  otf_run(w, maps(d), input_job, &a);
}

void otf_depthwise_params(otf_workers *w, const otf_depthwise *d, float *dw, const void *x, const void *dy) {
  depthwise_args a = {d, NULL, x, dy};
  otf_run(w, maps(d), params_job, &a);
  size_t size = (size_t)blocks_of(d) * d->k * d->k * LANES;
  for (int c = 0; c < d->s.c; c++)
    for (int tap = 0; tap < d->k * d->k; tap++) {
      double sum = 0;
      for (int n = 0; n < d->s.n; n++) sum += d->partial[n * size + lane(d, c, tap)];
      dw[c * d->k * d->k + tap] = (float)sum;
    }
}
