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

// Union says how networks with one list of outputs answer together. Networks
// that know the same classes give the weighted mean of their logits. Otherwise
//   - a network's logit is taken less the mean of its known logits on the image,
//     and standardised for each class over many images ([Union.Measure]);
//   - the logit of a class is the weighted mean over the networks that know the
//     class, or over all where none does;
//   - a network that does not know the predicted class then gives every class
//     its lowest known value, because its answer to such an image is noise.
type Union struct {
	known   [][]bool    // by network and class
	shares  [][]float64 // by network and class, the part of the class's logit that is the network's
	mean    [][]float64 // by network and class, of the logit less the image's mean
	spread  [][]float64 // and its standard deviation, in units of the mean spread
	covered []bool      // by class: some network knows it
	mixed   bool        // some network does not know a class that another knows
	own     []float32   // answer of one network on one image
	common  []float32   // of all networks on one image
}

// New is the union of networks with the given weights, which sum to one.
func New(ms []*models.Model, weights []float64) (*Union, error) {
	u := &Union{}
	for k, m := range ms {
		known, err := m.Known()
		if err != nil {
			return nil, fmt.Errorf("model %d: %w", k, err)
		}
		n := len(known)
		if k > 0 && n != len(u.known[0]) {
			return nil, fmt.Errorf("model %d: wanted %d outputs, as model 0 has, found %d", k, len(u.known[0]), n)
		}
		u.known, u.shares = append(u.known, known), append(u.shares, make([]float64, n))
		u.mean, u.spread = append(u.mean, make([]float64, n)), append(u.spread, slices.Repeat([]float64{1}, n))
		u.own, u.common, u.covered = make([]float32, n), make([]float32, n), make([]bool, n)
	}
	for c := range u.own {
		u.share(c, weights)
	}
	return u, nil
}

// share divides a class among the networks that know it, or among all.
func (u *Union) share(class int, weights []float64) {
	total := 0.0
	for k, known := range u.known {
		if known[class] {
			total += weights[k]
		}
	}
	u.covered[class] = total > 0
	for k, w := range weights {
		knows := u.known[k][class]
		if total == 0 {
			u.shares[k][class] = w
		} else if knows {
			u.shares[k][class] = w / total
		}
		u.mixed = u.mixed || total > 0 && !knows
	}
}

// Mixed tells whether some network does not know a class that another knows.
func (u *Union) Mixed() bool { return u.mixed }

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

// Measure finds by how much each network's logits of each class vary. Logits are
// n×classes, by network, of the same unlabelled images, which should show all
// classes about as often. Networks that know the same classes are left alone.
func (u *Union) Measure(logits [][]float32) {
	if !u.mixed {
		return
	}
	all, counted := 0.0, 0.0
	for k, z := range logits {
		u.measure(k, z)
		for c, known := range u.known[k] {
			if known {
				all, counted = all+u.spread[k][c], counted+1
			}
		}
	}
	for k := range u.spread {
		for c := range u.spread[k] {
			u.spread[k][c] /= all / counted
			if !(u.spread[k][c] > 0) { // a logit that never varies says nothing
				u.spread[k][c] = 1
			}
		}
	}
}

// measure finds the moments of a network's logits, each less the image's mean.
func (u *Union) measure(k int, z []float32) {
	classes := len(u.own)
	images := float64(len(z) / classes)
	squares := make([]float64, classes)
	clear(u.mean[k])
	for i := 0; i < len(z); i += classes {
		level := u.level(k, z[i:i+classes])
		for c, v := range z[i : i+classes] {
			x := float64(v) - level
			u.mean[k][c] += x / images
			squares[c] += x * x / images
		}
	}
	for c, m := range u.mean[k] {
		u.spread[k][c] = math.Sqrt(max(0, squares[c]-m*m))
	}
}

// level is the mean of a network's known logits on an image; 0 where it knows
// one class, of which nothing else would be left, or none.
func (u *Union) level(k int, z []float32) float64 {
	n := u.count(k)
	if n < 2 {
		return 0
	}
	sum := 0.0
	for c, known := range u.known[k] {
		if known {
			sum += float64(z[c])
		}
	}
	return sum / float64(n)
}

// count is how many classes a network knows.
func (u *Union) count(k int) int {
	n := 0
	for _, known := range u.known[k] {
		if known {
			n++
		}
	}
	return n
}

// Row is network k's part in the logit of a class as weights of its logits, and
// what is added.
func (u *Union) Row(k, class int) (weights []float64, offset float64) {
	weights = make([]float64, len(u.own))
	scale := u.shares[k][class]
	if !u.mixed || scale == 0 {
		weights[class] = scale
		return weights, 0
	}
	scale /= u.spread[k][class]
	weights[class] = scale
	if n := u.count(k); n > 1 {
		for c, known := range u.known[k] {
			if known {
				weights[c] -= scale / float64(n)
			}
		}
	}
	return weights, -scale * u.mean[k][class]
}

// Combine puts the union's logits of images, n×classes, into sum, given each
// network's.
func (u *Union) Combine(sum []float32, logits [][]float32) {
	networks := make([]int, len(logits))
	for k := range networks {
		networks[k] = k
	}
	u.sum(sum, logits, networks...)
}

// Part puts network k's part of what Combine adds up into part.
func (u *Union) Part(part []float32, logits [][]float32, k int) { u.sum(part, logits, k) }

// sum puts the parts of some networks, given the logits of all, into sum.
func (u *Union) sum(sum []float32, logits [][]float32, networks ...int) {
	clear(sum)
	classes := len(u.own)
	for i := 0; i < len(sum); i += classes {
		class := u.class(logits, i)
		for _, k := range networks {
			z := u.answer(k, logits[k][i:i+classes])
			if u.foreign(k, class) {
				u.silence(k, z)
			}
			u.add(sum[i:i+classes], k, z)
		}
	}
}

// foreign tells whether others know a class that network k does not.
func (u *Union) foreign(k, class int) bool {
	return u.mixed && u.covered[class] && !u.known[k][class]
}

// answer is what a network says of an image, valid until the next call.
func (u *Union) answer(k int, z []float32) []float32 {
	if !u.mixed {
		return z
	}
	level := u.level(k, z)
	for c, v := range z {
		u.own[c] = float32((float64(v) - level - u.mean[k][c]) / u.spread[k][c])
	}
	return u.own
}

// class is that of the image whose logits begin at i, as the networks' mean has
// it; it matters only where some do not know it.
func (u *Union) class(logits [][]float32, i int) int {
	if !u.mixed {
		return 0
	}
	clear(u.common)
	for k := range logits {
		u.add(u.common, k, u.answer(k, logits[k][i:i+len(u.common)]))
	}
	return argmax.Of(u.common)
}

func (u *Union) add(sum []float32, k int, z []float32) {
	for c, share := range u.shares[k] {
		sum[c] += float32(share) * z[c]
	}
}

// silence gives all classes the least of a network's known ones' answers; one
// that knows none has no share in what others know.
func (u *Union) silence(k int, z []float32) {
	if u.count(k) == 0 {
		return
	}
	least := float32(math.Inf(1))
	for c, known := range u.known[k] {
		if known {
			least = min(least, z[c])
		}
	}
	for c := range z {
		z[c] = least
	}
}
