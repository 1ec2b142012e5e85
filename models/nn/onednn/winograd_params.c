//go:build onednn && cgo

// Winograd's gradient of the weights. For each point the sum over all tiles of
// input times output gradient, a matrix product with the tiles in between:
//
//   V (P, C/16, tiles, 16)   points of the inputs, of a block of tiles
//   Y (P, O/16, tiles, 16)   points of the output gradients, of the same tiles
//   U (P, C, O)              points of the weights' gradient, summed over blocks
//
// V and Y of a block stay in the shared cache. Where all tiles make one block, a
// job multiplies all points of a few channels and transforms them at once, U
// (P, 2·16, 4·16) being its worker's. Else U is kept whole: for each block come
// jobs for the products of a point and a chunk of outputs, and the transforms last.

#include "gemm.h"
#include "winograd.h"
#include "winograd_tile.h"

#define CHUNK 4         // blocks of output channels in a chunk
#define SLICE 2         // blocks of input channels in a job of few channels
#define ROWS 4          // input channels in the inner step
#define PAD LANES       // keeps points apart in the sets of the cache
#define WHOLE_BYTES 20000000 // of V and Y, if all tiles make one block
#define BLOCK_BYTES 8000000  // of V and Y, if not

static int blocks(int channels) { return (channels + LANES - 1) / LANES; }
static int least(int a, int b) { return a < b ? a : b; }

// Distances of points in floats.
static size_t stride(const otf_winograd_params *p, int channels) {
  return (size_t)blocks(channels) * p->block * LANES + PAD;
}
static int whole(const otf_winograd_params *p) { return p->block == p->t.tiles; }
// The channels that U holds.
static size_t u_rows(const otf_winograd_params *p) { return (size_t)(whole(p) ? SLICE : blocks(p->in)) * LANES; }
static size_t u_row(const otf_winograd_params *p) { return (size_t)(whole(p) ? CHUNK : blocks(p->out)) * LANES; }
static size_t u_stride(const otf_winograd_params *p) { return u_rows(p) * u_row(p) + PAD; }
static size_t u_size(const otf_winograd_params *p) { return u_stride(p) * p->t.points; }

typedef struct {
  const otf_winograd_params *p;
  float *dw;
  const void *x, *dy;
  float *u, *v, *y;
  int first, count; // the block's tiles
} params_args;

// TRANSFORMS

INLINE void transform(const params_args *a, int kind, int bf16, int block) {
  const otf_winograd_params *p = a->p;
  int in = blocks(p->in), out = blocks(p->out), gradient = block >= in;
  float *to = gradient ? a->y + (size_t)(block - in) * p->block * LANES : a->v + (size_t)block * p->block * LANES;
  for (int i = 0; i < a->count; i++) {
    if (gradient)
      gradient_tile(&p->t, kind, to + i * LANES, stride(p, p->out), a->dy, out, block - in, a->first + i, bf16);
    else input_tile(&p->t, kind, to + i * LANES, stride(p, p->in), a->x, in, block, a->first + i, bf16);
  }
}

WIDE static void transform_job(void *arg, int job, int worker) {
  (void)worker;
  const params_args *a = arg;
  const otf_tiling *t = &a->p->t;
  if (t->kind == FOUR && t->bf16) transform(a, FOUR, 1, job);
  else if (t->kind == FOUR) transform(a, FOUR, 0, job);
  else if (t->bf16) transform(a, PAIR, 1, job);
  else transform(a, PAIR, 0, job);
}

// PRODUCTS

// rows_product adds ROWS channels of V by J blocks of Y, over the tiles.
INLINE void rows_product(int J, float *u, size_t u_row, const float *v, const float *y, size_t y_block, int tiles,
                         int add) {
  vec acc[MAX_R][MAX_J];
  if (add) acc_get(ROWS, J, acc, u, u_row, LANES);
  else acc_clear(ROWS, J, acc);
#pragma GCC unroll 4
  for (int i = 0; i < tiles; i++) outer_product(ROWS, J, acc, v + i * LANES, 1, y + i * LANES, y_block);
  acc_put(ROWS, J, acc, u, u_row, LANES);
}

// channels_product is J blocks of outputs by some blocks of inputs.
INLINE void channels_product(const params_args *a, int J, float *u, const float *v, const float *y, int from) {
  size_t block = (size_t)a->p->block * LANES;
  for (int c = 0; c < from * LANES; c += ROWS)
    rows_product(J, u + c * u_row(a->p), u_row(a->p), v + c / LANES * block + c % LANES, y, block, a->count,
                 a->first > 0);
}

// point_product is that for the blocks that are left at chunk.
WIDE static void point_product(const params_args *a, float *u, int point, int first, int from, int chunk) {
  const otf_winograd_params *p = a->p;
  const float *v = a->v + point * stride(p, p->in) + (size_t)first * p->block * LANES;
  const float *y = a->y + point * stride(p, p->out) + (size_t)chunk * CHUNK * p->block * LANES;
  switch (least(CHUNK, blocks(p->out) - chunk * CHUNK)) {
    case 1: channels_product(a, 1, u, v, y, from); break;
    case 2: channels_product(a, 2, u, v, y, from); break;
    case 3: channels_product(a, 3, u, v, y, from); break;
    case 4: channels_product(a, 4, u, v, y, from); break;
  }
}

