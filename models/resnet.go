package models

import "fmt"

// resNet18 is ResNet18 for 32×32 images: a 3×3 stem without pooling, four
// stages of two basic blocks, a linear head without bias (Singh & Jaggi 2020,
// appendix S1.1). Names are those of the authors' PyTorch code.
func resNet18(name string, o Options) (*Arch, error) {
	o = o.withDefaults(Shape{3, 32, 32})
	b := newBuilder(name, o.Input, o)
	b.conv("conv1", "bn1", o.scale(64), 3, 1)
	b.relu("relu1")
	channels := o.scale(64)
	for stage, width := range []int{64, 128, 256, 512} {
		for block := range 2 {
			stride := 1
			if stage > 0 && block == 0 {
				stride = 2
			}
			b.basicBlock(fmt.Sprintf("layer%d.%d", stage+1, block), channels, o.scale(width), stride)
			channels = o.scale(width)
		}
	}
	b.add(Layer{Name: "avgpool", Op: GlobalAvgPool})
	b.flatten("flatten")
	b.linear("linear", o.Classes)
	return b.build()
}

// basicBlock appends ReLU(conv2(ReLU(conv1(x))) + shortcut(x)); the shortcut is
// a 1×1 convolution where the shape changes and x itself elsewhere (He et al.
// 2016, section 3.3).
func (b *builder) basicBlock(name string, in, out, stride int) {
	x := b.last
	b.conv(name+".conv1", name+".bn1", out, 3, stride)
	b.relu(name + ".relu1")
	b.conv(name+".conv2", name+".bn2", out, 3, 1)
	residual, shortcut := b.last, x
	if stride != 1 || in != out {
		b.last = x
		b.conv(name+".shortcut.0", name+".shortcut.1", out, 1, stride)
		shortcut = b.last
	}
	b.add(Layer{Name: name + ".add", Op: Add, Inputs: []string{residual, shortcut}})
	b.relu(name + ".relu2")
}
