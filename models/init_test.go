package models

import (
	"math"
	"strings"
	"testing"
)

// moments returns mean, standard deviation and largest magnitude.
func moments(x []float32) (mean, deviation, largest float64) {
	var sum, squares float64
	for _, v := range x {
		sum += float64(v)
		squares += float64(v) * float64(v)
		largest = max(largest, math.Abs(float64(v)))
	}
	n := float64(len(x))
	mean = sum / n
	return mean, math.Sqrt(squares/n - mean*mean), largest
}

// A uniform distribution on ±b has mean 0 and standard deviation b/√3; the
// sampling error of the mean is deviation/√n, of the deviation less.
func TestInitialize(t *testing.T) {
	a, err := Build("lenet", Options{Bias: true, BatchNorm: true, Width: 4})
	if err != nil {
		t.Fatal(err)
	}
	fanIn := map[string]float64{"conv1": 25, "conv2": 64 * 25, "fc1": 128 * 49, "fc2": 480}
	for name, initialize := range map[string]func(*Model, uint64) error{
		"PyTorch": (*Model).Initialize, "He": (*Model).InitializeReLU,
	} {
		m, err := New(a)
		if err != nil {
			t.Fatal(err)
		}
		if err := initialize(m, 7); err != nil {
			t.Fatal(err)
		}
		specs, _ := a.Params()
		for _, p := range specs {
			bound := 1 / math.Sqrt(fanIn[p.Layer])
			if name == "He" && p.Role == Weight {
				bound = math.Sqrt(6 / fanIn[p.Layer])
			}
			x := m.Params[p.Name].Data
			mean, deviation, largest := moments(x)
			switch {
			case p.Op == BatchNorm || name == "He" && p.Role == Bias:
				want := 0.0
				if p.Op == BatchNorm && (p.Role == Weight || p.Role == RunningVar) {
					want = 1
				}
				if mean != want || deviation != 0 {
					t.Errorf("%s: %s is %v ± %v, want %v", name, p.Name, mean, deviation, want)
				}
			default:
				slack := 4 / math.Sqrt(float64(len(x)))
				if largest > bound*(1+1e-6) || math.Abs(mean) > slack*bound || math.Abs(deviation/bound*math.Sqrt(3)-1) > slack {
					t.Errorf("%s: %s has mean %v, deviation %v, largest %v for the bound %v", name, p.Name, mean, deviation, largest, bound)
				}
			}
		}
	}
}

func TestInitializeIsReproducible(t *testing.T) {
	m := tiny(t)
	same, other := m.Clone(), m.Clone()
	for _, c := range []struct {
		m    *Model
		seed uint64
	}{{same, 1}, {other, 2}} {
		if err := c.m.Initialize(c.seed); err != nil {
			t.Fatal(err)
		}
	}
	sameParams(t, same, m)
	for _, name := range []string{"conv.weight", "conv.bias", "fc.weight"} {
		if other.Params[name].Data[0] == m.Params[name].Data[0] {
			t.Errorf("%s is the same for two seeds", name)
		}
	}
	if m.Params["conv.weight"].Data[0] == m.Params["fc.weight"].Data[0] {
		t.Error("two parameters share one stream")
	}
}

// A layer's values do not depend on how large the layers before it are.
func TestInitializeStreamsAreIndependent(t *testing.T) {
	head := func(width int) []float32 {
		a, err := Build("mlpnet", Options{Input: Shape{4, 1, 1}, Hidden: []int{width, 5}})
		if err != nil {
			t.Fatal(err)
		}
		return initialized(t, a).Params["fc3.weight"].Data
	}
	narrow, wide := head(3), head(30)
	for i := range narrow {
		if narrow[i] != wide[i] {
			t.Fatalf("value %d of the head is %v or %v", i, narrow[i], wide[i])
		}
	}
}

func TestCheck(t *testing.T) {
	for want, spoil := range map[string]func(*Model){
		"parameter conv.bias: missing, wanted shape [2]":                     func(m *Model) { delete(m.Params, "conv.bias") },
		"parameter fc.weight: wanted shape [3 2], found [2 3]":               func(m *Model) { m.Params["fc.weight"] = NewTensor(2, 3) },
		"parameter fc.weight: wanted shape [3 2], found [3 2] with 5 values": func(m *Model) { m.Params["fc.weight"] = Tensor{[]int{3, 2}, make([]float32, 5)} },
		"parameter bn.running_var: value 0 is NaN":                           func(m *Model) { m.Params["bn.running_var"].Data[0] = float32(math.NaN()) },
		"parameter conv.weight: value 3 is -Inf":                             func(m *Model) { m.Params["conv.weight"].Data[3] = float32(math.Inf(-1)) },
		"parameter fc.bias: not part of arch tiny":                           func(m *Model) { m.Params["fc.bias"] = NewTensor(3) },
	} {
		m := tiny(t)
		if err := m.Check(); err != nil {
			t.Fatal(err)
		}
		spoil(m)
		wantError(t, m.Check(), want)
	}
}

// A ResNet18 starts as its stem and shortcuts: the blocks' second convolutions,
// or the batch norms after them, are zero and nothing else is.
func TestInitializeResidualSilencesTheBranches(t *testing.T) {
	for _, norm := range []bool{false, true} {
		a, err := Build("resnet18", Options{BatchNorm: norm, Width: 1. / 16})
		if err != nil {
			t.Fatal(err)
		}
		m, err := New(a)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.InitializeResidual(1); err != nil {
			t.Fatal(err)
		}
		specs, _ := a.Params()
		for _, p := range specs {
			if p.Role != Weight {
				continue
			}
			ends := strings.HasSuffix(p.Layer, map[bool]string{false: ".conv2", true: ".bn2"}[norm])
			if _, _, largest := moments(m.Params[p.Name].Data); ends != (largest == 0) {
				t.Errorf("%s: its largest weight is %v", p.Name, largest)
			}
		}
	}
}
