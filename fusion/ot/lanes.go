package ot

import "math"

// The three inner kernels of this package work on several rows at once so that
// each number loaded is used more than once. All are defined here in Go;
// lanes_amd64.s does the same with AVX2 and AVX-512 and lanes_arm64.s with NEON,
// to the last bit, since math.FMA rounds once on every machine.

// tileRows is the number of rows of x, and of k, a kernel call works on.
const tileRows = 4

// tile holds four rows of x, then two rows of y, of equal lengths.
type tile [tileRows + 2][]float64

// dots sets out[2r+s] to the inner product of x row r and y row s. Each is
// summed in four lanes, lane l taking the elements whose index is l modulo 4,
// then as (lane 0 + lane 2) + (lane 1 + lane 3), then the elements left over.
func (t *tile) dots(out *[2 * tileRows]float64) {
	d := len(t[0]) &^ 3
	dotsBody(t, d, out)
	for ; d < len(t[0]); d++ {
		for r := range tileRows {
			out[2*r] = math.FMA(t[r][d], t[tileRows][d], out[2*r])
			out[2*r+1] = math.FMA(t[r][d], t[tileRows+1][d], out[2*r+1])
		}
	}
}

func dotsGo(t *tile, d int, out *[2 * tileRows]float64) {
	for k := range out {
		out[k] = dotLanes(t[k/2][:d], t[tileRows+k%2][:d])
	}
}

func dotLanes(x, y []float64) float64 {
	var l0, l1, l2, l3 float64
	for len(x) >= 4 && len(y) >= 4 {
		l0 = math.FMA(x[0], y[0], l0)
		l1 = math.FMA(x[1], y[1], l1)
		l2 = math.FMA(x[2], y[2], l2)
		l3 = math.FMA(x[3], y[3], l3)
		x, y = x[4:], y[4:]
	}
	return (l0 + l2) + (l1 + l3)
}

// quad holds four rows of one length.
type quad [tileRows][]float64

// times sets out[r] to the inner product of row r and y. Each is summed in eight
// lanes, lane l taking the elements whose index is l modulo 8; lanes 4 to 7 are
// added to lanes 0 to 3 and these summed as in dots, then the elements left over.
func (q *quad) times(y []float64, out *[tileRows]float64) {
	d := len(y) &^ 7
	timesBody(q, y[:d], out)
	for ; d < len(y); d++ {
		for r := range q {
			out[r] = math.FMA(q[r][d], y[d], out[r])
		}
	}
}

func timesGo(q *quad, y []float64, out *[tileRows]float64) {
	for r, x := range q {
		var lane [8]float64
		for d := 0; d < len(y); d += len(lane) {
			for l := range lane {
				lane[l] = math.FMA(x[d+l], y[d+l], lane[l])
			}
		}
		out[r] = ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]))
	}
}

// addTo adds f[0]·row 0 + … + f[3]·row 3 to w, one after the other.
func (q *quad) addTo(w []float64, f *[tileRows]float64) {
	d := len(w) &^ 7
	addToBody(q, w[:d], f)
	for ; d < len(w); d++ {
		for r := range q {
			w[d] = math.FMA(f[r], q[r][d], w[d])
		}
	}
}

func addToGo(q *quad, w []float64, f *[tileRows]float64) {
	q0, q1, q2, q3 := q[0][:len(w)], q[1][:len(w)], q[2][:len(w)], q[3][:len(w)]
	for j, s := range w {
		s = math.FMA(f[0], q0[j], s)
		s = math.FMA(f[1], q1[j], s)
		s = math.FMA(f[2], q2[j], s)
		w[j] = math.FMA(f[3], q3[j], s)
	}
}
