package data

import "math/rand/v2"

// A use separates the random streams that one seed feeds.
type use uint64

const (
	useOrder use = iota + 1
	useAugment
	useSplit
	usePartition
	useSample
	useDirichlet
)

// newRand returns the random stream of a seed for one use in one epoch. It
// depends on nothing else, so that any epoch can be entered directly.
func newRand(seed uint64, u use, epoch int) *rand.Rand {
	return rand.New(rand.NewPCG(seed, uint64(u)<<56|uint64(epoch)))
}