static void point_job(void *arg, int job, int worker) {
  (void)worker;
  const params_args *a = arg;
  int point = job % a->p->t.points, chunk = job / a->p->t.points;
  float *u = a->u + point * u_stride(a->p) + (size_t)chunk * CHUNK * LANES;
  point_product(a, u, point, 0, blocks(a->p->in), chunk);
}

// WEIGHTS

// weights transforms and transposes the gradient of 16 × 16 channels, u.
INLINE void weights(const params_args *a, int kind, const float *u, int from, int to) {
  const otf_winograd_params *p = a->p;
  int from_count = least(LANES, p->in - from * LANES), to_count = least(LANES, p->out - to * LANES);
  for (int c = 0; c < from_count; c++) {
    vec d[SIDE][SIDE];
    float t[9][LANES];
    from_points(kind, weights_gradient_side, 3, d, u + c * u_row(p), u_stride(p));
    for (int tap = 0; tap < 9; tap++) vec_put(t[tap], d[tap / 3][tap % 3]);
    float *dw = a->dw + ((size_t)to * LANES * p->in + from * LANES + c) * 9;
    for (int o = 0; o < to_count; o++)
      for (int tap = 0; tap < 9; tap++) dw[(size_t)o * p->in * 9 + tap] = t[tap][o];
  }
}

WIDE static void weights_block(const params_args *a, const float *u, int from, int to) {
  if (a->p->t.kind == FOUR) weights(a, FOUR, u, from, to);
  else weights(a, PAIR, u, from, to);
}

static void weights_job(void *arg, int job, int worker) {
  (void)worker;
  const params_args *a = arg;
  int from = job % blocks(a->p->in), to = job / blocks(a->p->in);
  weights_block(a, a->u + (from * u_row(a->p) + to) * LANES, from, to);
}

static int slices(const otf_winograd_params *p) { return (blocks(p->in) + SLICE - 1) / SLICE; }
static int chunks(const otf_winograd_params *p) { return (blocks(p->out) + CHUNK - 1) / CHUNK; }

// channels_job does all for a slice of inputs and a chunk of outputs.
static void channels_job(void *arg, int job, int worker) {
  const params_args *a = arg;
  const otf_winograd_params *p = a->p;
  int first = job % slices(p) * SLICE, chunk = job / slices(p);
  int from = least(SLICE, blocks(p->in) - first), to = least(CHUNK, blocks(p->out) - chunk * CHUNK);
  float *u = a->u + worker * u_size(p);
  for (int point = 0; point < p->t.points; point++)
    point_product(a, u + point * u_stride(p), point, first, from, chunk);
  for (int i = 0; i < from; i++)
    for (int j = 0; j < to; j++) weights_block(a, u + (i * u_row(p) + j) * LANES, first + i, chunk * CHUNK + j);
}

// plan_block sets the tiles of a block.
static void plan_block(otf_winograd_params *p) {
  size_t tile = (size_t)(blocks(p->in) + blocks(p->out)) * LANES * p->t.points * sizeof(float);
  int most = (int)(BLOCK_BYTES / tile);
  if (most < 32) most = 32;
  int count = (p->t.tiles + most - 1) / most;
  int all = tile * p->t.tiles <= WHOLE_BYTES && slices(p) * chunks(p) >= 4 * otf_workers_count(p->workers);
  p->block = all ? p->t.tiles : (p->t.tiles + count - 1) / count;
}

static size_t u_total(const otf_winograd_params *p) {
  return u_size(p) * (whole(p) ? otf_workers_count(p->workers) : 1);
}

int otf_winograd_params_new(otf_winograd_params *p, const otf_conv *s, otf_workers *w, otf_arena *a) {
  *p = (otf_winograd_params){otf_tiling_of(s), s->in.c, s->out, 0, w, a};
  plan_block(p);
  return otf_arena_need(a, (u_total(p) + (stride(p, p->in) + stride(p, p->out)) * p->t.points) * sizeof(float));
}

void otf_winograd_params_run(const otf_winograd_params *p, float *dw, const void *x, const void *dy) {
  params_args a = {p, dw, x, dy, (float *)p->arena->base, NULL, NULL, 0, 0};
  a.v = a.u + u_total(p);
  a.y = a.v + stride(p, p->in) * p->t.points;
  for (; a.first < p->t.tiles; a.first += p->block) {
    a.count = least(p->block, p->t.tiles - a.first);
    otf_run(p->workers, blocks(p->in) + blocks(p->out), transform_job, &a);
    if (whole(p)) otf_run(p->workers, slices(p) * chunks(p), channels_job, &a);
    else otf_run(p->workers, p->t.points * chunks(p), point_job, &a);
  }
  if (!whole(p)) otf_run(p->workers, blocks(p->in) * blocks(p->out), weights_job, &a);
}
