//go:build !purego

#include "textflag.h"

// A slice header is 24 bytes and starts with the data pointer. Four lanes are
// two registers. Go's assembler lacks FADD on vectors: a += b is written as
// a += b·1, which rounds alike.

// STEP adds to the four lanes of two inner products: row (V20, V21) of x with
// the rows (V16, V17) and (V18, V19) of y.
#define STEP(A, B, C, D) \
	VFMLA V16.D2, V20.D2, A; \
	VFMLA V17.D2, V21.D2, B; \
	VFMLA V18.D2, V20.D2, C; \
	VFMLA V19.D2, V21.D2, D

// SUM stores the sum of four lanes: (0 + 2) + (1 + 3). V31 holds ones.
#define SUM(LO, HI, F, OFFSET) \
	VFMLA V31.D2, HI.D2, LO.D2; \
	VMOV  LO.D[1], V30.D[0];    \
	FADDD F, F30, F30;          \
	FMOVD F30, OFFSET(R2)

// func dotsNEON(t *tile, d int, out *[8]float64)
TEXT ·dotsNEON(SB), NOSPLIT, $0-24
	MOVD t+0(FP), R0
	MOVD d+8(FP), R1
	MOVD out+16(FP), R2
	MOVD 0(R0), R3
	MOVD 24(R0), R4
	MOVD 48(R0), R5
	MOVD 72(R0), R6
	MOVD 96(R0), R7
	MOVD 120(R0), R8
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VEOR V3.B16, V3.B16, V3.B16
	VEOR V4.B16, V4.B16, V4.B16
	VEOR V5.B16, V5.B16, V5.B16
	VEOR V6.B16, V6.B16, V6.B16
	VEOR V7.B16, V7.B16, V7.B16
	VEOR V8.B16, V8.B16, V8.B16
	VEOR V9.B16, V9.B16, V9.B16
	VEOR V10.B16, V10.B16, V10.B16
	VEOR V11.B16, V11.B16, V11.B16
	VEOR V12.B16, V12.B16, V12.B16
	VEOR V13.B16, V13.B16, V13.B16
	VEOR V14.B16, V14.B16, V14.B16
	VEOR V15.B16, V15.B16, V15.B16
	CBZ  R1, dotsDone

dotsLoop:
	FLDPQ.P 32(R7), (F16, F17)
	FLDPQ.P 32(R8), (F18, F19)
	FLDPQ.P 32(R3), (F20, F21)
	STEP(V0.D2, V1.D2, V2.D2, V3.D2)
	FLDPQ.P 32(R4), (F20, F21)
	STEP(V4.D2, V5.D2, V6.D2, V7.D2)
	FLDPQ.P 32(R5), (F20, F21)
	STEP(V8.D2, V9.D2, V10.D2, V11.D2)
	FLDPQ.P 32(R6), (F20, F21)
	STEP(V12.D2, V13.D2, V14.D2, V15.D2)
	SUB     $4, R1
	CBNZ    R1, dotsLoop

dotsDone:
	FMOVD $1.0, F31
	VDUP  V31.D[0], V31.D2
	SUM(V0, V1, F0, 0)
	SUM(V2, V3, F2, 8)
	SUM(V4, V5, F4, 16)
	SUM(V6, V7, F6, 24)
	SUM(V8, V9, F8, 32)
	SUM(V10, V11, F10, 40)
	SUM(V12, V13, F12, 48)
	SUM(V14, V15, F14, 56)
	RET

// func addToNEON(q *quad, w *float64, n int, f *[4]float64)
TEXT ·addToNEON(SB), NOSPLIT, $0-32
	MOVD q+0(FP), R0
	MOVD w+8(FP), R1
	MOVD n+16(FP), R2
	MOVD f+24(FP), R7
	MOVD 0(R0), R3
	MOVD 24(R0), R4
	MOVD 48(R0), R5
	MOVD 72(R0), R6
	FLDPQ (R7), (F0, F2)
	VDUP V0.D[1], V1.D2
	VDUP V0.D[0], V0.D2
	VDUP V2.D[1], V3.D2
	VDUP V2.D[0], V2.D2
	CBZ  R2, addToDone

