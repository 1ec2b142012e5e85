package kerneltest

import "otfusion/models/nn/kernel"

var batchNormSpecs = []kernel.BatchNormSpec{
	{In: kernel.Shape{N: 2, C: 16, H: 5, W: 4}},
	{In: kernel.Shape{N: 1, C: 3, H: 5, W: 1}, ReLU: true},
	{In: kernel.Shape{N: 6, C: 33, H: 3, W: 3}, MaskInput: true},
	{In: kernel.Shape{N: 4, C: 64, H: 16, W: 16}, ReLU: true, MaskInput: true},
	{In: kernel.Shape{N: 8, C: 17, H: 1, W: 1}, Plain: true},
}

func (tr *trial) batchNorms() {
	for _, s := range batchNormSpecs {
		s.Name, s.Eps, s.Momentum = "norm", 1e-5, 0.1
		tr.batchNormInference(s)
		s.Train = true
		tr.batchNormTraining(s)
	}
}

// normArguments are γ, β and running statistics.
func (tr *trial) normArguments(channels int) (gamma, beta, mean, variance []float32) {
	gamma, beta, mean, variance = tr.uniform(channels), tr.uniform(channels), tr.uniform(channels), tr.uniform(channels)
	for i, v := range variance {
		variance[i] = 1.5 + v
	}
	return gamma, beta, mean, variance
}

// affine is γ·x̂ + β, then ReLU if the spec wants it.
func affine(s kernel.BatchNormSpec, hat []float64, gamma, beta []float32) []float64 {
	y := make([]float64, len(hat))
	for i, v := range hat {
		_, c, _, _ := split(i, s.In)
		y[i] = float64(gamma[c])*v + float64(beta[c])
	}
	if s.ReLU {
		return rectify(y)
	}
	return y
}

func (tr *trial) batchNormInference(s kernel.BatchNormSpec) {
	k, err := tr.BatchNorm(s)
	tr.ok(s, err)
	gamma, beta, mean, variance := tr.normArguments(s.In.C)
	wantMean, wantVariance := widen(mean), widen(variance)
	x, y := tr.input(s.In, s.Plain, false), tr.output(s.In, s.Plain)
	tr.ok(s, k.Forward(y, x.data, gamma, beta, mean, variance))
	hat := normalised(s, x.plain, wantMean, wantVariance)
	tr.equal(s, "y", tr.plain(y, s.In, s.Plain), affine(s, hat, gamma, beta))
	tr.equal(s, "mean", mean, wantMean)
	tr.equal(s, "variance", variance, wantVariance)
}

func (tr *trial) batchNormTraining(s kernel.BatchNormSpec) {
	k, err := tr.BatchNorm(s)
	tr.ok(s, err)
	gamma, beta, mean, variance := tr.normArguments(s.In.C)
	wantMean, wantVariance := widen(mean), widen(variance)
	x, dy := tr.input(s.In, s.Plain, s.MaskInput), tr.input(s.In, s.Plain, false)
	y, dx, dgamma, dbeta := tr.output(s.In, s.Plain), tr.output(s.In, s.Plain), garbage(s.In.C), garbage(s.In.C)
	tr.ok(s, k.Forward(y, x.data, gamma, beta, mean, variance))
	tr.ok(s, k.Backward(dx, dgamma, dbeta, dy.data, x.data, gamma))

	mu, sigma2 := moments(s.In, x.plain)
	hat := normalised(s, x.plain, mu, sigma2)
	n, m := float64(s.In.N*s.In.H*s.In.W), float64(s.Momentum)
	for c := range mu {
		wantMean[c] = (1-m)*wantMean[c] + m*mu[c]
		wantVariance[c] = (1-m)*wantVariance[c] + m*sigma2[c]*n/(n-1)
	}
	wantDX, wantDGamma, wantDBeta := normGradient(s, hat, dy.plain, widen(gamma), sigma2)
	if s.MaskInput {
		wantDX = masked(wantDX, x.plain)
	}
	tr.equal(s, "y", tr.plain(y, s.In, s.Plain), affine(s, hat, gamma, beta))
	tr.equal(s, "mean", mean, wantMean)
	tr.equal(s, "variance", variance, wantVariance)
	tr.equal(s, "dx", tr.plain(dx, s.In, s.Plain), wantDX)
	tr.equal(s, "dgamma", dgamma, wantDGamma)
	tr.equal(s, "dbeta", dbeta, wantDBeta)
}
