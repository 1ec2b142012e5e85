package portable

// tile is the innermost loop of every matrix product: it keeps a rows×cols
// block of the result in registers while it runs along the inner dimension.
type tile[T float] struct {
	name       string
	rows, cols int
	// mul is C = A·B, or C += A·B if add, of a rows×k matrix A, whose element
	// (i, l) is a[i·rs + l·cs], and a contiguous k×cols matrix B. C has row stride ldc.
	// Each sum runs in the order of l. Tiles in assembly multiply and add with one
	// rounding; the one in Go does where its compiler fuses the two, as for arm64 but
	// not amd64, so tiles may differ in the last bits.
	mul func(k int, a *T, rs, cs int, b, c *T, ldc int, add bool)
}

// bestTile is the fastest tile of this machine for T.
func bestTile[T float]() tile[T] {
	if all, ok := any(machineTiles()).([]tile[T]); ok && len(all) > 0 {
		return all[0]
	}
	return inGo[T]()
}
