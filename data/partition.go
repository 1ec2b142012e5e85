package data

import (
	"fmt"
	"math"
	"slices"
)

// A Partition divides the images of a dataset among parents: Partition[k] are
// the indices of parent k, ascending. Every image goes to exactly one parent.
type Partition [][]int

// Datasets returns each parent's images.
func (p Partition) Datasets(d *Dataset) ([]*Dataset, error) {
	sets := make([]*Dataset, len(p))
	for k, indices := range p {
		set, err := d.Subset(indices)
		if err != nil {
			return nil, err
		}
		sets[k] = set
	}
	return sets, nil
}

// ByLabels gives parent A every image of the listed classes and parent B the
// rest.
func ByLabels(d *Dataset, labels []int) (Partition, error) {
	listed := make([]bool, d.Classes)
	for _, label := range labels {
		if err := d.checkClass(label); err != nil {
			return nil, err
		}
		listed[label] = true
	}
	return Partition{
		indicesWhere(d.Labels, func(label uint8) bool { return listed[label] }),
		indicesWhere(d.Labels, func(label uint8) bool { return !listed[label] }),
	}, nil
}

// ByShares gives parent k a random part of the images in proportion to
// shares[k], such as 10, 90 or 0.1, 0.9.
func ByShares(d *Dataset, shares []float64, seed uint64) (Partition, error) {
	everything := indicesWhere(d.Labels, func(uint8) bool { return true })
	return share(everything, shares, seed)
}

// BySpecialClass gives parent A every image of the special class, and divides
// the others among all parents as [ByShares] does. Shares x, 1−x make the
// paper's skill transfer (section 5.1: A has ⌈x·rest⌉ images besides the
// special digit, B never sees it), shares 10, 30, 50, 10 its four models
// (appendix S7).
func BySpecialClass(d *Dataset, special int, shares []float64, seed uint64) (Partition, error) {
	if err := d.checkClass(special); err != nil {
		return nil, err
	}
	rest := indicesWhere(d.Labels, func(label uint8) bool { return int(label) != special })
	p, err := share(rest, shares, seed)
	if err != nil {
		return nil, err
	}
	p[0] = append(p[0], indicesWhere(d.Labels, func(label uint8) bool { return int(label) == special })...)
	slices.Sort(p[0])
	return p, nil
}

func (d *Dataset) checkClass(label int) error {
	if label < 0 || label >= d.Classes {
		return fmt.Errorf("data: partition of %s: wanted a class of 0 to %d, found %d", d.Name, d.Classes-1, label)
	}
	return nil
}

// share divides the indices at random in proportion to shares.
func share(indices []int, shares []float64, seed uint64) (Partition, error) {
	ends, err := shareEnds(len(indices), shares)
	if err != nil {
		return nil, err
	}
	shuffled := slices.Clone(indices)
	newRand(seed, usePartition, 0).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	p, first := make(Partition, len(shares)), 0
	for k, end := range ends {
		p[k] = slices.Sorted(slices.Values(shuffled[first:end]))
		first = end
	}
	return p, nil
}

// shareEnds returns where each of the shares of n images ends: share k at
// ⌈n·(shares[0]+…+shares[k])/sum⌉, the last at n.
func shareEnds(n int, shares []float64) ([]int, error) {
	cumulative, sum := make([]float64, len(shares)), 0.0
	for k, s := range shares {
		if !(s > 0) {
			return nil, fmt.Errorf("data: partition: wanted positive shares, found %v", shares)
		}
		sum += s
		cumulative[k] = sum
	}
	if len(shares) == 0 || math.IsInf(sum, 1) {
		return nil, fmt.Errorf("data: partition: wanted at least one share and a finite sum, found %v", shares)
	}
	const slack = 1e-9 // so that rounding does not cost an image
	ends := make([]int, len(shares))
	for k, c := range cumulative {
		ends[k] = int(math.Ceil(float64(n)*(c/sum) - slack))
	}
	return ends, nil
}
