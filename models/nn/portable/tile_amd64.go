//go:build amd64 && !purego

package portable

import "golang.org/x/sys/cpu"

// The tiles in assembly. They fill the registers: two vectors to a row.
var (
	avx512 = tile[float32]{"AVX-512", 12, 32, tileAVX512}
	avx2   = tile[float32]{"AVX2", 6, 16, tileAVX2}
)

// machineTile is the widest tile that the processor can run.
func machineTile() tile[float32] {
	switch {
	case cpu.X86.HasAVX512F:
		return avx512
	case cpu.X86.HasAVX2 && cpu.X86.HasFMA:
		return avx2
	}
	return tile[float32]{}
}

//go:noescape
func tileAVX512(k int, a *float32, rs, cs int, b, c *float32, ldc int, add bool)

//go:noescape
func tileAVX2(k int, a *float32, rs, cs int, b, c *float32, ldc int, add bool)
