package portable

// tile is the innermost loop of every matrix product: it keeps a rows×cols
// block of the result in registers while it runs along the inner dimension.
type tile[T float] struct {
	name       string
	rows, cols int
	// mul is C = A·B, or C += A·B if add, of a rows×k matrix A, whose element
	// (i, l) is a[i·rs + l·cs], and a contiguous k×cols matrix B. C has row stride ldc.
	mul func(k int, a *T, rs, cs int, b, c *T, ldc int, add bool)
}

// bestTile is the fastest tile of this machine for T.
func bestTile[T float]() tile[T] {
	if t, ok := any(machineTile()).(tile[T]); ok && t.mul != nil {
		return t
	}
	return tile[T]{"Go", goRows, goCols, goTile[T]}
}
