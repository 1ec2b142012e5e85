//go:build onednn && cgo

// What differs between oneDNN 2.x, where operations have descriptors and a
// memory descriptor is a struct, and 3.x, where neither is so.
#ifndef OTF_DNNL_COMPAT_H
#define OTF_DNNL_COMPAT_H

#include <oneapi/dnnl/dnnl.h>
#include <stdlib.h>

// What describes a convolution in either API: x, w, b (or NULL) and y.
typedef struct {
  dnnl_alg_kind_t algorithm;
  dnnl_dims_t strides, dilates, pad;
} otf_window;

#if DNNL_VERSION_MAJOR >= 3

typedef const_dnnl_memory_desc_t otf_md;
typedef const_dnnl_primitive_desc_t otf_const_pd;

static inline dnnl_status_t otf_md_new(otf_md *out, int rank, const dnnl_dims_t dims, dnnl_data_type_t type,
                                       dnnl_format_tag_t tag) {
  dnnl_memory_desc_t md = NULL;
  dnnl_status_t status = dnnl_memory_desc_create_with_tag(&md, rank, dims, type, tag);
  *out = md;
  return status;
}

static inline void otf_md_free(otf_md md) {
  if (md) dnnl_memory_desc_destroy((dnnl_memory_desc_t)md);
}

static inline dnnl_status_t otf_append_relu(dnnl_post_ops_t ops) {
  return dnnl_post_ops_append_eltwise(ops, dnnl_eltwise_relu, 0, 0);
}

static inline dnnl_status_t otf_forward_pd(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, const otf_window *v,
                                           otf_md x, otf_md w, otf_md b, otf_md y, const_dnnl_primitive_attr_t attr) {
  return dnnl_convolution_forward_primitive_desc_create(pd, engine, dnnl_forward_training, v->algorithm, x, w, b, y,
                                                        v->strides, v->dilates, v->pad, v->pad, attr);
}

static inline dnnl_status_t otf_backward_input_pd(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, const otf_window *v,
                                                  otf_md dx, otf_md w, otf_md dy, otf_const_pd hint,
                                                  const_dnnl_primitive_attr_t attr) {
  return dnnl_convolution_backward_data_primitive_desc_create(pd, engine, v->algorithm, dx, w, dy, v->strides,
                                                              v->dilates, v->pad, v->pad, hint, attr);
}

static inline dnnl_status_t otf_backward_params_pd(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, const otf_window *v,
                                                   otf_md x, otf_md dw, otf_md db, otf_md dy, otf_const_pd hint,
                                                   const_dnnl_primitive_attr_t attr) {
  return dnnl_convolution_backward_weights_primitive_desc_create(pd, engine, v->algorithm, x, dw, db, dy, v->strides,
                                                                 v->dilates, v->pad, v->pad, hint, attr);
}

#else

typedef const dnnl_memory_desc_t *otf_md;
typedef const_dnnl_primitive_desc_t otf_const_pd;

static inline dnnl_status_t otf_md_new(otf_md *out, int rank, const dnnl_dims_t dims, dnnl_data_type_t type,
                                       dnnl_format_tag_t tag) {
  dnnl_memory_desc_t *md = malloc(sizeof *md);
  *out = md;
  return md ? dnnl_memory_desc_init_by_tag(md, rank, dims, type, tag) : dnnl_out_of_memory;
}

static inline void otf_md_free(otf_md md) { free((void *)md); }

static inline dnnl_status_t otf_append_relu(dnnl_post_ops_t ops) {
  return dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_relu, 0, 0);
}

static inline dnnl_status_t otf_forward_pd(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, const otf_window *v,
                                           otf_md x, otf_md w, otf_md b, otf_md y, const_dnnl_primitive_attr_t attr) {
  dnnl_convolution_desc_t d;
  dnnl_status_t status = dnnl_dilated_convolution_forward_desc_init(
      &d, dnnl_forward_training, v->algorithm, x, w, b, y, v->strides, v->dilates, v->pad, v->pad);
  return status ? status : dnnl_primitive_desc_create(pd, &d, attr, engine, NULL);
}

static inline dnnl_status_t otf_backward_input_pd(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, const otf_window *v,
                                                  otf_md dx, otf_md w, otf_md dy, otf_const_pd hint,
                                                  const_dnnl_primitive_attr_t attr) {
  dnnl_convolution_desc_t d;
  dnnl_status_t status = dnnl_dilated_convolution_backward_data_desc_init(
      &d, v->algorithm, dx, w, dy, v->strides, v->dilates, v->pad, v->pad);
  return status ? status : dnnl_primitive_desc_create(pd, &d, attr, engine, hint);
}

static inline dnnl_status_t otf_backward_params_pd(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, const otf_window *v,
                                                   otf_md x, otf_md dw, otf_md db, otf_md dy, otf_const_pd hint,
                                                   const_dnnl_primitive_attr_t attr) {
  dnnl_convolution_desc_t d;
  dnnl_status_t status = dnnl_dilated_convolution_backward_weights_desc_init(
      &d, v->algorithm, x, dw, db, dy, v->strides, v->dilates, v->pad, v->pad);
  return status ? status : dnnl_primitive_desc_create(pd, &d, attr, engine, hint);
}

#endif
#endif
