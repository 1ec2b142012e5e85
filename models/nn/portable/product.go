package portable

// strided is a matrix in place: element (i, l) is data[i·rs + l·cs].
type strided[T float] struct {
	data   []T
	rs, cs int
}

// panels is the right-hand matrix of a product, cut into panels of the tile's
// width: element (l, j) is data[(j/cols)·stride + l·cols + j%cols]. What stands
// beside the last column does not matter.
type panels[T float] struct {
	data   []T
	stride int
}

// innerBlock is how far a product runs along the inner dimension before it goes
// to the next tile: a panel of that length stays in the first two caches.
const innerBlock = 512

// product computes C = A·B, or C += A·B if add, for C (m×n) of row stride ldc.
// scratch holds edgeLen values.
func (t *tile[T]) product(c []T, ldc int, a strided[T], b panels[T], m, n, k int, add bool, scratch []T) {
	for l := 0; l < k; l += innerBlock {
		inner := min(innerBlock, k-l)
		block := strided[T]{a.data[l*a.cs:], a.rs, a.cs}
		whole := m - m%t.rows
		t.strip(c, ldc, block, b, l, whole, n, inner, add, scratch)
		if rest := m - whole; rest > 0 {
			edge := t.edge(block, whole, rest, inner, scratch[t.rows*t.cols:])
			t.strip(c[whole*ldc:], ldc, edge, b, l, rest, n, inner, add, scratch)
		}
		add = true
	}
}

// edgeLen is the scratch that a product needs.
func (t *tile[T]) edgeLen() int { return t.rows * (t.cols + innerBlock) }

// edge copies the last rows of A, fewer than a tile has, to where a whole tile can be read.
func (t *tile[T]) edge(a strided[T], i0, rows, k int, to []T) strided[T] {
	for i := range rows {
		from := a.data[(i0+i)*a.rs:]
		for l := range k {
			to[i*innerBlock+l] = from[l*a.cs]
		}
	}
	return strided[T]{to, innerBlock, 1}
}

// strip multiplies row by row of tiles, from row l of B on. m is a multiple of the
// tile's rows or less than one tile.
func (t *tile[T]) strip(c []T, ldc int, a strided[T], b panels[T], l, m, n, k int, add bool, scratch []T) {
	for j := 0; j < n; j += t.cols {
		panel := &b.data[j/t.cols*b.stride+l*t.cols]
		for i := 0; i < m; i += t.rows {
			rows, cols := min(t.rows, m-i), min(t.cols, n-j)
			if rows == t.rows && cols == t.cols {
				t.mul(k, &a.data[i*a.rs], a.rs, a.cs, panel, &c[i*ldc+j], ldc, add)
				continue
			}
			t.mul(k, &a.data[i*a.rs], a.rs, a.cs, panel, &scratch[0], t.cols, false)
			store(c[i*ldc+j:], ldc, scratch, t.cols, rows, cols, add)
		}
	}
}

// store copies, or adds, the part of a tile that lies inside the result.
func store[T float](c []T, ldc int, tile []T, ld, rows, cols int, add bool) {
	for i := range rows {
		from, to := tile[i*ld:i*ld+cols], c[i*ldc:i*ldc+cols]
		if !add {
			copy(to, from)
			continue
		}
		for j, v := range from {
			to[j] += v
		}
	}
}
