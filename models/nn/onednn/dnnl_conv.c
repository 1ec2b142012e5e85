//go:build onednn && cgo

// A convolution primitive with the reorders around it: weights are plain OIHW
// outside and in the primitive's layout inside; a plain x may have to be
// reordered too. All memory but x, w, b and y lies in the arena.
//
// oneDNN takes a layer with less than 16 input channels for a network's first,
// whose x is plain; for a packed one it has the reference convolution only, a
// hundred times slower. Such a layer is described with the 16 channels that its
// packed x has anyway, and the weights of those that are not there are zero.

#include "dnnl_conv.h"

#include <omp.h>
#include <string.h>

#include "denormals.h"
#include "dnnl_compat.h"
#include "vec.h"

#define TRY(call)                      \
  do {                                 \
    dnnl_status_t status_ = (call);    \
    if (status_) return (int)status_;  \
  } while (0)

struct otf_dnnl {
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  otf_workers *workers;
  otf_arena *arena;
};

// A tensor of the primitive. Where outer has another layout than inner, a
// reorder stands between them.
typedef struct {
  dnnl_memory_t outer, inner; // the same without a reorder
  dnnl_primitive_t reorder;
  dnnl_memory_t reorder_scratch;
  size_t at, scratch_at; // in the arena
} tensor;

struct otf_dnnl_conv {
  otf_dnnl *d;
  int direction;
  dnnl_primitive_t primitive;
  tensor x, w, y;
  dnnl_memory_t b, scratch;
  size_t scratch_at;
  size_t used; // of the arena
  int clear_w; // see some_tap_idle
  int out, in, taps; // the weights (O, I, k·k)
  int wide_in;       // I as the primitive sees it
  size_t wide_at;    // of weights with wide_in, where that is not I
};

void otf_dnnl_version(int *major, int *minor, int *patch) {
  const dnnl_version_t *v = dnnl_version();
  *major = v->major;
  *minor = v->minor;
  *patch = v->patch;
}

int otf_dnnl_has_bf16(void) {
  return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core) == dnnl_cpu_isa_avx512_core;
}

const char *otf_dnnl_status(int status) {
  switch ((dnnl_status_t)status) {
    case dnnl_success: return "success";
    case dnnl_out_of_memory: return "out of memory";
    case dnnl_invalid_arguments: return "invalid arguments";
    case dnnl_unimplemented: return "not implemented";
    case dnnl_runtime_error: return "runtime error";
    default: return "failure";
  }
}

int otf_dnnl_new(otf_dnnl **out, otf_workers *w, otf_arena *arena) {
  otf_dnnl *d = calloc(1, sizeof *d);
  *out = d;
  if (!d) return dnnl_out_of_memory;
  d->workers = w;
  d->arena = arena;
  TRY(dnnl_engine_create(&d->engine, dnnl_cpu, 0));
  TRY(dnnl_stream_create(&d->stream, d->engine, dnnl_stream_default_flags));
  return dnnl_success;
}

void otf_dnnl_free(otf_dnnl *d) {
  if (!d) return;
  if (d->stream) dnnl_stream_destroy(d->stream);
  if (d->engine) dnnl_engine_destroy(d->engine);
  free(d);
}

// enter and leave frame all that computes with OpenMP. Neither its threads nor
// the engine's own may spin while the others work: the own ones are put to rest
// before, OpenMP's are sent home after. OpenMP's threads get the caller's mode
// of denormals as they start. enter returns the mode of before, for leave.
static unsigned enter(const otf_dnnl *d) {
  omp_set_num_threads(otf_workers_count(d->workers));
  otf_rest(d->workers);
  return otf_flush_denormals();
}

static void leave(const otf_dnnl *d, unsigned mode) {
  otf_restore_denormals(mode);
#if defined(_OPENMP) && _OPENMP >= 201811 || defined(__GNUC__) && __GNUC__ >= 9 && !defined(__clang__)
  if (otf_workers_count(d->workers) > 1) omp_pause_resource_all(omp_pause_soft);
#else
  (void)d;
#endif
}

static size_t reserve(otf_dnnl_conv *c, otf_md md) {
  size_t at = c->used;
  c->used += otf_round_up(dnnl_memory_desc_get_size(md));
  return at;
}

static int memory_new(dnnl_memory_t *out, otf_dnnl_conv *c, otf_md md) {
  return (int)dnnl_memory_create(out, md, c->d->engine, DNNL_MEMORY_NONE);
}

static int user_scratch(dnnl_primitive_attr_t *attr) {
  TRY(dnnl_primitive_attr_create(attr));
  return (int)dnnl_primitive_attr_set_scratchpad_mode(*attr, dnnl_scratchpad_mode_user);
}

