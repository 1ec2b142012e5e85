//go:build !purego

#include "textflag.h"

// Both tiles keep C in registers, two vectors to a row, and for every step l of the
// inner dimension load two vectors of B, broadcast each A(i, l) and multiply-add.
// Rows are addressed in threes from one pointer: (P), (P)(RS*1), (P)(RS*2).
//
//	CX  k            R8..R11  rows 0, 3, 6, 9 of A at step l
//	SI  rs in bytes  DX       cs in bytes
//	DI  B            BX       C           R12  ldc in bytes

// FLUSH takes denormal numbers, which cost a hundred times as much, for zero
// (FTZ and DAZ) until RESTORE. Go needs them, so the mode cannot outlast a tile.
#define FLUSH \
	STMXCSR mode-8(SP); \
	MOVL mode-8(SP), AX; \
	ORL $0x8040, AX; \
	MOVL AX, flush-4(SP); \
	LDMXCSR flush-4(SP)

#define RESTORE LDMXCSR mode-8(SP)

// LOAD reads the arguments. It ends with the address of row 3 in R9.
#define LOAD \
	MOVQ k+0(FP), CX; \
	MOVQ a+8(FP), R8; \
	MOVQ rs+16(FP), SI; \
	MOVQ cs+24(FP), DX; \
	MOVQ b+32(FP), DI; \
	MOVQ c+40(FP), BX; \
	MOVQ ldc+48(FP), R12; \
	SHLQ $2, SI; \
	SHLQ $2, DX; \
	SHLQ $2, R12; \
	LEAQ (SI)(SI*2), R13; \
	LEAQ (R8)(R13*1), R9

#define ROW512(A, LO, HI) \
	VBROADCASTSS A, Z26; \
	VFMADD231PS Z24, Z26, LO; \
	VFMADD231PS Z25, Z26, HI

#define ZERO512(LO, HI) VPXORQ LO, LO, LO; VPXORQ HI, HI, HI
#define ADD512(LO, HI) VADDPS (BX), LO, LO; VADDPS 64(BX), HI, HI; ADDQ R12, BX
#define STORE512(LO, HI) VMOVUPS LO, (BX); VMOVUPS HI, 64(BX); ADDQ R12, BX

#define ALL512(OP) \
	OP(Z0, Z1); OP(Z2, Z3); OP(Z4, Z5); OP(Z6, Z7); OP(Z8, Z9); OP(Z10, Z11); \
	OP(Z12, Z13); OP(Z14, Z15); OP(Z16, Z17); OP(Z18, Z19); OP(Z20, Z21); OP(Z22, Z23)

// func tileAVX512(k int, a *float32, rs, cs int, b, c *float32, ldc int, add bool)
// C is 12×32.
TEXT ·tileAVX512(SB), NOSPLIT, $8-57
	FLUSH
	LOAD
	LEAQ (R9)(R13*1), R10
	LEAQ (R10)(R13*1), R11
	ALL512(ZERO512)
	TESTQ CX, CX
	JZ    done512

step512:
	VMOVUPS (DI), Z24
	VMOVUPS 64(DI), Z25
	ROW512((R8), Z0, Z1)
	ROW512((R8)(SI*1), Z2, Z3)
	ROW512((R8)(SI*2), Z4, Z5)
	ROW512((R9), Z6, Z7)
	ROW512((R9)(SI*1), Z8, Z9)
	ROW512((R9)(SI*2), Z10, Z11)
	ROW512((R10), Z12, Z13)
	ROW512((R10)(SI*1), Z14, Z15)
	ROW512((R10)(SI*2), Z16, Z17)
	ROW512((R11), Z18, Z19)
	ROW512((R11)(SI*1), Z20, Z21)
	ROW512((R11)(SI*2), Z22, Z23)
	ADDQ DX, R8
	ADDQ DX, R9
	ADDQ DX, R10
	ADDQ DX, R11
	ADDQ $128, DI
	DECQ CX
	JNZ  step512

done512:
	CMPB add+56(FP), $0
	JEQ  store512
	MOVQ BX, R13
	ALL512(ADD512)
	MOVQ R13, BX

store512:
	ALL512(STORE512)
	VZEROUPPER
	RESTORE
	RET

#define ROW256(A, LO, HI) \
	VBROADCASTSS A, Y14; \
	VFMADD231PS Y12, Y14, LO; \
	VFMADD231PS Y13, Y14, HI

#define ZERO256(LO, HI) VXORPS LO, LO, LO; VXORPS HI, HI, HI
#define ADD256(LO, HI) VADDPS (BX), LO, LO; VADDPS 32(BX), HI, HI; ADDQ R12, BX
#define STORE256(LO, HI) VMOVUPS LO, (BX); VMOVUPS HI, 32(BX); ADDQ R12, BX

#define ALL256(OP) \
	OP(Y0, Y1); OP(Y2, Y3); OP(Y4, Y5); OP(Y6, Y7); OP(Y8, Y9); OP(Y10, Y11)

// func tileAVX2(k int, a *float32, rs, cs int, b, c *float32, ldc int, add bool)
// C is 6×16.
TEXT ·tileAVX2(SB), NOSPLIT, $8-57
	FLUSH
	LOAD
	ALL256(ZERO256)
	TESTQ CX, CX
	JZ    done256

step256:
	VMOVUPS (DI), Y12
	VMOVUPS 32(DI), Y13
	ROW256((R8), Y0, Y1)
	ROW256((R8)(SI*1), Y2, Y3)
	ROW256((R8)(SI*2), Y4, Y5)
	ROW256((R9), Y6, Y7)
	ROW256((R9)(SI*1), Y8, Y9)
	ROW256((R9)(SI*2), Y10, Y11)
	ADDQ DX, R8
	ADDQ DX, R9
	ADDQ $64, DI
	DECQ CX
	JNZ  step256

done256:
	CMPB add+56(FP), $0
	JEQ  store256
	MOVQ BX, R13
	ALL256(ADD256)
	MOVQ R13, BX

store256:
	ALL256(STORE256)
	VZEROUPPER
	RESTORE
	RET
