package fusion

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"otfusion/models"
)

// tap is a value of the input that a patch holds: the pixel at one place of
// the window. Places and pixels are numbered row by row.
type tap struct{ place, pixel int }

// patches lists, for each position of a layer's output, the taps of the patch
// that the layer sees there; what lies beyond the border is 0 and left out.
func patches(l models.Layer, in, out models.Shape) [][]tap {
	at := make([][]tap, out.H*out.W)
	for p := range at {
		top, left := p/out.W*l.Stride-l.Padding, p%out.W*l.Stride-l.Padding
		for row := max(0, -top); row < min(l.Kernel, in.H-top); row++ {
			for col := max(0, -left); col < min(l.Kernel, in.W-left); col++ {
				at[p] = append(at[p], tap{row*l.Kernel + col, (top+row)*in.W + left + col})
			}
		}
	}
	return at
}

// stretch is n consecutive pairs: (a, b), (a+1, b+1), …
type stretch struct{ a, b, n int }

// overlap is all pairs of pixels that patches hold at the same pairs of places.
// Neighbouring patches share most of their pixels, so that the products of two
// pixels are needed many times but need computing once.
type overlap struct {
	places [][2]int
	runs   []stretch
}

// overlaps sorts the pairs of pixels (a, b), a ≤ b, that some patch holds both.
func overlaps(at [][]tap) []overlap {
	places := map[[2]int][][2]int{}
	for _, taps := range at {
		for i, s := range taps {
			for _, t := range taps[i:] {
				pair := [2]int{s.pixel, t.pixel}
				places[pair] = append(places[pair], [2]int{s.place, t.place})
			}
		}
	}
	var found []overlap
	index := map[string]int{}
	for _, pair := range alongDiagonals(places) {
		key := fmt.Sprint(places[pair])
		i, ok := index[key]
		if !ok {
			i = len(found)
			index[key] = i
			found = append(found, overlap{places: places[pair]})
		}
		found[i].runs = extend(found[i].runs, pair[0], pair[1])
	}
	return found
}

// alongDiagonals orders pairs so that those of one distance follow each other.
func alongDiagonals[V any](pairs map[[2]int]V) [][2]int {
	return slices.SortedFunc(maps.Keys(pairs), func(p, q [2]int) int {
		return cmp.Or(cmp.Compare(p[1]-p[0], q[1]-q[0]), cmp.Compare(p[0], q[0]))
	})
}

// extend adds a pair to the last stretch, or begins one.
func extend(runs []stretch, a, b int) []stretch {
	if last := len(runs) - 1; last >= 0 && runs[last].a+runs[last].n == a && runs[last].b+runs[last].n == b {
		runs[last].n++
		return runs
	}
	return append(runs, stretch{a, b, 1})
}

// reads lists, for each place of the window, the runs of (pixel, position) at
// which it is read.
func reads(at [][]tap, places int) [][]stretch {
	runs := make([][]stretch, places)
	for p, taps := range at {
		for _, t := range taps {
			runs[t.place] = extend(runs[t.place], t.pixel, p)
		}
	}
	return runs
}
