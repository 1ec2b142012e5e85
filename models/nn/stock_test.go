package nn

import (
	"math/rand/v2"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"otfusion/models"
)

// Gorgonia's own Grad differentiates our operations, and agrees with our
// reverse pass, where no value has several readers: their gradients it would
// sum by an Add that knows no packed layout.
func TestStockGradOnOurOperations(t *testing.T) {
	for _, name := range []string{"mlp", "conv, max pool", "average pools", "batch norm", "one"} {
		t.Run(name, func(t *testing.T) {
			const batch = 4
			a := nets()[name]
			m := randomModel(t, a, 11)
			rng := rand.New(rand.NewPCG(12, 13))
			x, y := normal(rng, batch*a.Input.Len()), soft(rng, batch, a.Classes())
			ours := naiveTrainer(t, m, Loss{}, batch)
			if _, err := ours.Step(x, y, nil, batch); err != nil {
				t.Fatal(err)
			}
			grads := stockGrads(t, m, x, y, batch)
			for _, p := range ours.Params() {
				if p.Grad != nil {
					near(t, p.Spec.Name, grads[p.Spec.Name], double(p.Grad))
				}
			}
		})
	}
}

// stockGrads compiles the model by compile, and leaves gradients and run to
// Gorgonia.
func stockGrads(t *testing.T, m *models.Model, x, y []float32, batch int) map[string][]float32 {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	p, err := newParameters(m)
	check(err)
	tr := &Trainer{graph: newGraph(naive{}), params: p, batch: batch}
	c, err := compile(tr.graph, p, batch, true, nil)
	check(err)
	logits, err := c.logits(m.Arch)
	check(err)
	loss, err := tr.addLoss(logits, Loss{})
	check(err)
	var names []string
	var leaves G.Nodes
	for _, q := range p.list {
		if q.Spec.Role.Trained() {
			names, leaves = append(names, q.Spec.Name), append(leaves, c.params[q.Spec.Name])
		}
	}
	nodes, err := G.Grad(loss, leaves...)
	check(err)
	check(c.known[models.InputName].fill(x, batch))
	check(tr.targets.fill(y, batch))
	vm := G.NewTapeMachine(tr.graph.expr)
	defer vm.Close()
	check(vm.RunAll())
	grads := map[string][]float32{}
	for i, n := range nodes {
		grads[names[i]] = n.Value().(tensor.Tensor).Data().([]float32)
	}
	return grads
}

// A convolution, ReLU, max pool and linear layer of ours give the loss and
// gradients of the same network in Gorgonia's own operations.
func TestAgainstStockOperations(t *testing.T) {
	const batch = 3
	a := nets()["conv, max pool"]
	a.Layers[0].Bias = false
	m := randomModel(t, a, 21)
	rng := rand.New(rand.NewPCG(22, 23))
	x, y := normal(rng, batch*a.Input.Len()), soft(rng, batch, a.Classes())
	ours := naiveTrainer(t, m, Loss{}, batch)
	got, err := ours.Step(x, y, nil, batch)
	if err != nil {
		t.Fatal(err)
	}

	g := G.NewGraph()
	leaf := func(name string, data []float32, shape ...int) *G.Node {
		return G.NewTensor(g, tensor.Float32, len(shape), G.WithName(name), G.WithShape(shape...),
			G.WithValue(tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))))
	}
	param := func(name string) *G.Node { return leaf(name, m.Params[name].Data, m.Params[name].Shape...) }
	wa, wb, wc := param("a.weight"), param("b.weight"), param("c.weight")
	conv := func(x, w *G.Node) *G.Node {
		return G.Must(G.Rectify(G.Must(G.Conv2d(x, w, tensor.Shape{3, 3}, []int{1, 1}, []int{1, 1}, []int{1, 1}))))
	}
	h := conv(leaf("x", x, batch, 2, 6, 6), wa)
	h = conv(G.Must(G.MaxPool2D(h, tensor.Shape{2, 2}, []int{0, 0}, []int{2, 2})), wb)
	z := G.Must(G.Mul(G.Must(G.Reshape(h, tensor.Shape{batch, 27})), G.Must(G.Transpose(wc, 1, 0))))
	logP := G.Must(G.Log(G.Must(G.SoftMax(z))))
	total := G.Must(G.Sum(G.Must(G.HadamardProd(logP, leaf("y", y, batch, 3)))))
	loss := G.Must(G.Mul(total, G.NewConstant(float32(-1./batch))))
	var value G.Value
	G.Read(loss, &value)
	if _, err := G.Grad(loss, wa, wb, wc); err != nil {
		t.Fatal(err)
	}
	vm := G.NewTapeMachine(g, G.BindDualValues(wa, wb, wc))
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	near(t, "loss", []float32{float32(got.Loss)}, []float64{float64(value.Data().(float32))})
	for _, p := range ours.Params() {
		n := map[string]*G.Node{"a.weight": wa, "b.weight": wb, "c.weight": wc}[p.Spec.Name]
		grad, err := n.Grad()
		if err != nil {
			t.Fatal(err)
		}
		near(t, p.Spec.Name, p.Grad, double(grad.Data().([]float32)))
	}
}
