package models

import "fmt"

// preActResNet18 is ResNet18 for 32×32 images with batch norm and ReLU before
// each convolution and none after a sum (He et al. 2016, Identity Mappings in
// Deep Residual Networks). Names, and the head without a batch norm, are those
// of kuangliu/pytorch-cifar.
func preActResNet18(name string, o Options) (*Arch, error) {
	o = o.withDefaults(Shape{3, 32, 32})
	b := newBuilder(name, o.Input, o)
	b.plainConv("conv1", o.scale(64), 3, 1)
	channels := o.scale(64)
	for stage := range 4 {
		width := o.scale(64 << stage)
		for block := range 2 {
			stride := 1
			if stage > 0 && block == 0 {
				stride = 2
			}
			b.preActBlock(fmt.Sprintf("layer%d.%d", stage+1, block), channels, width, stride)
			channels = width
		}
	}
	b.add(Layer{Name: "avgpool", Op: GlobalAvgPool})
	b.flatten("flatten")
	b.linear("linear", o.Classes)
	return b.build()
}

// preActBlock appends branch(x) + shortcut(x): x itself or, where the shape
// changes, a 1×1 convolution of what the branch's first convolution reads.
func (b *builder) preActBlock(name string, in, out, stride int) {
	short := b.last
	b.batchNorm(name + ".bn1")
	b.relu(name + ".relu1")
	active := b.last
	b.plainConv(name+".conv1", out, 3, stride)
	b.batchNorm(name + ".bn2")
	b.relu(name + ".relu2")
	b.plainConv(name+".conv2", out, 3, 1)
	residual := b.last
	if stride != 1 || in != out {
		b.last = active
		b.plainConv(name+".shortcut.0", out, 1, stride)
		short = b.last
	}
	b.add(Layer{Name: name + ".add", Op: Add, Inputs: []string{residual, short}})
}
