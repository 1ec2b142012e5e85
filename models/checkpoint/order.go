package checkpoint

import (
	"slices"
	"strings"
)

// numbered tells layers that differ by a number alone.
func numbered(layers []string) bool {
	return digits(layers[0]) != "" && !slices.ContainsFunc(layers, func(l string) bool { return stem(l) != stem(layers[0]) })
}

// orders are the orders in which each layer takes what the one before it gives,
// numbered ones of one name in the order of their numbers. It stops at two, since
// then the order cannot be told, and does not try where layers are many.
func (c *contents) orders(layers []string) [][]string {
	const most, tries = 100, 1 << 14
	if len(layers) > most {
		return nil
	}
	o := ordering{contents: c, tries: tries}
	o.extend(nil, slices.SortedFunc(slices.Values(layers), naturalOrder))
	if o.tries == 0 {
		return nil
	}
	return o.found
}

type ordering struct {
	*contents
	tries int
	found [][]string
}

// extend finds the orders that begin with some layers and go on with the others,
// which are sorted.
func (o *ordering) extend(begun, left []string) {
	if len(left) == 0 {
		o.found = append(o.found, slices.Clone(begun))
		return
	}
	for i, next := range left {
		if len(o.found) > 1 || o.tries == 0 {
			return
		}
		o.tries--
		fits := len(begun) == 0 || o.broken([]string{begun[len(begun)-1], next}) == 0
		if fits && !slices.ContainsFunc(left[:i], func(l string) bool { return stem(l) == stem(next) }) {
			o.extend(append(begun, next), slices.Delete(slices.Clone(left), i, i+1))
		}
	}
}

// stem is a layer's name without its last number; a name without a number is
// its own.
func stem(layer string) string {
	n := digits(layer)
	if n == "" {
		return layer
	}
	at := strings.LastIndex(layer, n)
	return layer[:at] + "#" + layer[at+len(n):]
}
