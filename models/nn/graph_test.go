package nn

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"gorgonia.org/gorgonia"

	"otfusion/models"
)

// Layers that look alike stay apart. Gorgonia merges nodes that hash alike, as
// its SoftMax and LogSoftMax of one value do.
func TestTwinsStayApart(t *testing.T) {
	a := &models.Arch{Name: "twins", Input: models.Shape{C: 2, H: 4, W: 4}, Layers: []models.Layer{
		{Name: "a", Op: models.MaxPool, Inputs: []string{"input"}, Kernel: 2, Stride: 2},
		{Name: "b", Op: models.MaxPool, Inputs: []string{"input"}, Kernel: 2, Stride: 2},
		{Name: "s", Op: models.Add, Inputs: []string{"a", "b"}},
		{Name: "f", Op: models.Flatten, Inputs: []string{"s"}},
	}}
	p := naivePredictor(t, randomModel(t, a, 1), 1, "a", "b")
	if &p.recorded["a"].data()[0] == &p.recorded["b"].data()[0] {
		t.Error("two layers share their output")
	}
}

// Gorgonia's tape machine runs the same operations to the same bits.
func TestTapeMachineAgrees(t *testing.T) {
	eachNet(t, func(name string, tr *Trainer, gradients func() [][]float32) {
		ours := gradients()
		program, registers, err := gorgonia.Compile(tr.graph.expr)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range tr.Params() {
			clear(p.Grad)
		}
		tr.graph.machine = gorgonia.NewTapeMachine(tr.graph.expr, gorgonia.WithPrecompiled(program, registers))
		if !reflect.DeepEqual(ours, gradients()) {
			t.Errorf("%s: gradients differ", name)
		}
	})
}

// Gradients are those of the last step alone. Gorgonia's own accumulate until a
// solver has seen them.
func TestGradientsDoNotAccumulate(t *testing.T) {
	eachNet(t, func(name string, _ *Trainer, gradients func() [][]float32) {
		if !reflect.DeepEqual(gradients(), gradients()) {
			t.Errorf("%s: other gradients in the second step", name)
		}
	})
}

// eachNet calls check with a trainer of each network, and what makes a step on
// the same samples and returns its gradients.
func eachNet(t *testing.T, check func(name string, tr *Trainer, gradients func() [][]float32)) {
	const batch = 3
	for name, a := range nets() {
		tr := naiveTrainer(t, randomModel(t, a, 1), Loss{}, batch)
		rng := rand.New(rand.NewPCG(3, 4))
		x, y := normal(rng, batch*a.Input.Len()), soft(rng, batch, a.Classes())
		check(name, tr, func() [][]float32 {
			tr.At(0) // Dropout draws the same
			if _, err := tr.Step(x, y, nil, batch); err != nil {
				t.Fatal(err)
			}
			var grads [][]float32
			for _, p := range tr.Params() {
				grads = append(grads, slices.Clone(p.Grad))
			}
			return grads
		})
	}
}

// The paper's networks need no operation for a ReLU but where a residual block
// branches, none for a gradient that nobody uses, and change layout once.
func TestOperationsOfTheFamilies(t *testing.T) {
	for _, c := range []struct {
		arch              string
		reluGrads, unpack int // one ReLU gradient for each of ResNet18's eight branches
	}{{"mlpnet", 0, 0}, {"lenet", 0, 1}, {"vgg11", 0, 1}, {"resnet18", 8, 1}, {"resnet18_bn", 8, 1}} {
		a, err := models.Build(c.arch, models.Options{Width: 0.25})
		if err != nil {
			t.Fatal(err)
		}
		reluGrads, unpacks := 0, 0
		for _, o := range naiveTrainer(t, randomModel(t, a, 1), Loss{}, 1).graph.ops {
			switch b := o.base(); o := o.(type) {
			case *reluGrad:
				reluGrads++
			case *relu, *pack, *unpack:
				t.Errorf("%s: %v is not needed", c.arch, b)
			case *pool:
				if b.does == "unpack" {
					unpacks++
				}
			case *affineInputGrad:
				if slices.Contains([]string{"conv1", "features.0"}, b.layer) || b.layer == "fc1" && c.arch == "mlpnet" {
					t.Errorf("%s: nobody uses %v", c.arch, o)
				}
			}
		}
		if reluGrads != c.reluGrads || unpacks != c.unpack {
			t.Errorf("%s: %d ReLU gradients and %d changes of layout, wanted %d and %d", c.arch, reluGrads, unpacks, c.reluGrads, c.unpack)
		}
	}
}
