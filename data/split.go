package data

import (
	"fmt"
	"slices"
)

// DefaultHeldOut is the usual size of the validation split: 5,000 images, as
// many as one tenth of a CIFAR training set.
const DefaultHeldOut = 5000

// Splits are the three parts of a dataset: Train to learn from, Validation to
// choose by, Test to report.
type Splits struct{ Train, Validation, Test *Dataset }

// Split holds out a random validation set of heldOut images from train. It is
// stratified: each class is held out in proportion to its size, by largest
// remainder. Both parts keep the order of train. With heldOut 0 the rest is
// train itself and validation is empty.
func Split(train *Dataset, heldOut int, seed uint64) (rest, validation *Dataset, err error) {
	if heldOut < 0 || heldOut > train.Len() {
		return nil, nil, fmt.Errorf("data: split %s: wanted 0 to %d images held out, found %d", train.Name, train.Len(), heldOut)
	}
	held := make([]bool, train.Len())
	random := newRand(seed, useSplit, 0)
	for class, quota := range apportion(train.Counts(), heldOut) {
		members := indicesWhere(train.Labels, func(label uint8) bool { return int(label) == class })
		for _, k := range random.Perm(len(members))[:quota] {
			held[members[k]] = true
		}
	}
	if validation, err = train.Subset(flagged(held, true)); err != nil || heldOut == 0 {
		return train, validation, err
	}
	rest, err = train.Subset(flagged(held, false))
	return rest, validation, err
}

// apportion divides total seats in proportion to counts by largest remainder,
// ties to the lower index.
func apportion(counts []int, total int) []int {
	sum := 0
	for _, n := range counts {
		sum += n
	}
	sum = max(sum, 1)
	seats, order := make([]int, len(counts)), make([]int, len(counts))
	left := total
	for i, n := range counts {
		order[i] = i
		seats[i] = total * n / sum
		left -= seats[i]
	}
	slices.SortStableFunc(order, func(i, j int) int { return total*counts[j]%sum - total*counts[i]%sum })
	for _, i := range order[:left] {
		seats[i]++
	}
	return seats
}

// indicesWhere returns the indices of the labels that satisfy keep.
func indicesWhere(labels []uint8, keep func(uint8) bool) []int {
	var indices []int
	for i, label := range labels {
		if keep(label) {
			indices = append(indices, i)
		}
	}
	return indices
}

// flagged returns the indices of the flags that equal want.
func flagged(flags []bool, want bool) []int {
	var indices []int
	for i, flag := range flags {
		if flag == want {
			indices = append(indices, i)
		}
	}
	return indices
}
