//go:build !purego

package ot

func dotsBody(t *tile, d int, out *[2 * tileRows]float64) { dotsNEON(t, d, out) }

func addToBody(q *quad, w []float64, f *[tileRows]float64) {
	if len(w) > 0 {
		addToNEON(q, &w[0], len(w), f)
	}
}

// dotsNEON is dotsGo; d is a multiple of 4.
//
//go:noescape
func dotsNEON(t *tile, d int, out *[2 * tileRows]float64)

// addToNEON is addToGo; n, the length of w, is a multiple of 4.
//
//go:noescape
func addToNEON(q *quad, w *float64, n int, f *[tileRows]float64)
