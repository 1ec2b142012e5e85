package models

// leNet is a small convolutional network in the manner of LeNet-5 (LeCun et
// al. 1998), with ReLU and max pooling, for quick convolutional experiments.
func leNet(name string, o Options) (*Arch, error) {
	o = o.withDefaults(Shape{1, 28, 28})
	b := newBuilder(name, o.Input, o)
	for i, width := range []int{16, 32} {
		id := string(rune('1' + i))
		b.conv("conv"+id, "bn"+id, o.scale(width), 5, 1)
		b.relu("relu" + id)
		b.add(Layer{Name: "pool" + id, Op: MaxPool, Kernel: 2, Stride: 2})
	}
	b.flatten("flatten")
	b.linear("fc1", o.scale(120))
	b.relu("relu3")
	b.linear("fc2", o.Classes)
	return b.build()
}
