package data

import (
	"encoding/json"
	"fmt"
	"io"
)

// Sample draws m distinct indices out of 0 … n−1 at random, in random order:
// the images on which activations are compared.
func Sample(n, m int, seed uint64) ([]int, error) {
	if m < 0 || m > n {
		return nil, fmt.Errorf("data: sample: wanted 0 to %d samples, found %d", n, m)
	}
	order := make([]int, n)
	shuffle(order, newRand(seed, useSample, 0))
	return order[:m:m], nil
}

// ReadIndices reads a JSON list of indices into a dataset of n images, such as
// [2717, 38917, 32629]. It fails on anything else, on an empty list, and on an
// index outside 0 … n−1.
func ReadIndices(r io.Reader, n int) ([]int, error) {
	var list []*int // pointers tell null from 0
	decoder := json.NewDecoder(r)
	if err := decoder.Decode(&list); err != nil {
		return nil, fmt.Errorf("data: indices: wanted a JSON list of integers: %w", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, fmt.Errorf("data: indices: wanted one JSON list, found more after it")
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("data: indices: wanted at least one, found none")
	}
	indices := make([]int, len(list))
	for k, i := range list {
		if i == nil {
			return nil, fmt.Errorf("data: indices: number %d: wanted 0 to %d, found null", k, n-1)
		}
		if *i < 0 || *i >= n {
			return nil, fmt.Errorf("data: indices: number %d: wanted 0 to %d, found %d", k, n-1, *i)
		}
		indices[k] = *i
	}
	return indices, nil
}
