package models

import "fmt"

// builder appends layers one after another; a layer's input is the one before
// it unless said otherwise.
type builder struct {
	arch *Arch
	last string
	bias bool
	norm bool
}

func newBuilder(name string, input Shape, o Options) *builder {
	return &builder{arch: &Arch{Name: name, Input: input}, last: InputName, bias: o.Bias, norm: o.BatchNorm}
}

// add appends a layer that reads the last one, and makes it the last.
func (b *builder) add(l Layer) {
	if l.Inputs == nil {
		l.Inputs = []string{b.last}
	}
	b.arch.Layers = append(b.arch.Layers, l)
	b.last = l.Name
}

func (b *builder) linear(name string, out int) {
	b.add(Layer{Name: name, Op: Linear, Out: out, Bias: b.bias})
}

// conv appends a convolution and, where the network has them, its batch norm.
func (b *builder) conv(name, norm string, out, kernel, stride int) {
	b.plainConv(name, out, kernel, stride)
	b.batchNorm(norm)
}

func (b *builder) plainConv(name string, out, kernel, stride int) {
	b.add(Layer{Name: name, Op: Conv2D, Out: out, Kernel: kernel, Stride: stride, Padding: kernel / 2, Bias: b.bias})
}

// batchNorm appends a batch norm where the network has them.
func (b *builder) batchNorm(name string) {
	if b.norm {
		b.add(Layer{Name: name, Op: BatchNorm})
	}
}

func (b *builder) relu(name string)    { b.add(Layer{Name: name, Op: ReLU}) }
func (b *builder) flatten(name string) { b.add(Layer{Name: name, Op: Flatten}) }

// build returns the finished Arch.
func (b *builder) build() (*Arch, error) {
	if _, err := b.arch.shapes(); err != nil {
		return nil, fmt.Errorf("models: %s does not fit an input of %v: %w", b.arch.Name, b.arch.Input, err)
	}
	return b.arch, nil
}
