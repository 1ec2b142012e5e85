package ot

import (
	"runtime"
	"sync"
)

// grain is the least work, in elementary steps of about a nanosecond, worth a
// goroutine of its own.
const grain = 1 << 15

// parallel calls work on ranges that partition [0, n), concurrently when n
// items of the given size are enough to pay for it. The partition depends on
// GOMAXPROCS, so work must not let its results depend on it.
func parallel(n, size int, work func(lo, hi int)) {
	workers := min(runtime.GOMAXPROCS(0), n, n*size/grain)
	if workers <= 1 {
		work(0, n)
		return
	}
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() { work(n*w/workers, n*(w+1)/workers) })
	}
	wg.Wait()
}
