//go:build onednn && cgo

// Convolutions of side 3, stride 1, padding 1 by Winograd's algorithms
// (winograd_transform.h) and a matrix product for each of the P points of a
// tile. Legend: T tiles of all maps, K input and O output blocks of channels.
#ifndef OTF_WINOGRAD_H
#define OTF_WINOGRAD_H

#include "arena.h"
#include "conv.h"

typedef struct {
  int kind;   // FOUR or PAIR
  int points; // P, of a whole tile
  int n, h, w;
  int rows, columns; // of tiles in a map
  int tiles;         // T
  int bf16;
} otf_tiling;

// otf_winograd_fits says whether there is an algorithm for the shape, 0 where not.
int otf_winograd_fits(const otf_conv *s);
otf_tiling otf_tiling_of(const otf_conv *s);

typedef struct {
  otf_tiling t;
  int from, to;    // channels that are summed over, and that result
  int backward;    // weights (from, to) turned round, instead of (to, from)
  int relu;
  int block;       // tiles that a worker transforms at a time
  int share_input; // transform all tiles first, then go through the outputs
  otf_workers *workers;
  otf_arena *arena;
} otf_winograd;

// otf_winograd_new plans y = x * w, or dx = dy * w turned round, of a shape that
// fits; 0: no memory.
int otf_winograd_new(otf_winograd *p, const otf_conv *s, int backward, otf_workers *w, otf_arena *a);
void otf_winograd_run(const otf_winograd *p, void *y, const void *x, const float *w, const float *b, const void *mask);

// The gradient of the weights.
typedef struct {
  otf_tiling t;
  int in, out; // channels
  int block;   // tiles whose transforms are held at a time
  otf_workers *workers;
  otf_arena *arena;
} otf_winograd_params;

int otf_winograd_params_new(otf_winograd_params *p, const otf_conv *s, otf_workers *w, otf_arena *a);
void otf_winograd_params_run(const otf_winograd_params *p, float *dw, const void *x, const void *dy);

#endif
