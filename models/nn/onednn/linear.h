//go:build onednn && cgo

// Fully connected layers by own matrix products. Legend: N samples, I input
// and O output features; x (N, I), w (O, I), b (O), y (N, O), all plain.
#ifndef OTF_LINEAR_H
#define OTF_LINEAR_H

#include "arena.h"
#include "kernels.h"

typedef struct {
  int n, in, out;
  int relu;
  otf_workers *workers;
  otf_arena *arena;
} otf_linear;

// otf_linear_fits says whether the processor has what the products need.
int otf_linear_fits(void);
// otf_linear_new grows the arena for all directions; 0: no memory.
int otf_linear_new(otf_linear *l);
void otf_linear_forward(const otf_linear *l, float *y, const float *x, const float *w, const float *b);
void otf_linear_backward_input(const otf_linear *l, float *dx, const float *dy, const float *w, const float *mask);
void otf_linear_backward_params(const otf_linear *l, float *dw, float *db, const float *x, const float *dy);

#endif
