//go:build onednn && cgo

// The kernels that need no oneDNN. Legend: N samples, C channels, B = ⌈C/16⌉
// blocks of channels, H height, W width. Packed is (N, B, H, W, 16), float32
// or, where bf16 is set, bfloat16. Plain is float32 (N, C, H, W).
#ifndef OTF_KERNELS_H
#define OTF_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "workers.h"

typedef struct {
  int n, c, h, w;
} otf_shape;

// layout.c
void otf_pack(otf_workers *w, void *packed, const float *plain, otf_shape s, int bf16);
void otf_unpack(otf_workers *w, float *plain, const void *packed, otf_shape s, int bf16);
// otf_unflatten is otf_pack, and 0 where the packed mask is 0, if there is one.
void otf_unflatten(otf_workers *w, void *packed, const float *plain, const void *mask, otf_shape s, int bf16);

// elementwise.c; len is in values. Plain values are float32 of any number,
// packed ones come in whole vectors.
// otf_sum is y = a + b, or a where b is NULL, then ReLU if wanted.
void otf_sum(otf_workers *w, void *y, const void *a, const void *b, size_t len, int bf16, int relu);
void otf_relu_grad(otf_workers *w, void *dx, const void *dy, const void *y, size_t len, int bf16);
void otf_sgd(otf_workers *w, float *p, const float *g, float *v, size_t len, float rate, float momentum, float decay);

// activation.c, in the same way. Packed values that are no channels stay zero
// where f(0) = 0; after a sigmoid, otf_clear_filled makes them zero.
enum { OTF_RELU6, OTF_LEAKY_RELU, OTF_ELU, OTF_GELU, OTF_SILU, OTF_TANH, OTF_SIGMOID };
void otf_activate(otf_workers *w, void *y, const void *x, size_t len, int bf16, int function, float alpha);
void otf_activate_grad(otf_workers *w, void *dx, const void *dy, const void *x, size_t len, int bf16, int function,
                       float alpha);
void otf_multiply(otf_workers *w, void *y, const void *a, const void *b, size_t len, int bf16);

// channels.c: channels first..first+count-1 of packed x become channels at.. of y.
void otf_copy_channels(otf_workers *w, void *y, otf_shape to, int at, const void *x, otf_shape from, int first,
                       int count, int bf16);
void otf_clear_filled(void *y, otf_shape s, int bf16);

// vectors.c: y (n, c) += b (c), then ReLU if wanted; db (c) = Σ dy (n, c).
void otf_bias_relu(float *y, const float *b, int n, int c, int relu);
void otf_column_sums(float *db, const float *dy, int n, int c);
// otf_channel_sums is db (C) = Σ of packed dy; partial (N, B, 16).
void otf_channel_sums(otf_workers *w, float *db, const void *dy, float *partial, otf_shape s, int bf16);

// Pools over windows of k × k with a stride and zero padding; s is x's shape.
typedef struct {
  otf_shape s;
  int oh, ow; // y's height and width
  int k, stride, pad;
  int bf16;
  int mask; // x is a ReLU's output: no gradient where x = 0
} otf_pool;

// maxpool.c; which (N, B, oh, ow, 16) receives each maximum's place in its
// window, or OTF_NOWHERE; NULL: not wanted.
#define OTF_NOWHERE 255
void otf_maxpool(otf_workers *w, otf_pool p, void *y, const void *x, uint8_t *which);
void otf_maxpool_grad(otf_workers *w, otf_pool p, void *dx, const void *dy, const uint8_t *which);

// avgpool.c; k = 0 is one window of the whole map (stride 1, no padding). x is
// read only with mask.
void otf_avgpool(otf_workers *w, otf_pool p, void *y, const void *x);
void otf_avgpool_grad(otf_workers *w, otf_pool p, void *dx, const void *dy, const void *x);

// adaptivepool.c; of the pool only the shapes and mask count.
void otf_adaptivepool(otf_workers *w, otf_pool p, void *y, const void *x);
void otf_adaptivepool_grad(otf_workers *w, otf_pool p, void *dx, const void *dy, const void *x);

// depthwise.c; weights are (C, k, k), b (C) or NULL.
typedef struct {
  otf_shape s;
  int oh, ow, k, stride, pad;
  int bf16;
  int relu;
  int mask;
  float *taps;    // (B, k·k, 16), of which those beyond C are zero
  float *bias;    // (B, 16), zero without one
  float *partial; // (N, B, k·k, 16)
} otf_depthwise;
void otf_depthwise_forward(otf_workers *w, const otf_depthwise *d, void *y, const void *x, const float *weights,
                           const float *b);
void otf_depthwise_input(otf_workers *w, const otf_depthwise *d, void *dx, const void *dy, const float *weights,
                         const void *x);
void otf_depthwise_params(otf_workers *w, const otf_depthwise *d, float *dw, const void *x, const void *dy);

// batchnorm.c; the vectors have 16·B values except where C is said.
typedef struct {
  otf_shape s;
  int bf16;
  int relu;
  int mask;
  float *partial;       // (N, B, 2, 16)
  float *scale, *shift; // y = scale·x + shift
  float *mean, *rstd;   // of the batch
} otf_norm;
// otf_norm_statistics sets mean and rstd from x and moves the running ones (C).
void otf_norm_statistics(otf_workers *w, const otf_norm *n, const void *x, float eps, float momentum,
                         float *running_mean, float *running_variance);
// otf_norm_running sets mean and rstd from the running ones (C).
void otf_norm_running(const otf_norm *n, float eps, const float *running_mean, const float *running_variance);
// otf_norm_apply is y = γ·(x − mean)·rstd + β, γ and β (C).
void otf_norm_apply(otf_workers *w, const otf_norm *n, void *y, const void *x, const float *gamma, const float *beta);
// otf_norm_grad sets dx, dγ (C) and dβ (C).
void otf_norm_grad(otf_workers *w, const otf_norm *n, void *dx, float *dgamma, float *dbeta, const void *dy,
                   const void *x, const float *gamma);

#endif
