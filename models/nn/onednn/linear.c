//go:build onednn && cgo

// A fully connected layer is three products c = a·b. Vectors go along the rows
// of b and c, scalars of a are spread over them:
//
//   backward-input   dx (N, I)  = dy (N, O) · w (O, I)
//   backward-params  dw (O, I)  = dyᵀ (O, N) · x (N, I)
//   forward          yᵀ (O, N)  = w (O, I) · xᵀ (I, N), with xᵀ copied first
//
// The columns behind the last whole vector of b are copied, filled up with zeros.

#include "linear.h"

#include "gemm.h"

#define ROWS 6                // of c in the inner step
#define PANEL (MAX_J * LANES) // columns of c in the inner step
#define GROUP (8 * ROWS)      // rows of c in a job

static int least(int a, int b) { return a < b ? a : b; }
static int ceiling(int a, int b) { return (a + b - 1) / b; }
static size_t padded(int n) { return (size_t)ceiling(n, LANES) * LANES; }

typedef struct {
  int m, n, k; // c (m, n), a (m, k), b (k, n)
  const float *a;
  size_t a_row, a_column;
  const float *b;
  size_t b_row;
  const float *tail; // (k, 16), the last n mod 16 columns of b
  float *c;
  size_t c_row;
  const float *mask; // like c; 0 where it is 0, or NULL
} product;

// tile computes R rows by J vectors from (row, column) on; b is at its columns.
INLINE void tile(const product *p, int R, int J, int row, const float *b, size_t b_row, float *c, size_t c_row) {
  vec acc[MAX_R][MAX_J];
  const float *a = p->a + row * p->a_row;
  acc_clear(R, J, acc);
#pragma GCC unroll 4
  for (int k = 0; k < p->k; k++) outer_product(R, J, acc, a + k * p->a_column, p->a_row, b + k * b_row, LANES);
  acc_put(R, J, acc, c, c_row, LANES);
}

INLINE void tile_rows(const product *p, int J, int row, int rows, const float *b, size_t b_row, float *c,
                      size_t c_row) {
  switch (rows) {
    case 1: tile(p, 1, J, row, b, b_row, c, c_row); break;
    case 2: tile(p, 2, J, row, b, b_row, c, c_row); break;
    case 3: tile(p, 3, J, row, b, b_row, c, c_row); break;
    case 4: tile(p, 4, J, row, b, b_row, c, c_row); break;
    case 5: tile(p, 5, J, row, b, b_row, c, c_row); break;
    case 6: tile(p, 6, J, row, b, b_row, c, c_row); break;
  }
}

// vectors_of_rows computes whole vectors of up to ROWS rows.
WIDE static void vectors_of_rows(const product *p, int J, int row, int rows, int column) {
  const float *b = p->b + column;
  float *c = p->c + row * p->c_row + column;
  switch (J) {
    case 1: tile_rows(p, 1, row, rows, b, p->b_row, c, p->c_row); break;
    case 2: tile_rows(p, 2, row, rows, b, p->b_row, c, p->c_row); break;
    case 3: tile_rows(p, 3, row, rows, b, p->b_row, c, p->c_row); break;
    case 4: tile_rows(p, 4, row, rows, b, p->b_row, c, p->c_row); break;
  }
}

// tail_of_rows computes the columns behind the last whole vector.
WIDE static void tail_of_rows(const product *p, int row, int rows, int column) {
  float c[ROWS * LANES];
  tile_rows(p, 1, row, rows, p->tail, LANES, c, LANES);
  for (int r = 0; r < rows; r++)
    memcpy(p->c + (row + r) * p->c_row + column, c + r * LANES, (size_t)(p->n - column) * sizeof *c);
}

WIDE static void mask_rows(const product *p, int row, int rows, int column, int end) {
  for (int r = row; r < row + rows; r++) {
    const float *restrict mask = p->mask + r * p->c_row;
    float *restrict c = p->c + r * p->c_row;
    for (int j = column; j < end; j++) c[j] = mask[j] == 0 ? 0 : c[j]; // no branch: it becomes vectors
  }
}

// block computes some rows by a panel of columns.
static void block(const product *p, int row, int end, int column) {
  int vectors = least(PANEL, p->n - column) / LANES, rest = column + vectors * LANES;
  for (; row < end; row += ROWS) {
    int rows = least(ROWS, end - row);
    vectors_of_rows(p, vectors, row, rows, column);
    if (rest < p->n && vectors < MAX_J) tail_of_rows(p, row, rows, rest);
    if (p->mask) mask_rows(p, row, rows, column, least(column + PANEL, p->n));
  }
}

