package models

import "fmt"

// mlpNet is the paper's MLPNet for MNIST: 784–400–200–100–10 with ReLU, no
// biases, layers fc1 to fc4 (Singh & Jaggi 2020, appendix S1.1).
func mlpNet(name string, o Options) (*Arch, error) {
	o = o.withDefaults(Shape{1, 28, 28})
	hidden := o.Hidden
	if hidden == nil {
		hidden = []int{o.scale(400), o.scale(200), o.scale(100)}
	}
	b := newBuilder(name, o.Input, o)
	b.flatten("flatten")
	for i, h := range hidden {
		b.linear(fmt.Sprintf("fc%d", i+1), h)
		b.batchNorm(fmt.Sprintf("bn%d", i+1))
		b.relu(fmt.Sprintf("relu%d", i+1))
	}
	b.linear(fmt.Sprintf("fc%d", len(hidden)+1), o.Classes)
	return b.build()
}
