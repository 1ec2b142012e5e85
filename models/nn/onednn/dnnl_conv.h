//go:build onednn && cgo

// Convolutions and matrix products by oneDNN. Functions return oneDNN's
// status, 0 for success.
#ifndef OTF_DNNL_CONV_H
#define OTF_DNNL_CONV_H

#include "arena.h"
#include "conv.h"

typedef struct otf_dnnl otf_dnnl;
typedef struct otf_dnnl_conv otf_dnnl_conv;

void otf_dnnl_version(int *major, int *minor, int *patch);
int otf_dnnl_has_bf16(void);  // whether its convolutions run in bfloat16 on this processor
const char *otf_dnnl_status(int status);

int otf_dnnl_new(otf_dnnl **out, otf_workers *w, otf_arena *arena);
void otf_dnnl_free(otf_dnnl *d);

// otf_dnnl_conv_new prepares one direction of a convolution and grows the arena.
int otf_dnnl_conv_new(otf_dnnl_conv **out, otf_dnnl *d, const otf_conv *s, int direction, int winograd);
void otf_dnnl_conv_free(otf_dnnl_conv *c);
// otf_dnnl_conv_run: x, w, b, y or their gradients, whichever the direction has.
int otf_dnnl_conv_run(otf_dnnl_conv *c, void *x, float *w, float *b, void *y);

// otf_dnnl_gemm is c (m, n) = a·b, row-major; transposed where ta, tb say so.
int otf_dnnl_gemm(otf_dnnl *d, int ta, int tb, int m, int n, int k, const float *a, const float *b, float *c);

#endif
