//go:build onednn && cgo

// Denormal numbers, below 1.2e-38, take x86 processors a hundred times as long
// as others. Networks get them from weight decay. The kernels take them for zero.
// The threads of Go need them, so a caller restores its mode afterwards.
// Processors of other kinds compute with them at full speed.
#ifndef OTF_DENORMALS_H
#define OTF_DENORMALS_H

#if defined(__x86_64__)
#include <xmmintrin.h>

#define OTF_FLUSH 0x8040u // results (FTZ) and operands (DAZ)

// otf_flush_denormals returns the mode of before.
static inline unsigned otf_flush_denormals(void) {
  unsigned before = _mm_getcsr();
  _mm_setcsr(before | OTF_FLUSH);
  return before;
}

static inline void otf_restore_denormals(unsigned before) { _mm_setcsr(before); }
#else
static inline unsigned otf_flush_denormals(void) { return 0; }
static inline void otf_restore_denormals(unsigned before) { (void)before; }
#endif

#endif
