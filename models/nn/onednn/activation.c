//go:build onednn && cgo

// Activations and products, value by value, in jobs of CHUNK vectors; what is
// left at the end of a plain slice goes through one vector more.

#include "kernels.h"
#include "vecmath.h"

#define CHUNK 512

typedef struct {
  void *y;
  const void *a, *b;
  int bf16, function;
  float alpha;
  size_t len;
} activation_args;

enum { OTF_PRODUCT = -1 };

INLINE vec value(int function, vec x, float alpha) {
  switch (function) {
    case OTF_RELU6: return vec_either(x > 6, vec_all(6), vec_either(x < 0, vec_zero(), x));
    case OTF_LEAKY_RELU: return vec_either(x > 0, x, alpha * x);
    case OTF_ELU: return vec_either(x > 0, x, alpha * (vec_exp(x) - 1));
    case OTF_GELU: return x * vec_normal(x);
    case OTF_SILU: return x * vec_sigmoid(x);
    case OTF_TANH: return vec_tanh(x);
    default: return vec_sigmoid(x);
  }
}

// slope is the function's derivative.
INLINE vec slope(int function, vec x, float alpha) {
  vec one = vec_all(1), s;
  switch (function) {
    case OTF_RELU6: return vec_if((x > 0) & (x < 6), one);
    case OTF_LEAKY_RELU: return vec_either(x > 0, one, vec_all(alpha));
    case OTF_ELU: return vec_either(x > 0, one, alpha * vec_exp(x));
    case OTF_GELU: return vec_normal(x) + x * 0.39894228f * vec_exp(-0.5f * x * x);
    case OTF_SILU: s = vec_sigmoid(x); return s + x * s * (1 - s);
    case OTF_TANH: return 4 * vec_sigmoid(2 * x) * vec_sigmoid(-2 * x);
    default: return vec_sigmoid(x) * vec_sigmoid(-x);
  }
}

// result is f(a), f'(a)·b or a·b.
INLINE vec result(const activation_args *g, vec a, vec b) {
  if (g->function == OTF_PRODUCT) return a * b;
  return g->b ? slope(g->function, a, g->alpha) * b : value(g->function, a, g->alpha);
}

INLINE void activation_span(const activation_args *g, size_t begin, size_t end, int bf16) {
  for (size_t i = begin; i < end; i++)
    vec_store(g->y, i, result(g, vec_load(g->a, i, bf16), g->b ? vec_load(g->b, i, bf16) : vec_zero()), bf16);
}

CLONES static void activation_job(void *arg, int job, int worker) {
  (void)worker;
  const activation_args *g = arg;
  size_t begin = (size_t)job * CHUNK, end = begin + CHUNK, all = g->len / LANES;
  if (end > all) end = all;
  if (g->bf16) activation_span(g, begin, end, 1);
  else activation_span(g, begin, end, 0);
}

// last computes the values behind the last whole vector.
CLONES static void last(const activation_args *g) {
  size_t from = g->len / LANES * LANES, size = (g->len - from) * sizeof(float);
  float a[LANES] = {0}, b[LANES] = {0}, y[LANES];
  memcpy(a, (const float *)g->a + from, size);
  if (g->b) memcpy(b, (const float *)g->b + from, size);
  vec_put(y, result(g, vec_get(a), vec_get(b)));
  memcpy((float *)g->y + from, y, size);
}

static void run(otf_workers *w, activation_args *g) {
  otf_run(w, (int)((g->len / LANES + CHUNK - 1) / CHUNK), activation_job, g);
  if (g->len % LANES) last(g);
}

void otf_activate(otf_workers *w, void *y, const void *x, size_t len, int bf16, int function, float alpha) {
  activation_args g = {y, x, NULL, bf16, function, alpha, len};
  run(w, &g);
}

void otf_activate_grad(otf_workers *w, void *dx, const void *dy, const void *x, size_t len, int bf16, int function,
                       float alpha) {
  activation_args g = {dx, x, dy, bf16, function, alpha, len};
  run(w, &g);
}

void otf_multiply(otf_workers *w, void *y, const void *a, const void *b, size_t len, int bf16) {
  activation_args g = {y, a, b, bf16, OTF_PRODUCT, 0, len};
  run(w, &g);
}
