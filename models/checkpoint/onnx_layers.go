package checkpoint

import (
	"fmt"
	"slices"
	"strconv"

	"otfusion/models"
	"otfusion/models/checkpoint/onnx"
)

func conv(t *translator, n *onnx.Node) (any, error) {
	s, err := t.image(n)
	if err != nil {
		return nil, err
	}
	w, dtype, origin, err := t.weight(n, 1, 4)
	if err != nil {
		return nil, err
	}
	l, err := window(n, models.Conv2D, []int64{int64(w.Shape[2]), int64(w.Shape[3])})
	if err != nil {
		return nil, err
	}
	l.Out, l.Bias, l.Padding = w.Shape[0], n.Has(2), l.Padding+s.pad
	if groups := n.Int("group", 1); groups != 1 {
		l.Groups = int(groups)
	}
	out, err := t.emit(n, l, origin, s)
	if err != nil {
		return nil, err
	}
	t.set(out.layer, models.Weight, dtype, w)
	return out, t.bias(n, out.layer, l.Out, 1)
}

// bias gives a layer the third input, times a factor, as its bias.
func (t *translator) bias(n *onnx.Node, layer string, size int, factor float32) error {
	if !n.Has(2) {
		return nil
	}
	b, dtype, err := t.vector(n, 2, size)
	if err != nil {
		return err
	}
	t.set(layer, models.Bias, dtype, scaled(b, factor))
	return nil
}

// window is the layer of a Conv or a pool: kernel, stride and padding.
func window(n *onnx.Node, op models.Op, kernel []int64) (models.Layer, error) {
	l := models.Layer{Op: op}
	if how := n.Text("auto_pad", "NOTSET"); how != "NOTSET" {
		return l, fmt.Errorf("auto_pad is %s, wanted NOTSET, with the padding in pads", how)
	}
	if d := n.Ints("dilations"); slices.ContainsFunc(d, func(d int64) bool { return d != 1 }) {
		return l, fmt.Errorf("dilations are %v, wanted 1", d)
	}
	var err error
	if l.Kernel, err = square("kernel_shape", kernel); err != nil {
		return l, err
	}
	if l.Stride, err = square("strides", n.Ints("strides", 1, 1)); err != nil {
		return l, err
	}
	l.Padding, err = square("pads", n.Ints("pads", 0, 0, 0, 0))
	return l, err
}

// square is the one value that a list, one for each side, must have.
func square(what string, list []int64) (int, error) {
	if len(list) < 2 || slices.Min(list) != slices.Max(list) || list[0] < 0 || list[0] >= maxLen {
		return 0, fmt.Errorf("%s is %v, wanted the same for height and width", what, list)
	}
	return int(list[0]), nil
}

// features is a signal without height and width.
func (t *translator) features(n *onnx.Node) (signal, error) {
	s, err := t.signal(n, 0)
	if err == nil && len(s.dims) != 1 {
		err = fmt.Errorf("reads samples of shape %v, wanted features in one axis", s.dims)
	}
	return s, err
}

// linear appends a Linear layer by its weight (out, in).
func (t *translator) linear(n *onnx.Node, s signal, w models.Tensor, dtype DType, origin string) (signal, error) {
	out, err := t.emit(n, models.Layer{Op: models.Linear, Out: w.Shape[0], Bias: n.Has(2)}, origin, s)
	if err == nil {
		t.set(out.layer, models.Weight, dtype, w)
	}
	return out, err
}

func gemm(t *translator, n *onnx.Node) (any, error) {
	s, err := t.features(n)
	if err != nil {
		return nil, err
	}
	if n.Int("transA", 0) != 0 {
		return nil, fmt.Errorf("transA is %d, wanted 0", n.Int("transA", 0))
	}
	w, dtype, origin, err := t.weight(n, 1, 2)
	if err != nil {
		return nil, err
	}
	if n.Int("transB", 0) == 0 {
		w = transposed(w)
	}
	out, err := t.linear(n, s, scaled(w, n.Float("alpha", 1)), dtype, origin)
	if err != nil {
		return nil, err
	}
	return out, t.bias(n, out.layer, w.Shape[0], n.Float("beta", 1))
}

func matMul(t *translator, n *onnx.Node) (any, error) {
	s, err := t.features(n)
	if err != nil {
		return nil, err
	}
	w, dtype, origin, err := t.weight(n, 1, 2)
	if err != nil {
		return nil, err
	}
	return t.linear(n, s, transposed(w), dtype, origin)
}

func dropout(t *translator, n *onnx.Node) (any, error) {
	rate := float64(n.Float("ratio", 0.5))
	if n.Has(1) {
		var err error
		if rate, err = t.scalar(n, 1); err != nil {
			return nil, err
		}
	}
	return elementwise(models.Layer{Op: models.Dropout, Rate: shortest(float32(rate))})(t, n)
}

// shortest is the float64 that is written as the float32 is: 0.1 for 0.1.
func shortest(x float32) float64 {
	v, _ := strconv.ParseFloat(strconv.FormatFloat(float64(x), 'g', -1, 32), 64) // what was written is read
	return v
}
