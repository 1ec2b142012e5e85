// Package union combines the logits of networks that know different classes
// into logits of all classes.
package union

import (
	"fmt"
	"math"
	"slices"

	"otfusion/internal/argmax"
	"otfusion/models"
)

// Union says how networks with one list of outputs answer together. The logit
// of a class is the weighted mean over the networks that know it, over all where
// none does, their logits brought to one standard deviation. A network that does
// not know the class of an image, as that mean has it, then says the least of
// what it has to say of any class that it knows: what it thinks of an image of
// no class of its own is noise.
type Union struct {
	known  [][]bool    // by network and class
	shares [][]float64 // by network and class, the part of the class's logit that is the network's
	spoken []bool      // by class: some network knows it
	mixed  bool        // some network does not know a class that another knows
	own    []float32   // logits of one network on one image
	mean   []float32   // of all networks on one image
}

// New is the union of networks with the given weights, which sum to one.
func New(ms []*models.Model, weights []float64) (*Union, error) {
	u := &Union{}
	for k, m := range ms {
		known, err := m.Known()
		if err != nil {
			return nil, fmt.Errorf("model %d: %w", k, err)
		}
		if k > 0 && len(known) != len(u.known[0]) {
			return nil, fmt.Errorf("model %d: wanted %d outputs, as model 0 has, found %d", k, len(u.known[0]), len(known))
		}
		u.known = append(u.known, known)
		u.shares = append(u.shares, make([]float64, len(known)))
		u.own, u.mean = make([]float32, len(known)), make([]float32, len(known))
	}
	u.spoken = make([]bool, len(u.own))
	for c := range u.own {
		u.share(c, weights)
	}
	return u, nil
}

// share divides a class among the networks that speak of it.
func (u *Union) share(class int, weights []float64) {
	speaks, total := make([]bool, len(weights)), 0.0
	for k, known := range u.known {
		speaks[k] = known[class]
		if speaks[k] {
			total += weights[k]
		}
	}
	u.spoken[class] = total > 0
	for k, w := range weights {
		if total == 0 {
			u.shares[k][class] = w
		} else if speaks[k] {
			u.shares[k][class] = w / total
		}
		u.mixed = u.mixed || total > 0 && !speaks[k]
	}
}

// Mixed tells whether some network does not know some class.
func (u *Union) Mixed() bool { return u.mixed }

// Share is the part of a class's logit that is network k's.
func (u *Union) Share(k, class int) float64 { return u.shares[k][class] }

// Speakers is how many networks have a share in a class.
func (u *Union) Speakers(class int) int {
	n := 0
	for k := range u.shares {
		if u.shares[k][class] > 0 {
			n++
		}
	}
	return n
}

// Scale brings the logits of all networks to the mean of their standard
// deviations, measured on the classes that each knows. Networks that know the
// same classes are left alone. Logits are n×classes, by network, of the same
// images.
func (u *Union) Scale(logits [][]float32) {
	if !u.mixed {
		return
	}
	spreads, mean := make([]float64, len(logits)), 0.0
	for k, z := range logits {
		spreads[k] = spread(z, u.known[k])
		mean += spreads[k] / float64(len(logits))
	}
	for k, s := range spreads {
		for c := range u.shares[k] {
			if s > 0 {
				u.shares[k][c] *= mean / s
			}
		}
	}
}

// spread is the standard deviation of the known ones of logits, n×classes.
func spread(logits []float32, known []bool) float64 {
	n, sum, squares := 0.0, 0.0, 0.0
	for i, z := range logits {
		if known[i%len(known)] {
			n++
			sum += float64(z)
			squares += float64(z) * float64(z)
		}
	}
	if n == 0 {
		return 0
	}
	return math.Sqrt(max(0, squares/n-sum/n*sum/n))
}

// Combine puts the union's logits of images, n×classes, into sum, given each
// network's.
func (u *Union) Combine(sum []float32, logits [][]float32) {
	clear(sum)
	for k := range logits {
		u.addPart(sum, logits, k)
	}
}

// Part puts network k's part of what Combine adds up into part.
func (u *Union) Part(part []float32, logits [][]float32, k int) {
	clear(part)
	u.addPart(part, logits, k)
}

// addPart adds network k's part.
func (u *Union) addPart(sum []float32, logits [][]float32, k int) {
	classes := len(u.own)
	for i := 0; i < len(sum); i += classes {
		z := logits[k][i : i+classes]
		if u.mixed {
			if class := u.class(logits, i); u.spoken[class] && !u.known[k][class] {
				z = u.silent(k, z)
			}
		}
		u.add(sum[i:i+classes], k, z)
	}
}

// class is that of the image whose logits begin at i, as the networks' mean has it.
func (u *Union) class(logits [][]float32, i int) int {
	clear(u.mean)
	for k := range logits {
		u.add(u.mean, k, logits[k][i:i+len(u.mean)])
	}
	return argmax.Of(u.mean)
}

func (u *Union) add(sum []float32, k int, z []float32) {
	for c, share := range u.shares[k] {
		sum[c] += float32(share) * z[c]
	}
}

// silent gives all classes the least of a network's known ones' logits; one that
// knows none has no share in what others know.
func (u *Union) silent(k int, z []float32) []float32 {
	if !slices.Contains(u.known[k], true) {
		return z
	}
	least := float32(math.Inf(1))
	for c, known := range u.known[k] {
		if known {
			least = min(least, z[c])
		}
	}
	for c := range u.own {
		u.own[c] = least
	}
	return u.own
}
