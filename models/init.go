package models

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Initialize draws the parameters as PyTorch's modules do by default:
// weights and biases of Linear and Conv2D from U(−1/√fan_in, 1/√fan_in),
// BatchNorm γ = 1 and β = 0 with running mean 0 and variance 1. Every parameter
// has a stream of its own, so one layer's size never moves another's values.
func (m *Model) Initialize(seed uint64) error {
	return m.draw(seed, func(fanIn int) float64 { return 1 / math.Sqrt(float64(fanIn)) }, true)
}

// InitializeReLU draws weights from U(−√(6/fan_in), √(6/fan_in)), which keeps
// the variance of activations through ReLU layers (He et al. 2015, section
// 2.2); biases are zero. Deep networks without batch norm start better from it.
func (m *Model) InitializeReLU(seed uint64) error {
	return m.draw(seed, func(fanIn int) float64 { return math.Sqrt(6 / float64(fanIn)) }, false)
}

// InitializeResidual draws weights as InitializeReLU does, with zeros in the
// last layer of every residual branch: a block starts as its shortcut, so the
// variance does not double from block to block where no batch norm holds it
// (Zhang et al. 2019, Fixup initialization; Goyal et al. 2017 for batch norm).
func (m *Model) InitializeResidual(seed uint64) error {
	if err := m.InitializeReLU(seed); err != nil {
		return err
	}
	for _, name := range m.Arch.branchEnds() {
		fill(m.Params[name+".weight"].Data, 0)
	}
	return nil
}

// branchEnds are the layers with weights that end residual branches: of the
// inputs of each Add, the deepest.
func (a *Arch) branchEnds() []string {
	var ends []string
	depth := map[string]int{} // layers with weights on the deepest way from the input
	weighted := map[string]bool{}
	for _, l := range a.Layers {
		deepest := slices.MaxFunc(l.Inputs, func(x, y string) int { return depth[x] - depth[y] })
		weighted[l.Name] = l.Op == Linear || l.Op == Conv2D || l.Op == BatchNorm
		depth[l.Name] = depth[deepest]
		if weighted[l.Name] {
			depth[l.Name]++
		}
		if l.Op == Add && weighted[deepest] {
			ends = append(ends, deepest)
		}
	}
	return ends
}

func (m *Model) draw(seed uint64, bound func(fanIn int) float64, biases bool) error {
	specs, err := m.Arch.Params()
	if err != nil {
		return err
	}
	fanIn := 1
	for i, p := range specs {
		data := m.Params[p.Name].Data
		switch {
		case p.Op == BatchNorm:
			fill(data, identity(p.Role))
			continue
		case p.Role == Weight:
			fanIn = p.FanIn()
		case !biases:
			fill(data, 0)
			continue
		}
		uniform(data, bound(fanIn), rand.New(rand.NewPCG(seed, uint64(i))))
	}
	return nil
}

// identity is the value with which a BatchNorm parameter changes nothing.
func identity(r Role) float32 {
	if r == Weight || r == RunningVar {
		return 1
	}
	return 0
}

func uniform(x []float32, bound float64, rng *rand.Rand) {
	for i := range x {
		x[i] = float32((2*rng.Float64() - 1) * bound)
	}
}
