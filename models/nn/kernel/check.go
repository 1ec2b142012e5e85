package kernel

import "fmt"

// maxLen bounds the values of one activation or parameter, so that no spec
// asks for absurd memory or overflows an index.
const maxLen = 1 << 31

// maxSide bounds kernels, strides and paddings.
const maxSide = 255

// Check reports, naming the layer, whether a convolution can be built.
func (s ConvSpec) Check() error {
	if err := s.In.Check(s.Name); err != nil {
		return err
	}
	if err := window(s.Name, s.In, s.Kernel, s.Stride, s.Padding); err != nil {
		return err
	}
	if s.Out < 1 {
		return fmt.Errorf("kernel: layer %s: wanted a number of output channels, found %d", s.Name, s.Out)
	}
	if s.Groups < 0 || s.In.C%max(s.Groups, 1) != 0 || s.Out%max(s.Groups, 1) != 0 {
		return fmt.Errorf("kernel: layer %s: wanted groups that divide %d input and %d output channels, found %d", s.Name, s.In.C, s.Out, s.Groups)
	}
	if !small(s.Out, s.In.C, s.Kernel, s.Kernel) {
		return fmt.Errorf("kernel: layer %s: wanted fewer than 2³¹ weights, found %d×%d×%d×%d", s.Name, s.Out, s.In.C, s.Kernel, s.Kernel)
	}
	return s.OutShape().Check(s.Name)
}

// Check reports, naming the layer, whether a fully connected layer can be built.
func (s LinearSpec) Check() error {
	if s.N < 1 || s.In < 1 || s.Out < 1 {
		return fmt.Errorf("kernel: layer %s: wanted samples and features, found %d samples, %d inputs, %d outputs",
			s.Name, s.N, s.In, s.Out)
	}
	if !small(s.In, s.Out) || !small(s.N, max(s.In, s.Out)) {
		return fmt.Errorf("kernel: layer %s: wanted fewer than 2³¹ values, found %d samples, %d inputs, %d outputs",
			s.Name, s.N, s.In, s.Out)
	}
	return nil
}

// Check reports, naming the layer, whether a pool can be built.
func (s PoolSpec) Check() error {
	if err := s.In.Check(s.Name); err != nil {
		return err
	}
	switch s.Kind {
	case GlobalPool, FlattenPool:
		return nil
	case AdaptivePool:
		return s.OutShape().Check(s.Name)
	case MaxPool, AvgPool:
	default:
		return fmt.Errorf("kernel: layer %s: wanted a kind of pool, found %d", s.Name, s.Kind)
	}
	if 2*s.Padding > s.Kernel {
		return fmt.Errorf("kernel: layer %s: wanted padding of at most half the kernel %d, found %d", s.Name, s.Kernel, s.Padding)
	}
	return window(s.Name, s.In, s.Kernel, s.Stride, s.Padding)
}

// Check reports, naming the layer, whether a batch normalisation can be built.
// Training needs two values per channel, as in PyTorch.
func (s BatchNormSpec) Check() error {
	if err := s.In.Check(s.Name); err != nil {
		return err
	}
	if s.Plain && s.In.H*s.In.W != 1 {
		return fmt.Errorf("kernel: layer %s: wanted plain vectors, found %d×%d maps", s.Name, s.In.H, s.In.W)
	}
	if s.Train && s.In.N*s.In.H*s.In.W < 2 {
		return fmt.Errorf("kernel: layer %s: wanted two values per channel to train, found 1", s.Name)
	}
	if !(s.Eps > 0) || !(s.Momentum >= 0 && s.Momentum <= 1) {
		return fmt.Errorf("kernel: layer %s: wanted eps > 0 and momentum in [0, 1], found %g and %g", s.Name, s.Eps, s.Momentum)
	}
	return nil
}

// Check reports, naming the layer, whether an activation of that shape can be
// held in memory.
func (s Shape) Check(layer string) error {
	if s.N < 1 || s.C < 1 || s.H < 1 || s.W < 1 {
		return fmt.Errorf("kernel: layer %s: wanted a shape, found %d×%d×%d×%d", layer, s.N, s.C, s.H, s.W)
	}
	if !small(s.N, s.C, s.H, s.W) {
		return fmt.Errorf("kernel: layer %s: wanted fewer than 2³¹ values in a batch, found %d×%d×%d×%d", layer, s.N, s.C, s.H, s.W)
	}
	return nil
}

// window checks a kernel that slides over maps.
func window(layer string, in Shape, kernel, stride, padding int) error {
	if kernel < 1 || stride < 1 || padding < 0 || max(kernel, stride, padding) > maxSide {
		return fmt.Errorf("kernel: layer %s: wanted kernel and stride in 1..%d, padding in 0..%d, found %d, %d, %d",
			layer, maxSide, maxSide, kernel, stride, padding)
	}
	if min(in.H, in.W)+2*padding < kernel {
		return fmt.Errorf("kernel: layer %s: wanted padded maps of at least the kernel %d, found %d×%d",
			layer, kernel, in.H+2*padding, in.W+2*padding)
	}
	return nil
}

// small tells whether the product of positive sizes stays below maxLen.
func small(sizes ...int) bool {
	n := 1.0
	for _, s := range sizes {
		n *= float64(s)
	}
	return n < maxLen
}