static int relu_after(dnnl_primitive_attr_t attr) {
  dnnl_post_ops_t ops;
  TRY(dnnl_post_ops_create(&ops));
  dnnl_status_t status = otf_append_relu(ops);
  if (!status) status = dnnl_primitive_attr_set_post_ops(attr, ops);
  dnnl_post_ops_destroy(ops);
  return (int)status;
}

// finish creates the primitive and its scratch memory of a descriptor.
static int finish(otf_dnnl_conv *c, otf_const_pd pd, dnnl_primitive_t *primitive, dnnl_memory_t *scratch, size_t *at) {
  otf_md md = dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
  *at = reserve(c, md);
  TRY(memory_new(scratch, c, md));
  return (int)dnnl_primitive_create(primitive, pd);
}

static int reorder_new(otf_dnnl_conv *c, tensor *t, otf_md from, otf_md to) {
  dnnl_primitive_attr_t attr;
  dnnl_primitive_desc_t pd = NULL;
  TRY(user_scratch(&attr));
  int status = (int)dnnl_reorder_primitive_desc_create(&pd, from, c->d->engine, to, c->d->engine, attr);
  dnnl_primitive_attr_destroy(attr);
  if (status) return status;
  status = finish(c, pd, &t->reorder, &t->reorder_scratch, &t->scratch_at);
  dnnl_primitive_desc_destroy(pd);
  return status;
}

// tensor_new connects outer to what the primitive wants; output: the primitive writes it.
static int tensor_new(otf_dnnl_conv *c, tensor *t, otf_md outer, otf_md inner, int output) {
  TRY(memory_new(&t->outer, c, outer));
  if (dnnl_memory_desc_equal(outer, inner)) {
    t->inner = t->outer;
    return dnnl_success;
  }
  TRY(memory_new(&t->inner, c, inner));
  t->at = reserve(c, inner);
  return reorder_new(c, t, output ? inner : outer, output ? outer : inner);
}

// Descriptors of a convolution: the outer layouts, and those that leave the
// choice to the primitive.
typedef struct {
  otf_md x, w, b, y;
  otf_md any_x, any_w;
  otf_md hint_w; // of the forward primitive, where any_w is the gradient's
} layouts;

static void layouts_free(layouts *l) {
  otf_md_free(l->x);
  otf_md_free(l->w);
  otf_md_free(l->b);
  otf_md_free(l->y);
  otf_md_free(l->any_x);
  otf_md_free(l->any_w);
  otf_md_free(l->hint_w);
}

// channels_seen is the number of input channels that the primitive is told of.
static int channels_seen(const otf_conv *s) { return !s->plain && s->in.c < LANES ? LANES : s->in.c; }

static int layouts_new(layouts *l, const otf_conv *s, int direction) {
  dnnl_data_type_t inner = s->bf16 ? dnnl_bf16 : dnnl_f32;
  dnnl_data_type_t weights = direction == OTF_BACKWARD_PARAMS ? dnnl_f32 : inner;
  int in = channels_seen(s);
  dnnl_dims_t x = {s->in.n, in, s->in.h, s->in.w}, w = {s->out, in, s->k, s->k};
  dnnl_dims_t y = {s->in.n, s->out, s->oh, s->ow}, b = {s->out};
  TRY(otf_md_new(&l->x, 4, x, s->plain ? dnnl_f32 : inner, s->plain ? dnnl_nchw : dnnl_nChw16c));
  TRY(otf_md_new(&l->any_x, 4, x, inner, s->plain ? dnnl_format_tag_any : dnnl_nChw16c));
  TRY(otf_md_new(&l->w, 4, w, dnnl_f32, dnnl_oihw));
  TRY(otf_md_new(&l->any_w, 4, w, weights, dnnl_format_tag_any));
  TRY(otf_md_new(&l->hint_w, 4, w, inner, dnnl_format_tag_any));
  TRY(otf_md_new(&l->y, 4, y, inner, dnnl_nChw16c));
  return s->bias ? (int)otf_md_new(&l->b, 1, b, dnnl_f32, dnnl_x) : (int)dnnl_success;
}

// direction_pd describes the primitive of the direction; backward ones need the forward one as a hint.
static int direction_pd(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, const otf_conv *s, int direction, int winograd,
                        const layouts *l, dnnl_primitive_attr_t attr) {
  otf_window v = {winograd ? dnnl_convolution_winograd : dnnl_convolution_direct, {s->stride, s->stride}, {0, 0},
                  {s->pad, s->pad}};
  if (direction == OTF_FORWARD) return (int)otf_forward_pd(pd, engine, &v, l->any_x, l->any_w, l->b, l->y, attr);
  otf_window any = v;
  any.algorithm = dnnl_convolution_auto;
  dnnl_primitive_desc_t hint = NULL;
  TRY(otf_forward_pd(&hint, engine, winograd ? &v : &any, l->any_x, l->hint_w, l->b, l->y, attr));
  int status = direction == OTF_BACKWARD_INPUT
                   ? (int)otf_backward_input_pd(pd, engine, &v, l->any_x, l->any_w, l->y, hint, attr)
                   : (int)otf_backward_params_pd(pd, engine, &v, l->any_x, l->any_w, l->b, l->y, hint, attr);
  dnnl_primitive_desc_destroy(hint);
  return status;
}

