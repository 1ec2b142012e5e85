package models

import "fmt"

// resNet is a residual network (He et al. 2016). For 32×32 images it has a 3×3
// stem without pooling and a linear head without bias, as in Singh & Jaggi 2020,
// appendix S1.1, and their code's names. For ImageNet it is torchvision's: a 7×7
// stem with pooling, batch norm, a bias in the head, and torchvision's names.
type resNet struct {
	blocks     []int // of each stage
	width      int   // of the first stage; each one after it has twice that of the one before
	bottleneck bool  // blocks of 1×1, 3×3 and 1×1 convolutions, the last of four times the width
}

func resNet18() resNet  { return resNet{blocks: []int{2, 2, 2, 2}, width: 64} }
func resNet34() resNet  { return resNet{blocks: []int{3, 4, 6, 3}, width: 64} }
func resNet50() resNet  { return resNet{blocks: []int{3, 4, 6, 3}, width: 64, bottleneck: true} }
func resNet101() resNet { return resNet{blocks: []int{3, 4, 23, 3}, width: 64, bottleneck: true} }
func resNet152() resNet { return resNet{blocks: []int{3, 8, 36, 3}, width: 64, bottleneck: true} }

// resNetCIFAR is the network of 6n+2 layers for CIFAR-10 (He et al. 2016,
// section 4.2), with projections where the shape changes.
func resNetCIFAR(layers int) resNet {
	n := (layers - 2) / 6
	return resNet{blocks: []int{n, n, n}, width: 16}
}

func (r resNet) build(name string, o Options) (*Arch, error) {
	o = o.withDefaults(Shape{3, 32, 32})
	b := newBuilder(name, o.Input, o)
	b.conv("conv1", "bn1", o.scale(r.width), 3, 1)
	b.relu("relu1")
	r.stages(b, o, "shortcut")
	b.linear("linear", o.Classes)
	return b.build()
}

// forImageNet is the family of the network that torchvision has.
func (r resNet) forImageNet() func(string, Options) (*Arch, error) {
	return func(name string, o Options) (*Arch, error) {
		o = o.forImageNet()
		o.BatchNorm = true
		b := newBuilder(name, o.Input, o)
		b.conv("conv1", "bn1", o.scale(r.width), 7, 2)
		b.relu("relu1")
		b.add(Layer{Name: "maxpool", Op: MaxPool, Kernel: 3, Stride: 2, Padding: 1})
		r.stages(b, o, "downsample")
		b.add(Layer{Name: "fc", Op: Linear, Out: o.Classes, Bias: true})
		return b.build()
	}
}

// stages appends the blocks and what brings their map to a vector.
func (r resNet) stages(b *builder, o Options, shortcut string) {
	channels := o.scale(r.width)
	for stage, blocks := range r.blocks {
		width := o.scale(r.width << stage)
		for block := range blocks {
			stride := 1
			if stage > 0 && block == 0 {
				stride = 2
			}
			channels = r.block(b, fmt.Sprintf("layer%d.%d", stage+1, block), shortcut, channels, width, stride)
		}
	}
	b.add(Layer{Name: "avgpool", Op: GlobalAvgPool})
	b.flatten("flatten")
}

// block appends ReLU(branch(x) + shortcut(x)), and returns the channels that it
// makes of those that enter. The shortcut is a 1×1 convolution where the shape
// changes and x itself elsewhere (He et al. 2016, section 3.3).
func (r resNet) block(b *builder, name, shortcut string, in, width, stride int) int {
	x, out, relu := b.last, width, ".relu2"
	if r.bottleneck {
		out, relu = 4*width, ".relu3"
		b.bottleneckBranch(name, width, stride)
	} else {
		b.basicBranch(name, width, stride)
	}
	residual, short := b.last, x
	if stride != 1 || in != out {
		b.last = x
		b.conv(name+"."+shortcut+".0", name+"."+shortcut+".1", out, 1, stride)
		short = b.last
	}
	b.add(Layer{Name: name + ".add", Op: Add, Inputs: []string{residual, short}})
	b.relu(name + relu)
	return out
}

// basicBranch appends two 3×3 convolutions.
func (b *builder) basicBranch(name string, width, stride int) {
	b.conv(name+".conv1", name+".bn1", width, 3, stride)
	b.relu(name + ".relu1")
	b.conv(name+".conv2", name+".bn2", width, 3, 1)
}

// bottleneckBranch appends the three convolutions of a bottleneck, with the
// stride in the second, as torchvision has it.
func (b *builder) bottleneckBranch(name string, width, stride int) {
	b.conv(name+".conv1", name+".bn1", width, 1, 1)
	b.relu(name + ".relu1")
	b.conv(name+".conv2", name+".bn2", width, 3, stride)
	b.relu(name + ".relu2")
	b.conv(name+".conv3", name+".bn3", 4*width, 1, 1)
}
