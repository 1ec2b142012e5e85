package data

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// A Partition divides the images of a dataset among parents: Partition[k] are
// the indices of parent k, ascending. No image goes to two parents.
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

// ByClasses gives parent k the images of the classes sets[k]. Where sets
// overlap, the images of a common class are divided at random among the parents
// that list it, in parts of equal size. Images of classes that nobody lists go
// to no parent.
func ByClasses(d *Dataset, sets [][]int, seed uint64) (Partition, error) {
	owners := make([][]int, d.Classes)
	for k, classes := range sets {
		for _, class := range classes {
			if err := d.checkClass(class); err != nil {
				return nil, err
			}
			if !slices.Contains(owners[class], k) {
				owners[class] = append(owners[class], k)
			}
		}
	}
	return d.byClass(len(sets), seed, func(class int) []float64 {
		shares := make([]float64, len(sets))
		for _, k := range owners[class] {
			shares[k] = 1
		}
		return shares
	})
}

// ByDirichlet divides every class among n parents by shares drawn from the
// symmetric Dirichlet distribution with concentration α, as papers on federated
// learning do (Yurochkin et al. 2019, "Bayesian nonparametric federated learning
// of neural networks", section 4): the smaller α, the fewer classes a parent
// sees; with a large one all see the same. A parent may be left with few images,
// or none.
func ByDirichlet(d *Dataset, n int, alpha float64, seed uint64) (Partition, error) {
	if n < 1 || !(alpha > 0) || math.IsInf(alpha, 1) {
		return nil, fmt.Errorf("data: partition of %s: wanted one parent or more and a positive α, found %d and %v", d.Name, n, alpha)
	}
	random := newRand(seed, useDirichlet, 0)
	return d.byClass(n, seed, func(int) []float64 { return dirichlet(n, alpha, random) })
}

// dirichlet draws n shares. A gamma variate of a small α can be too small for a
// float64, so logarithms are compared: log Γ(α) = log Γ(α+1) + log U / α.
func dirichlet(n int, alpha float64, random *rand.Rand) []float64 {
	gamma := distuv.Gamma{Alpha: alpha + 1, Beta: 1, Src: random}
	shares := make([]float64, n)
	for k := range shares {
		shares[k] = math.Log(gamma.Rand()) + math.Log(1-random.Float64())/alpha
	}
	largest := slices.Max(shares)
	for k, s := range shares {
		shares[k] = math.Exp(s - largest)
	}
	return shares
}

// byClass divides the images of each class, in random order, among n parents in
// proportion to the class's shares; a class whose shares are all zero goes to
// nobody.
func (d *Dataset) byClass(n int, seed uint64, shares func(class int) []float64) (Partition, error) {
	p := make(Partition, n)
	random := newRand(seed, usePartition, 0)
	for class := range d.Classes {
		members := indicesWhere(d.Labels, func(label uint8) bool { return int(label) == class })
		random.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
		first := 0
		for k, end := range cumulative(len(members), shares(class)) {
			p[k] = append(p[k], members[first:end]...)
			first = end
		}
	}
	for _, indices := range p {
		slices.Sort(indices)
	}
	return p, nil
}

// cumulative returns where each of the shares of n images ends, rounded to the
// nearest; nowhere where all shares are zero.
func cumulative(n int, shares []float64) []int {
	sum, before := 0.0, 0.0
	for _, s := range shares {
		sum += s
	}
	ends := make([]int, len(shares))
	for k, s := range shares {
		before += s
		if sum > 0 {
			ends[k] = int(math.Round(float64(n) * min(before/sum, 1)))
		}
	}
	return ends
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
