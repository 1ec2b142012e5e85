//go:build !purego

package portable

import "golang.org/x/sys/cpu"

// The tiles in assembly. They fill the registers: two vectors to a row.
var (
	avx512 = tile[float32]{"AVX-512", 12, 32, tileAVX512}
	avx2   = tile[float32]{"AVX2", 6, 16, tileAVX2}
)

// machineTiles are the tiles in assembly that the processor can run, the widest first.
func machineTiles() []tile[float32] {
	var all []tile[float32]
	if cpu.X86.HasAVX512F {
		all = append(all, avx512)
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		all = append(all, avx2)
	}
	return all
}

//go:noescape
func tileAVX512(k int, a *float32, rs, cs int, b, c *float32, ldc int, add bool)

//go:noescape
func tileAVX2(k int, a *float32, rs, cs int, b, c *float32, ldc int, add bool)
