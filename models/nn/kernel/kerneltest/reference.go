package kerneltest

import (
	"math"

	"otfusion/models/nn/kernel"
)

// The definitions, on plain (N, C, H, W) in float64.

// convolve returns y, or with dy the gradients dx and dw.
func convolve(s kernel.ConvSpec, x, w, b, dy []float64) (y, dx, dw []float64) {
	in, out := s.In, s.OutShape()
	groups := max(s.Groups, 1)
	inner := in.C / groups
	y, dx, dw = make([]float64, out.Len()), make([]float64, len(x)), make([]float64, len(w))
	for i := range y {
		n, o, u, v := split(i, out)
		if b != nil {
			y[i] = b[o]
		}
		group := o / (s.Out / groups)
		for c := range inner {
			for ky := range s.Kernel {
				for kx := range s.Kernel {
					xi, inside := index(in, n, group*inner+c, u*s.Stride-s.Padding+ky, v*s.Stride-s.Padding+kx)
					if !inside {
						continue
					}
					wi := ((o*inner+c)*s.Kernel+ky)*s.Kernel + kx
					y[i] += x[xi] * w[wi]
					dx[xi] += dy[i] * w[wi]
					dw[wi] += dy[i] * x[xi]
				}
			}
		}
	}
	return y, dx, dw
}

// split is the position of element i of a plain activation.
func split(i int, s kernel.Shape) (n, c, h, w int) {
	return i / (s.C * s.H * s.W), i / (s.H * s.W) % s.C, i / s.W % s.H, i % s.W
}

// index is where an element of a plain activation stands, if it has it.
func index(s kernel.Shape, n, c, h, w int) (int, bool) {
	return ((n*s.C+c)*s.H+h)*s.W + w, h >= 0 && h < s.H && w >= 0 && w < s.W
}

// channelSums adds the values of every channel: the gradient of a bias.
func channelSums(s kernel.Shape, x []float64) []float64 {
	sums := make([]float64, s.C)
	for i, v := range x {
		_, c, _, _ := split(i, s)
		sums[c] += v
	}
	return sums
}

func rectify(x []float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = max(v, 0)
	}
	return y
}

// masked is dx where x > 0, else 0.
func masked(dx, x []float64) []float64 {
	y := make([]float64, len(dx))
	for i, v := range dx {
		if x[i] > 0 {
			y[i] = v
		}
	}
	return y
}

// pooled returns y and the gradient dx.
func pooled(s kernel.PoolSpec, x, dy []float64) (y, dx []float64) {
	in, out := s.In, s.OutShape()
	switch s.Kind {
	case kernel.FlattenPool:
		return x, dy
	case kernel.AdaptivePool:
		return adapted(in, out, x, dy)
	}
	height, width, stride, padding := s.Kernel, s.Kernel, s.Stride, s.Padding
	if s.Kind == kernel.GlobalPool {
		height, width, stride, padding = in.H, in.W, 1, 0
	}
	y, dx = make([]float64, out.Len()), make([]float64, in.Len())
	for i := range y {
		n, c, u, v := split(i, out)
		best, winner, sum := math.Inf(-1), 0, 0.0
		for k := range height * width {
			xi, inside := index(in, n, c, u*stride-padding+k/width, v*stride-padding+k%width)
			if !inside {
				continue
			}
			if sum += x[xi]; x[xi] > best {
				best, winner = x[xi], xi
			}
			if s.Kind != kernel.MaxPool {
				dx[xi] += dy[i] / float64(height*width)
			}
		}
		y[i] = sum / float64(height*width)
		if s.Kind == kernel.MaxPool {
			y[i] = best
			dx[winner] += dy[i]
		}
	}
	return y, dx
}

// adapted returns y and the gradient dx of an adaptive average pool.
func adapted(in, out kernel.Shape, x, dy []float64) (y, dx []float64) {
	y, dx = make([]float64, out.Len()), make([]float64, in.Len())
	for i := range y {
		n, c, u, v := split(i, out)
		var window []int
		for j := range x {
			m, d, h, w := split(j, in)
			if m == n && d == c && covers(u, out.H, in.H, h) && covers(v, out.W, in.W, w) {
				window = append(window, j)
			}
		}
		for _, j := range window {
			y[i] += x[j] / float64(len(window))
			dx[j] += dy[i] / float64(len(window))
		}
	}
	return y, dx
}

// covers tells whether the i-th of n windows over an axis holds the place at:
// the real intervals [i, i+1)·length/n and [at, at+1) meet.
func covers(i, n, length, at int) bool {
	return float64(i*length)/float64(n) < float64(at+1) && float64(at) < float64((i+1)*length)/float64(n)
}

// moments are the mean and the biased variance of every channel.
func moments(s kernel.Shape, x []float64) (mean, variance []float64) {
	n := float64(s.N * s.H * s.W)
	mean, variance = channelSums(s, x), make([]float64, s.C)
	for c := range mean {
		mean[c] /= n
	}
	for i, v := range x {
		_, c, _, _ := split(i, s)
		variance[c] += (v - mean[c]) * (v - mean[c]) / n
	}
	return mean, variance
}

// normalised is x̂ = (x−µ)/√(σ²+ε).
func normalised(s kernel.BatchNormSpec, x, mean, variance []float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		_, c, _, _ := split(i, s.In)
		y[i] = (v - mean[c]) / math.Sqrt(variance[c]+float64(s.Eps))
	}
	return y
}

// normGradient is, through the batch's statistics, dx, dγ and dβ.
func normGradient(s kernel.BatchNormSpec, hat, dy, gamma, variance []float64) (dx, dgamma, dbeta []float64) {
	products := make([]float64, len(dy))
	for i := range dy {
		products[i] = dy[i] * hat[i]
	}
	dx, dgamma, dbeta = make([]float64, len(dy)), channelSums(s.In, products), channelSums(s.In, dy)
	n := float64(s.In.N * s.In.H * s.In.W)
	for i := range dx {
		_, c, _, _ := split(i, s.In)
		dx[i] = gamma[c] / math.Sqrt(variance[c]+float64(s.Eps)) * (dy[i] - dbeta[c]/n - hat[i]*dgamma[c]/n)
	}
	return dx, dgamma, dbeta
}