addToLoop:
	FLDPQ   (R1), (F4, F5)
	FLDPQ.P 32(R3), (F6, F7)
	FLDPQ.P 32(R4), (F16, F17)
	FLDPQ.P 32(R5), (F18, F19)
	FLDPQ.P 32(R6), (F20, F21)
	VFMLA   V0.D2, V6.D2, V4.D2
	VFMLA   V0.D2, V7.D2, V5.D2
	VFMLA   V1.D2, V16.D2, V4.D2
	VFMLA   V1.D2, V17.D2, V5.D2
	VFMLA   V2.D2, V18.D2, V4.D2
	VFMLA   V2.D2, V19.D2, V5.D2
	VFMLA   V3.D2, V20.D2, V4.D2
	VFMLA   V3.D2, V21.D2, V5.D2
	FSTPQ.P (F4, F5), 32(R1)
	SUB     $4, R2
	CBNZ    R2, addToLoop

addToDone:
	RET

// ROW adds to the eight lanes of the inner product of a row at SRC with y, which
// is in V16 to V19.
#define ROW(SRC, A, B, C, D) \
	FLDPQ.P 32(SRC), (F20, F21);    \
	FLDPQ.P 32(SRC), (F22, F23);    \
	VFMLA   V16.D2, V20.D2, A.D2; \
	VFMLA   V17.D2, V21.D2, B.D2; \
	VFMLA   V18.D2, V22.D2, C.D2; \
	VFMLA   V19.D2, V23.D2, D.D2

// HALVE adds lanes 4 to 7 to lanes 0 to 3.
#define HALVE(A, B, C, D) \
	VFMLA V31.D2, C.D2, A.D2; \
	VFMLA V31.D2, D.D2, B.D2

// func timesNEON(q *quad, y *float64, n int, out *[4]float64)
TEXT ·timesNEON(SB), NOSPLIT, $0-32
	MOVD q+0(FP), R0
	MOVD y+8(FP), R7
	MOVD n+16(FP), R1
	MOVD out+24(FP), R2
	MOVD 0(R0), R3
	MOVD 24(R0), R4
	MOVD 48(R0), R5
	MOVD 72(R0), R6
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VEOR V3.B16, V3.B16, V3.B16
	VEOR V4.B16, V4.B16, V4.B16
	VEOR V5.B16, V5.B16, V5.B16
	VEOR V6.B16, V6.B16, V6.B16
	VEOR V7.B16, V7.B16, V7.B16
	VEOR V8.B16, V8.B16, V8.B16
	VEOR V9.B16, V9.B16, V9.B16
	VEOR V10.B16, V10.B16, V10.B16
	VEOR V11.B16, V11.B16, V11.B16
	VEOR V12.B16, V12.B16, V12.B16
	VEOR V13.B16, V13.B16, V13.B16
	VEOR V14.B16, V14.B16, V14.B16
	VEOR V15.B16, V15.B16, V15.B16

timesLoop:
	FLDPQ.P 32(R7), (F16, F17)
	FLDPQ.P 32(R7), (F18, F19)
	ROW(R3, V0, V1, V2, V3)
	ROW(R4, V4, V5, V6, V7)
	ROW(R5, V8, V9, V10, V11)
	ROW(R6, V12, V13, V14, V15)
	SUB     $8, R1
	CBNZ    R1, timesLoop

	FMOVD $1.0, F31
	VDUP  V31.D[0], V31.D2
	HALVE(V0, V1, V2, V3)
	HALVE(V4, V5, V6, V7)
	HALVE(V8, V9, V10, V11)
	HALVE(V12, V13, V14, V15)
	SUM(V0, V1, F0, 0)
	SUM(V4, V5, F4, 8)
	SUM(V8, V9, F8, 16)
	SUM(V12, V13, F12, 24)
	RET
