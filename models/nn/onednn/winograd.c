//go:build onednn && cgo

// Winograd convolution forward, and backward to the input, which is the same
// with the weights turned round. Three steps, blocked for the caches:
//
//   V (P, K, tiles, 16)      points of the inputs, of a block of tiles
//   U (O/4, P, 16·K, 4, 16)  points of the weights, in chunks of 4 blocks
//   M (P, tiles, 4, 16)      products of a chunk
//
// Either a worker takes a block of tiles through all chunks, with U shared, or,
// where all of V stays in the cache but U does not (deep layers, small maps),
// a worker takes a chunk of U, which only it needs, through all tiles.

#include "winograd.h"

#include "gemm.h"
#include "winograd_tile.h"

#define CHUNK 4          // blocks of output channels in a chunk
#define ROWS 6           // tiles in the inner step
#define PAD LANES        // keeps points apart in the sets of the cache
#define SHARED_V 12000000 // bytes of V that count as cached
#define STREAM 24000000  // bytes of y that no cache holds
#define BLOCK_V 600000   // bytes of V of a worker's block

static int blocks(int channels) { return (channels + LANES - 1) / LANES; }
static int least(int a, int b) { return a < b ? a : b; }

static int chunks(const otf_winograd *p) { return (blocks(p->to) + CHUNK - 1) / CHUNK; }
static int chunk_blocks(const otf_winograd *p, int chunk) { return least(CHUNK, blocks(p->to) - chunk * CHUNK); }

// Distances of points and sizes, in floats.
static size_t v_stride(const otf_winograd *p) { return (size_t)blocks(p->from) * p->block * LANES + PAD; }
static size_t m_stride(const otf_winograd *p) { return (size_t)p->block * CHUNK * LANES + PAD; }
static size_t u_stride(const otf_winograd *p) { return (size_t)blocks(p->from) * LANES * CHUNK * LANES + PAD; }
static size_t v_size(const otf_winograd *p) { return v_stride(p) * p->t.points; }
static size_t m_size(const otf_winograd *p) { return m_stride(p) * p->t.points; }
static size_t u_size(const otf_winograd *p) { return u_stride(p) * p->t.points; }

// The run's operands and the parts of the arena.
typedef struct {
  const otf_winograd *p;
  const void *x;
  const float *w, *b;
  finish f;
  float *u, *v, *m; // of all workers
} run_args;

// WEIGHTS: w (O, C, 3, 3) as 9 vectors, lane by output channel.

// weights_block transposes 16 × 16 channels: t[tap][from][to].
INLINE void weights_block(const otf_winograd *p, float t[9][LANES][LANES], const float *w, int from, int to) {
  size_t to_step = p->backward ? 9 : (size_t)p->from * 9, from_step = p->backward ? (size_t)p->to * 9 : 9;
  int from_count = least(LANES, p->from - from * LANES), to_count = least(LANES, p->to - to * LANES);
  if (from_count < LANES || to_count < LANES) memset(t, 0, sizeof(float[9][LANES][LANES]));
  for (int o = 0; o < to_count; o++)
    for (int c = 0; c < from_count; c++) {
      const float *at = w + (size_t)(to * LANES + o) * to_step + (size_t)(from * LANES + c) * from_step;
      for (int tap = 0; tap < 9; tap++) t[tap][c][o] = at[p->backward ? 8 - tap : tap];
    }
}

// weights_points transforms the weights of a chunk and a block of inputs.
INLINE void weights_points(const otf_winograd *p, int kind, float *u, const float *w, int chunk, int from) {
  int count = chunk_blocks(p, chunk);
  float t[9][LANES][LANES];
  for (int j = 0; j < count; j++) {
    weights_block(p, t, w, from, chunk * CHUNK + j);
    for (int c = 0; c < LANES; c++) {
      vec d[SIDE][SIDE];
      for (int tap = 0; tap < 9; tap++) d[tap / 3][tap % 3] = vec_get(t[tap][c]);
      to_points(kind, weights_side, 3, d, u + ((size_t)(from * LANES + c) * count + j) * LANES, u_stride(p));
    }
  }
}

WIDE static void weights_chunk(const otf_winograd *p, float *u, const float *w, int chunk, int from) {
  if (p->t.kind == FOUR) weights_points(p, FOUR, u, w, chunk, from);
  else weights_points(p, PAIR, u, w, chunk, from);
}

