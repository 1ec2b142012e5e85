package models

import "fmt"

// vgg11 to vgg19 are how many 3×3 convolutions each of the five stages has
// (Simonyan & Zisserman 2015, table 1, configurations A, B, D and E).
func vgg11() [5]int { return [5]int{1, 1, 2, 2, 2} }
func vgg13() [5]int { return [5]int{2, 2, 2, 2, 2} }
func vgg16() [5]int { return [5]int{2, 2, 3, 3, 3} }
func vgg19() [5]int { return [5]int{2, 2, 4, 4, 4} }

// vgg is a VGG for 32×32 images with one linear layer. All widths but the first
// and the last are multiplied by num/den, as in the paper's half, doub and quad
// variants of VGG11. Layers are named by their index in PyTorch's Sequential,
// "features.0" and so on, and "classifier".
func vgg(stages [5]int, num, den int) func(string, Options) (*Arch, error) {
	return func(name string, o Options) (*Arch, error) {
		o = o.withDefaults(Shape{3, 32, 32})
		b := newBuilder(name, o.Input, o)
		b.vggFeatures(stages, num, den, o)
		b.flatten("flatten")
		b.linear("classifier", o.Classes)
		return b.build()
	}
}

// vggImageNet is torchvision's VGG for 224×224 images: biases everywhere, the
// map pooled to 7×7, three linear layers with dropout between them.
func vggImageNet(stages [5]int) func(string, Options) (*Arch, error) {
	return func(name string, o Options) (*Arch, error) {
		o = o.forImageNet()
		o.Bias = true
		b := newBuilder(name, o.Input, o)
		b.vggFeatures(stages, 1, 1, o)
		b.add(Layer{Name: "avgpool", Op: AdaptiveAvgPool, Height: 7, Width: 7})
		b.flatten("flatten")
		for i, width := range []int{o.scale(4096), o.scale(4096), o.Classes} {
			if i > 0 {
				b.relu(fmt.Sprintf("classifier.%d", 3*i-2))
				b.add(Layer{Name: fmt.Sprintf("classifier.%d", 3*i-1), Op: Dropout, Rate: 0.5})
			}
			b.linear(fmt.Sprintf("classifier.%d", 3*i), width)
		}
		return b.build()
	}
}

// vggFeatures appends the stages, each ending in max pooling.
func (b *builder) vggFeatures(stages [5]int, num, den int, o Options) {
	index := 0
	next := func() string {
		index++
		return fmt.Sprintf("features.%d", index-1)
	}
	for stage, convs := range stages {
		for i := range convs {
			width := min(64<<stage, 512)
			if first, last := stage == 0 && i == 0, stage == 4 && i == convs-1; !first && !last {
				width = width * num / den
			}
			conv, norm := next(), ""
			if b.norm {
				norm = next()
			}
			b.conv(conv, norm, o.scale(width), 3, 1)
			b.relu(next())
		}
		b.add(Layer{Name: next(), Op: MaxPool, Kernel: 2, Stride: 2})
	}
}