static int tensors_new(otf_dnnl_conv *c, const layouts *l, otf_const_pd pd) {
  int backward = c->direction == OTF_BACKWARD_INPUT, params = c->direction == OTF_BACKWARD_PARAMS;
  dnnl_query_t x = backward ? dnnl_query_diff_src_md : dnnl_query_src_md;
  dnnl_query_t w = params ? dnnl_query_diff_weights_md : dnnl_query_weights_md;
  dnnl_query_t y = c->direction == OTF_FORWARD ? dnnl_query_dst_md : dnnl_query_diff_dst_md;
  TRY(tensor_new(c, &c->x, l->x, dnnl_primitive_desc_query_md(pd, x, 0), backward));
  TRY(tensor_new(c, &c->w, l->w, dnnl_primitive_desc_query_md(pd, w, 0), params));
  TRY(tensor_new(c, &c->y, l->y, dnnl_primitive_desc_query_md(pd, y, 0), c->direction == OTF_FORWARD));
  if (l->b && !backward) TRY(memory_new(&c->b, c, l->b));
  return finish(c, pd, &c->primitive, &c->scratch, &c->scratch_at);
}

static int conv_init(otf_dnnl_conv *c, const otf_conv *s, int winograd, const layouts *l) {
  dnnl_primitive_attr_t attr;
  dnnl_primitive_desc_t pd = NULL;
  TRY(user_scratch(&attr));
  int status = s->relu && c->direction == OTF_FORWARD ? relu_after(attr) : (int)dnnl_success;
  if (!status) status = direction_pd(&pd, c->d->engine, s, c->direction, winograd, l, attr);
  dnnl_primitive_attr_destroy(attr);
  if (status) return status;
  status = tensors_new(c, l, pd);
  dnnl_primitive_desc_destroy(pd);
  if (status) return status;
  return otf_arena_need(c->d->arena, c->used) ? (int)dnnl_success : (int)dnnl_out_of_memory;
}

// some_tap_idle is whether a tap of a side of the kernel only ever meets padding;
// of those some primitives leave the gradient unwritten.
static int some_tap_idle(int k, int stride, int pad, int in, int out) {
  for (int tap = 0; tap < k; tap++) {
    int met = 0;
    for (int o = 0; o < out && !met; o++) met = o * stride - pad + tap >= 0 && o * stride - pad + tap < in;
    if (!met) return 1;
  }
  return 0;
}

int otf_dnnl_conv_new(otf_dnnl_conv **out, otf_dnnl *d, const otf_conv *s, int direction, int winograd) {
  otf_dnnl_conv *c = calloc(1, sizeof *c);
  *out = c;
  if (!c) return dnnl_out_of_memory;
  c->d = d;
  c->direction = direction;
  c->out = s->out;
  c->in = s->in.c;
  c->taps = s->k * s->k;
  c->wide_in = channels_seen(s);
  if (c->wide_in != c->in) {
    c->wide_at = c->used;
    c->used += otf_round_up(sizeof(float) * c->out * c->wide_in * c->taps);
  }
  c->clear_w = direction == OTF_BACKWARD_PARAMS && (some_tap_idle(s->k, s->stride, s->pad, s->in.h, s->oh) ||
                                                    some_tap_idle(s->k, s->stride, s->pad, s->in.w, s->ow));
  layouts l = {0};
  unsigned mode = enter(d);
  int status = layouts_new(&l, s, direction);
  if (!status) status = conv_init(c, s, winograd, &l);
  leave(d, mode);
  layouts_free(&l);
  return status;
}

static void tensor_free(tensor *t) {
  if (t->reorder) dnnl_primitive_destroy(t->reorder);
  if (t->reorder_scratch) dnnl_memory_destroy(t->reorder_scratch);
  if (t->inner && t->inner != t->outer) dnnl_memory_destroy(t->inner);
  if (t->outer) dnnl_memory_destroy(t->outer);
}

void otf_dnnl_conv_free(otf_dnnl_conv *c) {
  if (!c) return;
  if (c->primitive) dnnl_primitive_destroy(c->primitive);
  if (c->scratch) dnnl_memory_destroy(c->scratch);
  if (c->b) dnnl_memory_destroy(c->b);
  tensor_free(&c->x);
  tensor_free(&c->w);
  tensor_free(&c->y);
  free(c);
}

