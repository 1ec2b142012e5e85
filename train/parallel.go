package train

import (
	"context"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// RunAll trains several networks side by side, as many at a time as there are
// cores, and shares the cores among them; cores 0 means GOMAXPROCS. Config's
// Threads, where set, stays. Results are in the order of the configurations.
// The first error interrupts the other runs, which can be resumed.
func RunAll(ctx context.Context, configs []Config, cores int) ([]*Result, error) {
	if cores <= 0 {
		cores = runtime.GOMAXPROCS(0)
	}
	abreast := max(1, min(len(configs), cores))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(abreast)
	results := make([]*Result, len(configs))
	for i, c := range configs {
		if c.Threads == 0 {
			c.Threads = max(1, cores/abreast)
		}
		g.Go(func() (err error) {
			results[i], err = Run(ctx, c)
			return err
		})
	}
	return results, g.Wait()
}
