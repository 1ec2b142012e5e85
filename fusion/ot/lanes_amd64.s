//go:build !purego

#include "textflag.h"

// A slice header is 24 bytes and starts with the data pointer.

// SUM stores the sum of the lanes of a register: (0 + 2) + (1 + 3).
#define SUM(Y, X, OFFSET) \
	VEXTRACTF128 $1, Y, X8    \
	VADDPD       X8, X, X     \
	VHADDPD      X, X, X      \
	VMOVSD       X, OFFSET(DI)

// func dotsAVX2(t *tile, d int, out *[8]float64)
TEXT ·dotsAVX2(SB), NOSPLIT, $0-24
	MOVQ t+0(FP), AX
	MOVQ d+8(FP), CX
	MOVQ out+16(FP), DI
	MOVQ 0(AX), R8
	MOVQ 24(AX), R9
	MOVQ 48(AX), R10
	MOVQ 72(AX), R11
	MOVQ 96(AX), R12
	MOVQ 120(AX), R13
	VXORPD Y0, Y0, Y0
	VXORPD Y1, Y1, Y1
	VXORPD Y2, Y2, Y2
	VXORPD Y3, Y3, Y3
	VXORPD Y4, Y4, Y4
	VXORPD Y5, Y5, Y5
	VXORPD Y6, Y6, Y6
	VXORPD Y7, Y7, Y7
	XORQ   BX, BX
	CMPQ   CX, $0
	JEQ    dotsDone

dotsLoop:
	VMOVUPD     (R12)(BX*8), Y8
	VMOVUPD     (R13)(BX*8), Y9
	VMOVUPD     (R8)(BX*8), Y10
	VMOVUPD     (R9)(BX*8), Y11
	VMOVUPD     (R10)(BX*8), Y12
	VMOVUPD     (R11)(BX*8), Y13
	VFMADD231PD Y8, Y10, Y0
	VFMADD231PD Y9, Y10, Y1
	VFMADD231PD Y8, Y11, Y2
	VFMADD231PD Y9, Y11, Y3
	VFMADD231PD Y8, Y12, Y4
	VFMADD231PD Y9, Y12, Y5
	VFMADD231PD Y8, Y13, Y6
	VFMADD231PD Y9, Y13, Y7
	ADDQ        $4, BX
	CMPQ        BX, CX
	JLT         dotsLoop

dotsDone:
	SUM(Y0, X0, 0)
	SUM(Y1, X1, 8)
	SUM(Y2, X2, 16)
	SUM(Y3, X3, 24)
	SUM(Y4, X4, 32)
	SUM(Y5, X5, 40)
	SUM(Y6, X6, 48)
	SUM(Y7, X7, 56)
	VZEROUPPER
	RET

// func addToAVX2(q *quad, w *float64, n int, f *[4]float64)
TEXT ·addToAVX2(SB), NOSPLIT, $0-32
	MOVQ q+0(FP), AX
	MOVQ w+8(FP), DI
	MOVQ n+16(FP), CX
	MOVQ f+24(FP), SI
	MOVQ 0(AX), R8
	MOVQ 24(AX), R9
	MOVQ 48(AX), R10
	MOVQ 72(AX), R11
	VBROADCASTSD 0(SI), Y0
	VBROADCASTSD 8(SI), Y1
	VBROADCASTSD 16(SI), Y2
	VBROADCASTSD 24(SI), Y3
	XORQ BX, BX
	CMPQ CX, $0
	JEQ  addToDone

addToLoop:
	VMOVUPD     (DI)(BX*8), Y4
	VFMADD231PD (R8)(BX*8), Y0, Y4
	VFMADD231PD (R9)(BX*8), Y1, Y4
	VFMADD231PD (R10)(BX*8), Y2, Y4
	VFMADD231PD (R11)(BX*8), Y3, Y4
	VMOVUPD     Y4, (DI)(BX*8)
	ADDQ        $4, BX
	CMPQ        BX, CX
	JLT         addToLoop

addToDone:
	VZEROUPPER
	RET
