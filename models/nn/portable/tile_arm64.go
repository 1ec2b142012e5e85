//go:build !purego

package portable

// The tile in assembly. It fills the registers: four vectors to a row.
var neon = tile[float32]{"NEON", 6, 16, tileNEON}

// machineTiles are the tiles in assembly that the processor can run, the widest first.
func machineTiles() []tile[float32] { return []tile[float32]{neon} }

//go:noescape
func tileNEON(k int, a *float32, rs, cs int, b, c *float32, ldc int, add bool)
