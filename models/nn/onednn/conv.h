//go:build onednn && cgo

// The geometry of a convolution, for all that compute one. Legend as in
// kernels.h; O output channels, k kernel side.
#ifndef OTF_CONV_H
#define OTF_CONV_H

#include "kernels.h"

typedef struct {
  otf_shape in;
  int out;    // O
  int oh, ow; // y's height and width
  int k, stride, pad;
  int bf16;  // x and y are bfloat16 (a plain x is float32)
  int plain; // x is plain
  int bias;
  int relu;
} otf_conv;

enum { OTF_FORWARD, OTF_BACKWARD_INPUT, OTF_BACKWARD_PARAMS };

#endif
