package checkpoint

import (
	"fmt"
	"slices"

	"otfusion/models"
	"otfusion/models/checkpoint/onnx"
)

func maxPool(t *translator, n *onnx.Node) (any, error) {
	s, err := t.image(n)
	if err == nil && s.pad != 0 {
		err = errPadded
	}
	if err != nil {
		return nil, err
	}
	return t.pool(n, models.MaxPool, s)
}

// averagePool counts padded zeros, as PyTorch does unless told otherwise.
func averagePool(t *translator, n *onnx.Node) (any, error) {
	s, err := t.image(n)
	if err != nil {
		return nil, err
	}
	if pads := n.Ints("pads"); n.Int("count_include_pad", 0) == 0 && slices.ContainsFunc(pads, func(p int64) bool { return p != 0 }) {
		return nil, fmt.Errorf("pads are %v with count_include_pad 0, wanted 1", pads)
	}
	return t.pool(n, models.AvgPool, s)
}

// pool appends a pool. Rounding up is supported where there is nothing to round.
func (t *translator) pool(n *onnx.Node, op models.Op, s signal) (any, error) {
	l, err := window(n, op, n.Ints("kernel_shape"))
	if err != nil {
		return nil, err
	}
	l.Padding += s.pad
	out, err := t.emit(n, l, "", s)
	if err != nil {
		return nil, err
	}
	for _, side := range s.dims[1:] {
		if rest := side + 2*l.Padding - l.Kernel; n.Int("ceil_mode", 0) != 0 && rest%l.Stride != 0 {
			return nil, fmt.Errorf("ceil_mode is 1 where windows of %d and stride %d leave a rest of %d, wanted 0", l.Kernel, l.Stride, side)
		}
	}
	return out, nil
}

func globalAveragePool(t *translator, n *onnx.Node) (any, error) {
	s, err := t.image(n)
	if err == nil && s.pad != 0 {
		err = errPadded
	}
	if err != nil {
		return nil, err
	}
	return t.emit(n, models.Layer{Op: models.GlobalAvgPool}, "", s)
}

// reduceMean is a global average pool if it is over height and width.
func reduceMean(t *translator, n *onnx.Node) (any, error) {
	axes := n.Ints("axes")
	if n.Has(1) {
		var err error
		if axes, err = t.ints(n, 1); err != nil {
			return nil, err
		}
	}
	var over []int64
	for _, a := range axes {
		if a < 0 {
			a += 4
		}
		over = append(over, a)
	}
	if slices.Sort(over); !slices.Equal(over, []int64{2, 3}) {
		return nil, fmt.Errorf("axes are %v, wanted 2 and 3, height and width", axes)
	}
	out, err := globalAveragePool(t, n)
	if s, ok := out.(signal); ok && err == nil && n.Int("keepdims", 1) == 0 {
		s.dims = s.dims[:1]
		return s, nil
	}
	return out, err
}

// pad remembers zeros around an image for the layer that reads them.
func pad(t *translator, n *onnx.Node) (any, error) {
	s, err := t.image(n)
	if err != nil {
		return nil, err
	}
	pads := n.Ints("pads")
	if n.Has(1) {
		if pads, err = t.ints(n, 1); err != nil {
			return nil, err
		}
	}
	value := float64(n.Float("value", 0))
	if n.Has(2) {
		if value, err = t.scalar(n, 2); err != nil {
			return nil, err
		}
	}
	if mode := n.Text("mode", "constant"); mode != "constant" || value != 0 || n.Has(3) {
		return nil, fmt.Errorf("mode is %s with value %g, wanted constant with zeros", mode, value)
	}
	if len(pads) != 8 || slices.Max([]int64{pads[0], pads[1], pads[4], pads[5]}) != 0 {
		return nil, fmt.Errorf("pads are %v, wanted the same on every side of height and width", pads)
	}
	around, err := square("pads", []int64{pads[2], pads[3], pads[6], pads[7]})
	s.pad += around
	return s, err
}
