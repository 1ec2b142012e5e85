package kerneltest

import (
	"math"

	"otfusion/models/nn/kernel"
)

// definition is a function with its derivative, from the definitions.
type definition struct {
	kernel.Activation
	f, slope func(x float64) float64
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
func cdf(x float64) float64      { return (1 + math.Erf(x/math.Sqrt2)) / 2 }

// kinked is above(x) where x > 0, else below(x).
func kinked(above, below func(float64) float64) func(float64) float64 {
	return func(x float64) float64 {
		if x > 0 {
			return above(x)
		}
		return below(x)
	}
}

func definitions() []definition {
	same, one := func(x float64) float64 { return x }, func(float64) float64 { return 1 }
	return []definition{
		{kernel.Activation{Function: kernel.ReLU6}, func(x float64) float64 { return math.Min(math.Max(x, 0), 6) },
			func(x float64) float64 {
				return math.Ceil(math.Min(math.Max(x, 0), 1)) * math.Ceil(math.Min(math.Max(6-x, 0), 1))
			}},
		{kernel.Activation{Function: kernel.LeakyReLU, Alpha: 0.25}, kinked(same, func(x float64) float64 { return x / 4 }),
			kinked(one, func(float64) float64 { return 0.25 })},
		{kernel.Activation{Function: kernel.ELU, Alpha: 1.5}, kinked(same, func(x float64) float64 { return 1.5 * (math.Exp(x) - 1) }),
			kinked(one, func(x float64) float64 { return 1.5 * math.Exp(x) })},
		{kernel.Activation{Function: kernel.GELU}, func(x float64) float64 { return x * cdf(x) },
			func(x float64) float64 { return cdf(x) + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi) }},
		{kernel.Activation{Function: kernel.SiLU}, func(x float64) float64 { return x * logistic(x) },
			func(x float64) float64 { return logistic(x) * (1 + x*(1-logistic(x))) }},
		{kernel.Activation{Function: kernel.Tanh}, math.Tanh, func(x float64) float64 { return 1 / math.Pow(math.Cosh(x), 2) }},
		{kernel.Activation{Function: kernel.Sigmoid}, logistic, func(x float64) float64 { return logistic(x) * logistic(-x) }},
	}
}

// activations compares every function on values near 0, where bends are, and
// far from it, where exp overflows; and checks that a value which is no number
// stays none.
func (tr *trial) activations(s kernel.Shape, plain bool) {
	reaches := []float32{1, 8, 300}
	if s.Len() == 1 {
		reaches = reaches[:2] // alone, a gradient below float32's range would be all there is to compare
	}
	for _, d := range definitions() {
		for _, reach := range reaches {
			x, dy := tr.scaled(s, plain, reach), tr.input(s, plain, false)
			want, wantDX := make([]float64, s.Len()), make([]float64, s.Len())
			for i, v := range x.plain {
				want[i], wantDX[i] = d.f(v), d.slope(v)*dy.plain[i]
			}
			y, dx := tr.output(s, plain), tr.output(s, plain)
			tr.Activate(y, x.data, d.Activation, s, plain)
			tr.equal(d, "activation", tr.plain(y, s, plain), want)
			tr.filled(d, y, s, plain)
			tr.ActivateGrad(dx, dy.data, x.data, d.Activation, s, plain)
			tr.equal(d, "activation gradient", tr.plain(dx, s, plain), wantDX)
			tr.ActivateGrad(dy.data, dy.data, x.data, d.Activation, s, plain)
			tr.equal(d, "activation gradient in place", tr.plain(dy.data, s, plain), wantDX)
			tr.Activate(x.data, x.data, d.Activation, s, plain)
			tr.equal(d, "activation in place", tr.plain(x.data, s, plain), want)
		}
		tr.notANumber(d, s, plain)
	}
}

// scaled is an input with values up to reach.
func (tr *trial) scaled(s kernel.Shape, plain bool, reach float32) activation {
	x := tr.uniform(s.Len())
	for i := range x {
		x[i] *= reach
	}
	return tr.as(x, s, plain)
}

func (tr *trial) notANumber(d definition, s kernel.Shape, plain bool) {
	values := make([]float32, s.Len())
	values[0] = float32(math.NaN())
	x, y := tr.as(values, s, plain), tr.output(s, plain)
	tr.Activate(y, x.data, d.Activation, s, plain)
	if v := tr.plain(y, s, plain)[0]; v == v {
		tr.Errorf("%+v of NaN is %g", d.Activation, v)
	}
}

// filled checks that a packed result is, beyond its values, what packing makes
// of them.
func (tr *trial) filled(spec any, y []float32, s kernel.Shape, plain bool) {
	if plain {
		return
	}
	again := tr.output(s, false)
	tr.Pack(again, tr.plain(y, s, false), s)
	for i, v := range again {
		if math.Float32bits(v) != math.Float32bits(y[i]) {
			tr.Errorf("%+v: word %d is %g, packed anew %g", spec, i, y[i], v)
			return
		}
	}
}
