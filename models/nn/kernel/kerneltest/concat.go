package kerneltest

import "otfusion/models/nn/kernel"

// concats puts channels side by side at places that are, and are not, multiples
// of what a packed layout keeps together, and takes them apart again.
func (tr *trial) concats() {
	for _, channels := range [][]int{{16, 32}, {3, 5}, {12, 12, 12}, {17, 1, 40}, {16, 7, 16}, {1, 1}} {
		for _, s := range []kernel.Shape{{N: 2, H: 3, W: 5}, {N: 3, H: 1, W: 1}, {N: 1, H: 20, W: 17}} {
			tr.concat(s, channels, false)
		}
		tr.concat(kernel.Shape{N: 5, H: 1, W: 1}, channels, true)
	}
}

func (tr *trial) concat(s kernel.Shape, channels []int, plain bool) {
	var xs [][]float32
	var inputs []activation
	for _, c := range channels {
		s.C += c
		inputs = append(inputs, tr.input(withChannels(s, c), plain, false))
		xs = append(xs, inputs[len(inputs)-1].data)
	}
	want := make([]float64, s.Len())
	for i := range want {
		n, c, h, w := split(i, s)
		k := 0
		for ; c >= channels[k]; k++ {
			c -= channels[k]
		}
		at, _ := index(withChannels(s, channels[k]), n, c, h, w)
		want[i] = inputs[k].plain[at]
	}
	y := tr.output(s, plain)
	tr.Concat(y, xs, channels, s, plain)
	tr.equal(channels, "concat", tr.plain(y, s, plain), want)
	tr.filled(channels, y, s, plain)
	from := 0
	for i, c := range channels {
		part := withChannels(s, c)
		x := tr.output(part, plain)
		tr.Slice(x, y, from, c, s, plain)
		tr.equal(channels, "slice", tr.plain(x, part, plain), inputs[i].plain)
		tr.filled(channels, x, part, plain)
		from += c
	}
}

func withChannels(s kernel.Shape, c int) kernel.Shape {
	s.C = c
	return s
}
