// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

#include "textflag.h"

// SETS looks up the bytes in Y1 in the tables low and high. It leaves their sets in Y1.
#define SETS(low, high) \
	VPAND   Y12, Y1, Y3; \
	VPSRLW  $4, Y1, Y1;  \
	VPAND   Y12, Y1, Y1; \
	VPSHUFB Y3, low, Y3; \
	VPSHUFB Y1, high, Y1; \
	VPAND   Y3, Y1, Y1

// LOOK adds the sets of the 32 pairs whose second bytes are at SI to Y0.
#define LOOK \
	VMOVDQU -1(SI), Y1; \
	SETS(Y8, Y9);       \
	VMOVDQA Y1, Y2;     \
	VMOVDQU (SI), Y1;   \
	SETS(Y10, Y11);     \
	VPAND   Y1, Y2, Y1; \
	VPOR    Y1, Y0, Y0

// func digramsAVX2(d *digrams, p *byte, n int) uint8
TEXT ·digramsAVX2(SB), NOSPLIT, $0-25
	MOVQ d+0(FP), AX
	MOVQ p+8(FP), SI
	MOVQ n+16(FP), CX
	VBROADCASTI128 0(AX), Y8
	VBROADCASTI128 16(AX), Y9
	VBROADCASTI128 32(AX), Y10
	VBROADCASTI128 48(AX), Y11
	MOVL $0x0f0f0f0f, DX
	VMOVD DX, X12
	VPBROADCASTD X12, Y12
	VPXOR Y0, Y0, Y0
	LEAQ -32(SI)(CX*1), DX // where the last 32 bytes begin: n is 33 or more
	INCQ SI

loop:
	CMPQ SI, DX
	JAE  last
	LOOK
	ADDQ $32, SI
	JMP  loop

last:
	MOVQ DX, SI
	LOOK
	VEXTRACTI128 $1, Y0, X1
	VPOR X1, X0, X0
	VPSRLDQ $8, X0, X1
	VPOR X1, X0, X0
	VMOVQ X0, AX
	VZEROUPPER
	MOVQ AX, CX
	SHRQ $32, CX
	ORQ  CX, AX
	MOVL AX, CX
	SHRL $16, CX
	ORL  CX, AX
	MOVL AX, CX
	SHRL $8, CX
	ORL  CX, AX
	MOVB AX, ret+24(FP)
	RET
