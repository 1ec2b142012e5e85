//go:build onednn && cgo

// Scratch memory of an engine, shared by all its kernels: only one runs at a
// time. It grows while algorithms are built, and shrinks to what the chosen
// ones need.
#ifndef OTF_ARENA_H
#define OTF_ARENA_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

#define OTF_ALIGN 64
#define OTF_HUGE_PAGE (2 << 20)

typedef struct {
  char *base;
  size_t size;
  size_t needed; // the most that was asked for since it was last set to 0
} otf_arena;

static inline size_t otf_round_up(size_t size) { return (size + OTF_ALIGN - 1) / OTF_ALIGN * OTF_ALIGN; }

static inline void otf_arena_free(otf_arena *a) {
  free(a->base);
  a->base = NULL;
  a->size = 0;
}

// otf_arena_resize makes the arena just large enough; its content is lost. 0: no
// memory, and the arena stays as it was, as kernels that are built need it.
static inline int otf_arena_resize(otf_arena *a, size_t size) {
  size = (size + OTF_HUGE_PAGE - 1) / OTF_HUGE_PAGE * OTF_HUGE_PAGE;
  if (size == a->size) return 1;
  char *base = size ? aligned_alloc(OTF_HUGE_PAGE, size) : NULL;
  if (size && !base) return 0;
#if defined(MADV_HUGEPAGE)
  if (base) madvise(base, size, MADV_HUGEPAGE); // points of a tile lie far apart: fewer pages, fewer misses
#endif
  otf_arena_free(a);
  a->base = base;
  a->size = size;
  return 1;
}

// otf_arena_need makes the arena at least as large.
static inline int otf_arena_need(otf_arena *a, size_t size) {
  if (size > a->needed) a->needed = size;
  return size <= a->size || otf_arena_resize(a, size);
}

#endif