static int bind(const otf_dnnl_conv *c, const tensor *t, void *data) {
  char *base = c->d->arena->base;
  if (t->reorder) {
    TRY(dnnl_memory_set_data_handle(t->inner, base + t->at));
    TRY(dnnl_memory_set_data_handle(t->reorder_scratch, base + t->scratch_at));
  }
  return (int)dnnl_memory_set_data_handle(t->outer, data);
}

static int reorder(const otf_dnnl_conv *c, const tensor *t, int output) {
  if (!t->reorder) return dnnl_success;
  dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, output ? t->inner : t->outer},
                            {DNNL_ARG_TO, output ? t->outer : t->inner},
                            {DNNL_ARG_SCRATCHPAD, t->reorder_scratch}};
  return (int)dnnl_primitive_execute(t->reorder, c->d->stream, 3, args);
}

static int execute(const otf_dnnl_conv *c) {
  int input = c->direction == OTF_BACKWARD_INPUT, params = c->direction == OTF_BACKWARD_PARAMS;
  dnnl_exec_arg_t args[] = {{input ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, c->x.inner},
                            {params ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS, c->w.inner},
                            {input || params ? DNNL_ARG_DIFF_DST : DNNL_ARG_DST, c->y.inner},
                            {DNNL_ARG_SCRATCHPAD, c->scratch},
                            {params ? DNNL_ARG_DIFF_BIAS : DNNL_ARG_BIAS, c->b}};
  return (int)dnnl_primitive_execute(c->primitive, c->d->stream, c->b ? 5 : 4, args);
}

static int clear(dnnl_memory_t m) {
  void *data;
  otf_md md;
  TRY(dnnl_memory_get_data_handle(m, &data));
  TRY(dnnl_memory_get_memory_desc(m, &md));
  memset(data, 0, dnnl_memory_desc_get_size(md));
  return dnnl_success;
}

// widen copies weights and fills them up with zeros, narrow copies them back.
static void widen(const otf_dnnl_conv *c, float *wide, const float *w) {
  size_t row = (size_t)c->in * c->taps, wide_row = (size_t)c->wide_in * c->taps;
  for (int o = 0; o < c->out; o++) {
    memcpy(wide + o * wide_row, w + o * row, row * sizeof *w);
    memset(wide + o * wide_row + row, 0, (wide_row - row) * sizeof *w);
  }
}

static void narrow(const otf_dnnl_conv *c, float *w, const float *wide) {
  size_t row = (size_t)c->in * c->taps, wide_row = (size_t)c->wide_in * c->taps;
  for (int o = 0; o < c->out; o++) memcpy(w + o * row, wide + o * wide_row, row * sizeof *w);
}

static int conv_run(otf_dnnl_conv *c, void *x, float *w, float *b, void *y) {
  int input = c->direction == OTF_BACKWARD_INPUT, params = c->direction == OTF_BACKWARD_PARAMS;
  float *wide = c->wide_in == c->in ? w : (float *)(c->d->arena->base + c->wide_at);
  if (wide != w && !params) widen(c, wide, w);
  TRY(bind(c, &c->x, x));
  TRY(bind(c, &c->w, wide));
  TRY(bind(c, &c->y, y));
  if (c->b) TRY(dnnl_memory_set_data_handle(c->b, b));
  TRY(dnnl_memory_set_data_handle(c->scratch, c->d->arena->base + c->scratch_at));
  if (!input) TRY(reorder(c, &c->x, 0));
  if (!params) TRY(reorder(c, &c->w, 0));
  if (c->clear_w) {
    TRY(clear(c->w.inner));
    TRY(clear(c->scratch)); // where threads sum up
  }
  TRY(execute(c));
  if (input) TRY(reorder(c, &c->x, 1));
  if (params) TRY(reorder(c, &c->w, 1));
  TRY(dnnl_stream_wait(c->d->stream));
  if (wide != w && params) narrow(c, w, wide);
  return dnnl_success;
}

int otf_dnnl_conv_run(otf_dnnl_conv *c, void *x, float *w, float *b, void *y) {
  unsigned mode = enter(c->d);
  int status = conv_run(c, x, w, b, y);
  leave(c->d, mode);
  return status;
}

int otf_dnnl_gemm(otf_dnnl *d, int ta, int tb, int m, int n, int k, const float *a, const float *b, float *c) {
  unsigned mode = enter(d);
  dnnl_status_t status = dnnl_sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', m, n, k, 1, a, ta ? m : k, b, tb ? k : n, 0, c, n);
  leave(d, mode);
  return (int)status;
}
