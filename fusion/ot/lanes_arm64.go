//go:build !purego

package ot

func dotsBody(t *tile, d int, out *[2 * tileRows]float64) { dotsNEON(t, d, out) }

func addToBody(q *quad, w []float64, f *[tileRows]float64) {
	if len(w) > 0 {
		addToNEON(q, &w[0], len(w), f)
	}
}

func timesBody(q *quad, y []float64, out *[tileRows]float64) {
	if len(y) == 0 {
		*out = [tileRows]float64{}
		return
	}
	timesNEON(q, &y[0], len(y), out)
}

// dotsNEON is dotsGo; d is a multiple of 4.
//
//go:noescape
func dotsNEON(t *tile, d int, out *[2 * tileRows]float64)

// addToNEON is addToGo; n, the length of w, is a multiple of 4.
//
//go:noescape
func addToNEON(q *quad, w *float64, n int, f *[tileRows]float64)

// timesNEON is timesGo; n, the length of y, is a positive multiple of 8.
//
//go:noescape
func timesNEON(q *quad, y *float64, n int, out *[tileRows]float64)
