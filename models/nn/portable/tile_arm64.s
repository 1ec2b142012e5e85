//go:build !purego

#include "textflag.h"

// As in tile_amd64.s, C stays in registers: row i is V(4i) to V(4i+3). For every step
// l of the inner dimension V24 to V27 take a row of B, and V28 to V31 in turn A(i, l),
// which FMLA multiplies by without spreading it over a vector first.
//
//	R0  k            R1       A at step l
//	R2  rs in bytes  R8..R11  2rs, 3rs, 4rs, 5rs
//	R3  cs in bytes  R4       B
//	R5  C            R6       ldc in bytes

// FMLA is FMLA Vd.4S, Vn.4S, Vm.S[0], which Go's assembler lacks: d += n·m[0].
#define FMLA(M, N, D) WORD $(0x4F801000 | M<<16 | N<<5 | D)

// ROW multiply-adds V24 to V27 times m[0].
#define ROW(M, D0, D1, D2, D3) \
	FMLA(M, 24, D0); \
	FMLA(M, 25, D1); \
	FMLA(M, 26, D2); \
	FMLA(M, 27, D3)

#define ZERO(D0, D1, D2, D3) \
	VEOR D0.B16, D0.B16, D0.B16; \
	VEOR D1.B16, D1.B16, D1.B16; \
	VEOR D2.B16, D2.B16, D2.B16; \
	VEOR D3.B16, D3.B16, D3.B16

// ADDROW adds a row of C. It is written as C·1, since Go's assembler lacks FADD on
// vectors as well, and rounds as that does. V28 holds the one.
#define ADDROW(D0, D1, D2, D3) \
	FLDPQ (R5), (F24, F25); \
	FLDPQ 32(R5), (F26, F27); \
	ADD R6, R5; \
	ROW(28, D0, D1, D2, D3)

#define STORE(D0, D1, D2, D3) \
	FSTPQ (D0, D1), (R5); \
	FSTPQ (D2, D3), 32(R5); \
	ADD R6, R5

// func tileNEON(k int, a *float32, rs, cs int, b, c *float32, ldc int, add bool)
// C is 6×16.
TEXT ·tileNEON(SB), NOSPLIT, $0-57
	MOVD k+0(FP), R0
	MOVD a+8(FP), R1
	MOVD rs+16(FP), R2
	MOVD cs+24(FP), R3
	MOVD b+32(FP), R4
	MOVD c+40(FP), R5
	MOVD ldc+48(FP), R6
	LSL  $2, R2
	LSL  $2, R3
	LSL  $2, R6
	ADD  R2, R2, R8
	ADD  R2, R8, R9
	ADD  R2, R9, R10
	ADD  R2, R10, R11
	ZERO(V0, V1, V2, V3)
	ZERO(V4, V5, V6, V7)
	ZERO(V8, V9, V10, V11)
	ZERO(V12, V13, V14, V15)
	ZERO(V16, V17, V18, V19)
	ZERO(V20, V21, V22, V23)
	CBZ  R0, done

step:
	FLDPQ.P 64(R4), (F24, F25)
	FLDPQ   -32(R4), (F26, F27)
	FMOVS   (R1), F28
	FMOVS   (R1)(R2), F29
	FMOVS   (R1)(R8), F30
	FMOVS   (R1)(R9), F31
	ROW(28, 0, 1, 2, 3)
	FMOVS   (R1)(R10), F28
	ROW(29, 4, 5, 6, 7)
	FMOVS   (R1)(R11), F29
	ROW(30, 8, 9, 10, 11)
	ROW(31, 12, 13, 14, 15)
	ADD     R3, R1
	ROW(28, 16, 17, 18, 19)
	ROW(29, 20, 21, 22, 23)
	SUB     $1, R0
	CBNZ    R0, step

done:
	MOVBU add+56(FP), R7
	CBZ   R7, store
	MOVD  R5, R12
	FMOVS $1.0, F28
	ADDROW(0, 1, 2, 3)
	ADDROW(4, 5, 6, 7)
	ADDROW(8, 9, 10, 11)
	ADDROW(12, 13, 14, 15)
	ADDROW(16, 17, 18, 19)
	ADDROW(20, 21, 22, 23)
	MOVD  R12, R5

store:
	STORE(F0, F1, F2, F3)
	STORE(F4, F5, F6, F7)
	STORE(F8, F9, F10, F11)
	STORE(F12, F13, F14, F15)
	STORE(F16, F17, F18, F19)
	STORE(F20, F21, F22, F23)
	RET
