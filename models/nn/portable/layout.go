package portable

import "otfusion/models/nn/kernel"

// Packed is the number of values: the packed layout (N, H, W, C) pads nothing.
func (e *core[T]) Packed(s kernel.Shape) int { return s.Len() }

// Pack copies plain (N, C, H, W) to packed (N, H, W, C).
func (e *core[T]) Pack(packed, plain []T, s kernel.Shape) {
	e.transpose(packed, plain, s.N, s.C, s.H*s.W)
}

// Unpack copies packed (N, H, W, C) to plain (N, C, H, W).
func (e *core[T]) Unpack(plain, packed []T, s kernel.Shape) {
	e.transpose(plain, packed, s.N, s.H*s.W, s.C)
}

// transpose makes n matrices rows×cols into cols×rows.
func (e *core[T]) transpose(to, from []T, n, rows, cols int) {
	e.tasks.to, e.tasks.from, e.tasks.rows, e.tasks.cols = to, from, rows, cols
	e.run(n, e.tasks.transposeOne)
}

// transposed writes the cols×rows transpose of the rows×cols matrix from. It goes by square
// blocks, so that both sides stay in the cache.
func transposed[T float](to, from []T, rows, cols int) {
	const side = 16
	for i0 := 0; i0 < rows; i0 += side {
		i1 := min(i0+side, rows)
		for j0 := 0; j0 < cols; j0 += side {
			for j := j0; j < min(j0+side, cols); j++ {
				out := to[j*rows+i0 : j*rows+i1]
				in := i0*cols + j
				for i := range out {
					out[i] = from[in]
					in += cols
				}
			}
		}
	}
}
