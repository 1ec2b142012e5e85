package fusion

import (
	"math"

	"otfusion/internal/gemm"
	"otfusion/internal/parallel"
)

// moments are the mean and standard deviation of each channel.
type moments struct{ mean, std []float64 }

// plus adds λ times other moments.
func (m moments) plus(lambda float64, other moments) moments {
	if m.mean == nil {
		m = moments{make([]float64, len(other.mean)), make([]float64, len(other.std))}
	}
	for c := range m.mean {
		m.mean[c] += lambda * other.mean[c]
		m.std[c] += lambda * other.std[c]
	}
	return m
}

// towards is the factor and shift of each channel that turn these moments into
// the target's. A channel that never varies is only shifted.
func (m moments) towards(target moments) (scale, shift []float64) {
	scale, shift = make([]float64, len(m.mean)), make([]float64, len(m.mean))
	for c := range scale {
		scale[c] = 1
		if m.std[c] > 1e-6*target.std[c] {
			scale[c] = target.std[c] / m.std[c]
		}
		shift[c] = target.mean[c] - scale[c]*m.mean[c]
	}
	return scale, shift
}

// sums accumulate the moments of channels, batch by batch.
type sums struct {
	count           float64
	first, variance []float64 // Σx, and Σ(x−mean)² so far
}

func newSums(channels int) *sums {
	return &sums{first: make([]float64, channels), variance: make([]float64, channels)}
}

// add takes in a batch, merging its moments with those before it (Chan et al.
// 1983), which loses no digits when means are large.
func (s *sums) add(v gemm.View) {
	n := float64(v.Cols())
	parallel.For(v.Size, 2*v.Cols(), func(lo, hi int) {
		for c := lo; c < hi; c++ {
			first, variance := rowMoments(v, c)
			if s.count > 0 {
				delta := first/n - s.first[c]/s.count
				variance += delta * delta * n * s.count / (n + s.count)
			}
			s.first[c] += first
			s.variance[c] += variance
		}
	})
	s.count += n
}

// rowMoments is the sum of a row and of its squared distances from its mean.
func rowMoments(v gemm.View, row int) (first, variance float64) {
	v.EachRun(row, 0, v.Cols(), func(_ int, run []float32) {
		for _, x := range run {
			first += float64(x)
		}
	})
	mean := first / float64(v.Cols())
	v.EachRun(row, 0, v.Cols(), func(_ int, run []float32) {
		for _, x := range run {
			d := float64(x) - mean
			variance += d * d
		}
	})
	return first, variance
}

func (s *sums) moments() moments {
	m := moments{make([]float64, len(s.first)), make([]float64, len(s.first))}
	for c := range m.mean {
		m.mean[c] = s.first[c] / s.count
		m.std[c] = math.Sqrt(s.variance[c] / s.count)
	}
	return m
}
