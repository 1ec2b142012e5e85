//go:build !purego

package ot

import "golang.org/x/sys/cpu"

// What the machine has is fixed at start-up.
var (
	haveAVX2   = cpu.X86.HasAVX2 && cpu.X86.HasFMA
	haveAVX512 = cpu.X86.HasAVX512F
)

func dotsBody(t *tile, d int, out *[2 * tileRows]float64) {
	if haveAVX2 {
		dotsAVX2(t, d, out)
		return
	}
	dotsGo(t, d, out)
}

func addToBody(q *quad, w []float64, f *[tileRows]float64) {
	switch {
	case haveAVX512 && len(w) > 0:
		addToAVX512(q, &w[0], len(w), f)
	case haveAVX2 && len(w) > 0:
		addToAVX2(q, &w[0], len(w), f)
	default:
		addToGo(q, w, f)
	}
}

func timesBody(q *quad, y []float64, out *[tileRows]float64) {
	switch {
	case haveAVX512 && len(y) > 0:
		timesAVX512(q, &y[0], len(y), out)
	case haveAVX2 && len(y) > 0:
		timesAVX2(q, &y[0], len(y), out)
	default:
		timesGo(q, y, out)
	}
}

// dotsAVX2 is dotsGo; d is a multiple of 4.
//
//go:noescape
func dotsAVX2(t *tile, d int, out *[2 * tileRows]float64)

// addToAVX2 is addToGo; n, the length of w, is a positive multiple of 8.
//
//go:noescape
func addToAVX2(q *quad, w *float64, n int, f *[tileRows]float64)

// addToAVX512 is addToAVX2.
//
//go:noescape
func addToAVX512(q *quad, w *float64, n int, f *[tileRows]float64)

// timesAVX2 is timesGo; n, the length of y, is a positive multiple of 8.
//
//go:noescape
func timesAVX2(q *quad, y *float64, n int, out *[tileRows]float64)

// timesAVX512 is timesAVX2.
//
//go:noescape
func timesAVX512(q *quad, y *float64, n int, out *[tileRows]float64)
