//go:build purego || !(amd64 || arm64)

package ot

func dotsBody(t *tile, d int, out *[2 * tileRows]float64) { dotsGo(t, d, out) }

func addToBody(q *quad, w []float64, f *[tileRows]float64) { addToGo(q, w, f) }

func timesBody(q *quad, y []float64, out *[tileRows]float64) { timesGo(q, y, out) }