WIDE static void weights_job(void *arg, int job, int worker) {
  (void)worker;
  const run_args *a = arg;
  int from = job % blocks(a->p->from), chunk = job / blocks(a->p->from);
  weights_chunk(a->p, a->u + chunk * u_size(a->p), a->w, chunk, from);
}

// INPUTS

INLINE void input_points(const run_args *a, int kind, int bf16, float *v, int first, int count) {
  const otf_winograd *p = a->p;
  for (int block = 0; block < blocks(p->from); block++)
    for (int i = 0; i < count; i++)
      input_tile(&p->t, kind, v + ((size_t)block * p->block + i) * LANES, v_stride(p), a->x, blocks(p->from), block,
                 first + i, bf16);
}

WIDE static void input_block(const run_args *a, float *v, int first, int count) {
  const otf_tiling *t = &a->p->t;
  if (t->kind == FOUR && t->bf16) input_points(a, FOUR, 1, v, first, count);
  else if (t->kind == FOUR) input_points(a, FOUR, 0, v, first, count);
  else if (t->bf16) input_points(a, PAIR, 1, v, first, count);
  else input_points(a, PAIR, 0, v, first, count);
}

WIDE static void input_job(void *arg, int job, int worker) {
  (void)worker;
  const run_args *a = arg;
  const otf_winograd *p = a->p;
  input_block(a, a->v + job * v_size(p), job * p->block, least(p->block, p->t.tiles - job * p->block));
}

// PRODUCTS

// rows_product is R tiles by J blocks of one point, summed over all inputs.
INLINE void rows_product(int R, int J, float *m, const float *v, size_t v_block, const float *u, int from) {
  vec acc[MAX_R][MAX_J];
  acc_clear(R, J, acc);
  for (int k = 0; k < from; k++, v += v_block, u += LANES * J * LANES)
#pragma GCC unroll 4
    for (int c = 0; c < LANES; c++) outer_product(R, J, acc, v + c, LANES, u + c * J * LANES, LANES);
  acc_put(R, J, acc, m, J * LANES, LANES);
}

INLINE void point_product_of(int J, float *m, const float *v, size_t v_block, const float *u, int from, int count) {
  int i = 0;
  for (; i + ROWS <= count; i += ROWS)
    rows_product(ROWS, J, m + (size_t)i * J * LANES, v + (size_t)i * LANES, v_block, u, from);
  m += (size_t)i * J * LANES;
  v += (size_t)i * LANES;
  switch (count - i) {
    case 1: rows_product(1, J, m, v, v_block, u, from); break;
    case 2: rows_product(2, J, m, v, v_block, u, from); break;
    case 3: rows_product(3, J, m, v, v_block, u, from); break;
    case 4: rows_product(4, J, m, v, v_block, u, from); break;
    case 5: rows_product(5, J, m, v, v_block, u, from); break;
  }
}

WIDE static void point_product(int J, float *m, const float *v, size_t v_block, const float *u, int from, int count) {
  switch (J) {
    case 1: point_product_of(1, m, v, v_block, u, from, count); break;
    case 2: point_product_of(2, m, v, v_block, u, from, count); break;
    case 3: point_product_of(3, m, v, v_block, u, from, count); break;
    case 4: point_product_of(4, m, v, v_block, u, from, count); break;
  }
}

static void products(const otf_winograd *p, float *m, const float *v, const float *u, int chunk, int count) {
  for (int i = 0; i < p->t.points; i++)
    point_product(chunk_blocks(p, chunk), m + i * m_stride(p), v + i * v_stride(p), (size_t)p->block * LANES,
                  u + i * u_stride(p), blocks(p->from), count);
}

// OUTPUTS

// bias_of is the bias of a block of outputs, zeros where there is none.
INLINE vec bias_of(const run_args *a, int block) {
  float b[LANES] = {0};
  if (a->b)
    for (int i = 0; i < least(LANES, a->p->to - block * LANES); i++) b[i] = a->b[block * LANES + i];
  return vec_get(b);
}

INLINE WIDE void output_points(const run_args *a, int kind, int bf16, const float *m, int chunk, int first, int count) {
  const otf_winograd *p = a->p;
  int width = chunk_blocks(p, chunk);
  for (int j = 0; j < width; j++) {
    vec bias = bias_of(a, chunk * CHUNK + j);
    for (int i = 0; i < count; i++)
      output_tile(&p->t, kind, &a->f, m + (size_t)(i * width + j) * LANES, m_stride(p), blocks(p->to),
                  chunk * CHUNK + j, first + i, bias, bf16);
  }
}