static void block_job(void *arg, int job, int worker) {
  (void)worker;
  const product *p = arg;
  int panels = ceiling(p->n, PANEL), row = job / panels * GROUP;
  block(p, row, least(row + GROUP, p->m), job % panels * PANEL);
}

// copy_tail fills tail, if there is one.
WIDE static void copy_tail(const product *p, float *tail) {
  int column = p->n / LANES * LANES, count = p->n - column;
  if (count == 0) return;
  for (int k = 0; k < p->k; k++)
    for (int j = 0; j < LANES; j++) tail[k * LANES + j] = j < count ? p->b[k * p->b_row + column + j] : 0;
}

static void multiply(const otf_linear *l, product *p) {
  float *tail = (float *)l->arena->base;
  copy_tail(p, tail);
  p->tail = tail;
  otf_run(l->workers, ceiling(p->m, GROUP) * ceiling(p->n, PANEL), block_job, p);
}

int otf_linear_fits(void) { return otf_wide_vectors(); }

int otf_linear_new(otf_linear *l) {
  size_t tail = (size_t)(l->n > l->out ? l->n : l->out) * LANES;
  size_t forward = padded(l->n) * (l->in + (size_t)GROUP * otf_workers_count(l->workers));
  return otf_arena_need(l->arena, (tail > forward ? tail : forward) * sizeof(float));
}

void otf_linear_backward_input(const otf_linear *l, float *dx, const float *dy, const float *w, const float *mask) {
  product p = {.m = l->n, .n = l->in, .k = l->out, .a = dy, .a_row = l->out, .a_column = 1, .b = w, .b_row = l->in,
               .c = dx, .c_row = l->in, .mask = mask};
  multiply(l, &p);
}

void otf_linear_backward_params(const otf_linear *l, float *dw, float *db, const float *x, const float *dy) {
  product p = {.m = l->out, .n = l->in, .k = l->n, .a = dy, .a_row = 1, .a_column = l->out, .b = x, .b_row = l->in,
               .c = dw, .c_row = l->in};
  multiply(l, &p);
  if (db) otf_column_sums(db, dy, l->n, l->out);
}

// FORWARD

typedef struct {
  const otf_linear *l;
  float *y, *xt; // xt (I, N filled up)
  const float *x, *w, *b;
} forward_args;

// transpose_job copies 16 features of all samples.
WIDE static void transpose_job(void *arg, int job, int worker) {
  (void)worker;
  const forward_args *a = arg;
  const otf_linear *l = a->l;
  size_t row = padded(l->n);
  for (int i = job * LANES; i < least(job * LANES + LANES, l->in); i++)
    for (size_t n = 0; n < row; n++) a->xt[i * row + n] = n < (size_t)l->n ? a->x[n * l->in + i] : 0;
}

// finish_rows writes rows of yᵀ to y.
WIDE static void finish_rows(const forward_args *a, const float *yt, int first, int count) {
  size_t row = padded(a->l->n);
  for (int n = 0; n < a->l->n; n++)
    for (int i = 0; i < count; i++) {
      float v = yt[i * row + n] + (a->b ? a->b[first + i] : 0);
      a->y[(size_t)n * a->l->out + first + i] = a->l->relu && !(v > 0) ? 0 : v;
    }
}

static void forward_job(void *arg, int job, int worker) {
  const forward_args *a = arg;
  const otf_linear *l = a->l;
  size_t row = padded(l->n);
  int first = job * GROUP, count = least(GROUP, l->out - first);
  float *yt = a->xt + row * (l->in + (size_t)GROUP * worker);
  product p = {.m = count, .n = (int)row, .k = l->in, .a = a->w + (size_t)first * l->in, .a_row = l->in, .a_column = 1,
               .b = a->xt, .b_row = row, .c = yt, .c_row = row};
  for (int column = 0; column < p.n; column += PANEL) block(&p, 0, count, column);
  finish_rows(a, yt, first, count);
}

void otf_linear_forward(const otf_linear *l, float *y, const float *x, const float *w, const float *b) {
  forward_args a = {l, y, (float *)l->arena->base, x, w, b};
  otf_run(l->workers, ceiling(l->in, LANES), transpose_job, &a);
  otf_run(l->workers, ceiling(l->out, GROUP), forward_job, &a);
}
