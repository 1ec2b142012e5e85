package portable

import (
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// BenchmarkGorgonia times a training step of VGG11 at batch 32, without the optimizer, by
// Gorgonia's own operations: what this package is measured against.
func BenchmarkGorgonia(b *testing.B) {
	g := gorgonia.NewGraph()
	node := func(name string, shape ...int) *gorgonia.Node {
		v := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(values(tensor.Shape(shape).TotalSize())))
		return gorgonia.NewTensor(g, tensor.Float32, len(shape), gorgonia.WithName(name), gorgonia.WithShape(shape...), gorgonia.WithValue(v))
	}
	must := func(n *gorgonia.Node, err error) *gorgonia.Node {
		if err != nil {
			b.Fatal(err)
		}
		return n
	}
	x := node("x", benchBatch, 3, 32, 32)
	var params []*gorgonia.Node
	for i, l := range vgg11 {
		w := node("w"+string(rune('1'+i)), l.out, l.in, 3, 3)
		params = append(params, w)
		x = must(gorgonia.Conv2d(x, w, tensor.Shape{3, 3}, []int{1, 1}, []int{1, 1}, []int{1, 1}))
		x = must(gorgonia.Rectify(x))
		if l.pool {
			x = must(gorgonia.MaxPool2D(x, tensor.Shape{2, 2}, []int{0, 0}, []int{2, 2}))
		}
	}
	w := node("classifier", 512, 10)
	params = append(params, w)
	logits := must(gorgonia.Mul(must(gorgonia.Reshape(x, tensor.Shape{benchBatch, 512})), w))
	loss := must(gorgonia.Mean(must(gorgonia.Square(logits))))
	if _, err := gorgonia.Grad(loss, params...); err != nil {
		b.Fatal(err)
	}
	vm := gorgonia.NewTapeMachine(g, gorgonia.BindDualValues(params...))
	defer vm.Close()
	for b.Loop() {
		if err := vm.RunAll(); err != nil {
			b.Fatal(err)
		}
		vm.Reset()
	}
}