WIDE static void output_block(const run_args *a, const float *m, int chunk, int first, int count) {
  const otf_tiling *t = &a->p->t;
  if (t->kind == FOUR && t->bf16) output_points(a, FOUR, 1, m, chunk, first, count);
  else if (t->kind == FOUR) output_points(a, FOUR, 0, m, chunk, first, count);
  else if (t->bf16) output_points(a, PAIR, 1, m, chunk, first, count);
  else output_points(a, PAIR, 0, m, chunk, first, count);
  if (a->f.stream) stream_end();
}

// tiles_job takes a block of tiles through all chunks.
static void tiles_job(void *arg, int job, int worker) {
  const run_args *a = arg;
  const otf_winograd *p = a->p;
  float *v = a->v + worker * v_size(p), *m = a->m + worker * m_size(p);
  int first = job * p->block, count = least(p->block, p->t.tiles - first);
  input_block(a, v, first, count);
  for (int chunk = 0; chunk < chunks(p); chunk++) {
    products(p, m, v, a->u + chunk * u_size(p), chunk, count);
    output_block(a, m, chunk, first, count);
  }
}

// chunk_job takes a chunk through all tiles.
static void chunk_job(void *arg, int job, int worker) {
  const run_args *a = arg;
  const otf_winograd *p = a->p;
  float *u = a->u + worker * u_size(p), *m = a->m + worker * m_size(p);
  for (int from = 0; from < blocks(p->from); from++) weights_chunk(p, u, a->w, job, from);
  for (int first = 0; first < p->t.tiles; first += p->block) {
    int count = least(p->block, p->t.tiles - first);
    products(p, m, a->v + first / p->block * v_size(p), u, job, count);
    output_block(a, m, job, first, count);
  }
}

static int tile_blocks(const otf_winograd *p) { return (p->t.tiles + p->block - 1) / p->block; }

// Sizes of the parts of the arena, in floats.
static size_t u_total(const otf_winograd *p) {
  return u_size(p) * (p->share_input ? otf_workers_count(p->workers) : chunks(p));
}
static size_t v_total(const otf_winograd *p) {
  return v_size(p) * (p->share_input ? tile_blocks(p) : otf_workers_count(p->workers));
}

// plan_blocks chooses between the two orders, and the tiles at a time.
static void plan_blocks(otf_winograd *p) {
  size_t tile = (size_t)blocks(p->from) * LANES * p->t.points * sizeof(float);
  int threads = otf_workers_count(p->workers);
  p->share_input = tile * p->t.tiles <= SHARED_V && chunks(p) >= 2 * threads;
  if (p->share_input) {
    p->block = least(p->t.tiles, 128);
    return;
  }
  p->block = (int)(BLOCK_V / tile) / ROWS * ROWS;
  if (p->block < 4 * ROWS) p->block = 4 * ROWS;
  p->block = least(p->block, (p->t.tiles + threads - 1) / threads);
}

int otf_winograd_new(otf_winograd *p, const otf_conv *s, int backward, otf_workers *w, otf_arena *a) {
  *p = (otf_winograd){.t = otf_tiling_of(s), .from = backward ? s->out : s->in.c, .to = backward ? s->in.c : s->out,
                      .backward = backward, .relu = s->relu && !backward, .workers = w, .arena = a};
  plan_blocks(p);
  return otf_arena_need(a, (u_total(p) + v_total(p) + m_size(p) * otf_workers_count(w)) * sizeof(float));
}

// streams is whether y is to go past the caches.
static int streams(const otf_winograd *p, const void *y) {
  size_t bytes = (size_t)p->t.n * blocks(p->to) * LANES * p->t.h * p->t.w * (p->t.bf16 ? 2 : 4);
  return bytes > STREAM && (uintptr_t)y % OTF_ALIGN == 0;
}

void otf_winograd_run(const otf_winograd *p, void *y, const void *x, const float *w, const float *b, const void *mask) {
  run_args a = {p, x, w, b, {y, mask, p->relu, streams(p, y)}, (float *)p->arena->base, NULL, NULL};
  a.v = a.u + u_total(p);
  a.m = a.v + v_total(p);
  if (p->share_input) {
    otf_run(p->workers, tile_blocks(p), input_job, &a);
    otf_run(p->workers, chunks(p), chunk_job, &a);
    return;
  }
  otf_run(p->workers, chunks(p) * blocks(p->from), weights_job, &a);
  otf_run(p->workers, tile_blocks(p), tiles_job, &a);
}
