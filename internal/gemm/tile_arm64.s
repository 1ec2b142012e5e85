//go:build !purego

#include "textflag.h"

// Accumulators: row r of the tile is V(4r) to V(4r+3). V24 to V27 hold a row of b,
// V28 to V30 a row of a. Products of float32 values are exact in float64, so
// fused multiply-add rounds as a multiply and an add.

// FMLA is FMLA Vd.2D, Vn.2D, Vm.D[i], which Go's assembler lacks: d += n·m[i].
#define FMLA(M, I, N, D) WORD $(0x4FC01000 | I<<11 | M<<16 | N<<5 | D)

#define ROW(M, I, D0, D1, D2, D3) \
	FMLA(M, I, 24, D0); \
	FMLA(M, I, 25, D1); \
	FMLA(M, I, 26, D2); \
	FMLA(M, I, 27, D3)

#define ZERO(A, B, C, D) \
	VEOR A.B16, A.B16, A.B16; \
	VEOR B.B16, B.B16, B.B16; \
	VEOR C.B16, C.B16, C.B16; \
	VEOR D.B16, D.B16, D.B16

// func multiplyNEON(k int, a, b, t *float64)
TEXT ·multiplyNEON(SB), NOSPLIT, $0-32
	MOVD k+0(FP), R0
	MOVD a+8(FP), R1
	MOVD b+16(FP), R2
	MOVD t+24(FP), R3
	ZERO(V0, V1, V2, V3)
	ZERO(V4, V5, V6, V7)
	ZERO(V8, V9, V10, V11)
	ZERO(V12, V13, V14, V15)
	ZERO(V16, V17, V18, V19)
	ZERO(V20, V21, V22, V23)
	CBZ  R0, store

column:
	FLDPQ.P 64(R2), (F24, F25)
	FLDPQ   -32(R2), (F26, F27)
	FLDPQ.P 48(R1), (F28, F29)
	FMOVQ   -16(R1), F30
	ROW(28, 0, 0, 1, 2, 3)
	ROW(28, 1, 4, 5, 6, 7)
	ROW(29, 0, 8, 9, 10, 11)
	ROW(29, 1, 12, 13, 14, 15)
	ROW(30, 0, 16, 17, 18, 19)
	ROW(30, 1, 20, 21, 22, 23)
	SUB  $1, R0
	CBNZ R0, column

store:
	FSTPQ (F0, F1), (R3)
	FSTPQ (F2, F3), 32(R3)
	FSTPQ (F4, F5), 64(R3)
	FSTPQ (F6, F7), 96(R3)
	FSTPQ (F8, F9), 128(R3)
	FSTPQ (F10, F11), 160(R3)
	FSTPQ (F12, F13), 192(R3)
	FSTPQ (F14, F15), 224(R3)
	FSTPQ (F16, F17), 256(R3)
	FSTPQ (F18, F19), 288(R3)
	FSTPQ (F20, F21), 320(R3)
	FSTPQ (F22, F23), 352(R3)
	RET
