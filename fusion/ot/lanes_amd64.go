//go:build !purego

package ot

import "golang.org/x/sys/cpu"

// haveAVX2 is fixed at start-up.
var haveAVX2 = cpu.X86.HasAVX2 && cpu.X86.HasFMA

func dotsBody(t *tile, d int, out *[2 * tileRows]float64) {
	if haveAVX2 {
		dotsAVX2(t, d, out)
		return
	}
	dotsGo(t, d, out)
}

func addToBody(q *quad, w []float64, f *[tileRows]float64) {
	if haveAVX2 && len(w) > 0 {
		addToAVX2(q, &w[0], len(w), f)
		return
	}
	addToGo(q, w, f)
}

// dotsAVX2 is dotsGo; d is a multiple of 4.
//
//go:noescape
func dotsAVX2(t *tile, d int, out *[2 * tileRows]float64)

// addToAVX2 is addToGo; n, the length of w, is a multiple of 4.
//
//go:noescape
func addToAVX2(q *quad, w *float64, n int, f *[tileRows]float64)
