package fusion

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// points are random unit vectors, as channels of unit variance are, with their
// correlation.
func points(n int, seed uint64) ([][]float64, *correlation) {
	const dims = 6
	rng := rand.New(rand.NewPCG(seed, 0))
	x := make([][]float64, n)
	for i := range x {
		x[i] = make([]float64, dims)
		norm := 0.0
		for d := range x[i] {
			x[i][d] = rng.NormFloat64()
			norm += x[i][d] * x[i][d]
		}
		for d := range x[i] {
			x[i][d] /= math.Sqrt(norm)
		}
	}
	c := &correlation{first: []int{0, n / 2, n}, of: make([]float64, n*n)}
	for i := range n {
		for j := range n {
			for d := range dims {
				c.of[i*n+j] += x[i][d] * x[j][d]
			}
		}
	}
	return x, c
}

// scatter is the sum of squared distances of a cluster's points from their mean.
func scatter(x [][]float64, cluster []int) float64 {
	sum := 0.0
	for d := range x[0] {
		mean := 0.0
		for _, i := range cluster {
			mean += x[i][d] / float64(len(cluster))
		}
		for _, i := range cluster {
			sum += (x[i][d] - mean) * (x[i][d] - mean)
		}
	}
	return sum
}

// greedy merges the two clusters whose scatter grows least, computed anew for
// all pairs every time.
func greedy(x [][]float64, n int) [][]int {
	var clusters [][]int
	for i := range x {
		clusters = append(clusters, []int{i})
	}
	for len(clusters) > n {
		a, b, least := 0, 0, math.Inf(1)
		for i := range clusters {
			for j := i + 1; j < len(clusters); j++ {
				joined := slices.Concat(clusters[i], clusters[j])
				if grown := scatter(x, joined) - scatter(x, clusters[i]) - scatter(x, clusters[j]); grown < least {
					a, b, least = i, j, grown
				}
			}
		}
		clusters[a] = slices.Sorted(slices.Values(slices.Concat(clusters[a], clusters[b])))
		clusters = slices.Delete(clusters, b, b+1)
	}
	return clusters
}

func TestClustersAreWards(t *testing.T) {
	for seed := range uint64(20) {
		x, c := points(24, seed)
		for _, n := range []int{1, 5, 12, 23, 24} {
			got, err := c.clusters(n)
			if err != nil {
				t.Fatal(err)
			}
			if want := greedy(x, n); !slices.EqualFunc(got, want, slices.Equal) {
				t.Errorf("seed %d: %d clusters %v, want %v", seed, n, got, want)
			}
		}
	}
	_, c := points(4, 1)
	for _, n := range []int{0, 5} {
		if _, err := c.clusters(n); err == nil {
			t.Errorf("no error for %d clusters of 4 channels", n)
		}
	}
}
