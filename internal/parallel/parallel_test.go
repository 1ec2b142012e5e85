package parallel

import (
	"runtime"
	"slices"
	"testing"
)

// Every loop covers every item once, whatever the numbers of items and goroutines.
func TestLoopsCoverEveryItemOnce(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	each := func(work func(i int)) func(lo, hi int) {
		return func(lo, hi int) {
			for i := lo; i < hi; i++ {
				work(i)
			}
		}
	}
	loops := map[string]func(n int, work func(i int)){
		"For, small items":   func(n int, work func(i int)) { For(n, 1, each(work)) },
		"For, large items":   func(n int, work func(i int)) { For(n, 1<<20, each(work)) },
		"Split in 1":         func(n int, work func(i int)) { Split(1, n, each(work)) },
		"Split in 7":         func(n int, work func(i int)) { Split(7, n, each(work)) },
		"Deal, small items":  func(n int, work func(i int)) { Deal(n, 1, func(_, i int) { work(i) }) },
		"Deal, large items":  func(n int, work func(i int)) { Deal(n, 1<<20, func(_, i int) { work(i) }) },
		"Numbered, in order": func(n int, work func(i int)) { Numbered(n, 1<<20, func(_, lo, hi int) { each(work)(lo, hi) }) },
	}
	for name, loop := range loops {
		for _, n := range []int{0, 1, 3, 100} {
			counts := make([]int, n)
			loop(n, func(i int) { counts[i]++ })
			if slices.ContainsFunc(counts, func(c int) bool { return c != 1 }) {
				t.Errorf("%s: %d items were done %v times", name, n, counts)
			}
		}
	}
}

// Scratch that belongs to a goroutine is used by one range at a time.
func TestNumberedGoroutinesAreBelowGOMAXPROCS(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	ranges := make([]int, 4)
	Numbered(100, 1<<20, func(worker, _, _ int) { ranges[worker]++ })
	if !slices.Equal(ranges, []int{1, 1, 1, 1}) {
		t.Errorf("the goroutines have %v ranges, want one each", ranges)
	}
}
