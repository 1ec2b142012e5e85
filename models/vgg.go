package models

import "fmt"

// vgg11 is VGG11 for 32×32 images. The widths of the second to seventh
// convolution are multiplied by num/den; the first stays 64 and the last 512,
// as in the paper's half, doub and quad variants. Layers are named by their
// index in PyTorch's Sequential, "features.0" and so on, and "classifier".
func vgg11(num, den int) func(string, Options) (*Arch, error) {
	return func(name string, o Options) (*Arch, error) {
		o = o.withDefaults(Shape{3, 32, 32})
		b := newBuilder(name, o.Input, o)
		b.vggFeatures([]int{64, 128 * num / den, 256 * num / den, 256 * num / den,
			512 * num / den, 512 * num / den, 512 * num / den, 512}, o)
		b.flatten("flatten")
		b.linear("classifier", o.Classes)
		return b.build()
	}
}

// vggFeatures appends eight 3×3 convolutions with max pooling after the first,
// second, fourth, sixth and eighth.
func (b *builder) vggFeatures(widths []int, o Options) {
	index := 0
	next := func() string {
		index++
		return fmt.Sprintf("features.%d", index-1)
	}
	for i, width := range widths {
		conv, norm := next(), ""
		if b.norm {
			norm = next()
		}
		b.conv(conv, norm, o.scale(width), 3, 1)
		b.relu(next())
		if i < 2 || i%2 == 1 {
			b.add(Layer{Name: next(), Op: MaxPool, Kernel: 2, Stride: 2})
		}
	}
}
