// Package parallel shares loops out among goroutines.
package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// grain is the least work, in steps of about a nanosecond, worth a goroutine.
const grain = 1 << 15

// For calls work on ranges that partition [0, n), concurrently when n
// items of the given size, in nanoseconds or so, pay for it. The partition depends
// on GOMAXPROCS, so work must not let its results depend on it.
func For(n, size int, work func(lo, hi int)) {
	Numbered(n, size, func(_, lo, hi int) { work(lo, hi) })
}

// Numbered is For, which also numbers the goroutines, below GOMAXPROCS.
func Numbered(n, size int, work func(worker, lo, hi int)) {
	split(min(runtime.GOMAXPROCS(0), n, n*size/grain), n, work)
}

// Split is For with a given number of goroutines, at most n.
func Split(workers, n int, work func(lo, hi int)) {
	split(min(workers, n), n, func(_, lo, hi int) { work(lo, hi) })
}

func split(workers, n int, work func(worker, lo, hi int)) {
	if workers <= 1 {
		work(0, 0, n)
		return
	}
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() { work(w, n*w/workers, n*(w+1)/workers) })
	}
	wg.Wait()
}

// Deal calls work for every i in [0, n), in order, each on the goroutine that
// is free first, when n items of the given size pay for several. Work must not
// let its results depend on which one that is.
func Deal(n, size int, work func(worker, i int)) {
	var next atomic.Int64
	workers := max(1, min(n, runtime.GOMAXPROCS(0), n*size/grain))
	split(workers, workers, func(worker, _, _ int) {
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			work(worker, i)
		}
	})
}
