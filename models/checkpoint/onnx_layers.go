package checkpoint

import (
	"fmt"
	"slices"
	"strconv"

	"otfusion/models"
	"otfusion/models/checkpoint/onnx"
)

// operators are those of ONNX that can be read.
func operators() map[string]operator {
	return map[string]operator{
		"Conv": conv, "Gemm": gemm, "MatMul": matMul, "BatchNormalization": batchNorm,
		"Add": add, "Sum": add, "Concat": concat, "Dropout": dropout,
		"MaxPool": maxPool, "AveragePool": averagePool, "GlobalAveragePool": globalAveragePool, "ReduceMean": reduceMean, "Pad": pad,
		"Relu": elementwise(models.Layer{Op: models.ReLU}), "Tanh": elementwise(models.Layer{Op: models.Tanh}),
		"LeakyRelu": sloped(models.LeakyReLU, 0.01), "Elu": sloped(models.ELU, 1), "Clip": clip, "Gelu": gelu,
		"Sigmoid": sigmoidOf, "Erf": erfOf, "Mul": mul, "Div": div, "Softmax": softmax, "LogSoftmax": softmax,
		"Flatten": flatten, "Reshape": reshape, "Squeeze": squeeze, "Unsqueeze": unsqueeze,
		"Identity": same, "Cast": cast, "Constant": constantOf, "Transpose": transpose,
		"Shape": shape, "Gather": gatherSizes, "Slice": sliceSizes, "ConstantOfShape": constantOfShape,
	}
}

// weight reads the i-th input as floats of that many axes.
func (t *translator) weight(n *onnx.Node, i, axes int) (models.Tensor, DType, string, error) {
	c, err := t.constant(n, i)
	if err != nil {
		return models.Tensor{}, "", "", err
	}
	values, dtype, err := t.tensors.floats(c.Tensor)
	if err != nil {
		return values, dtype, "", err
	}
	if len(values.Shape) != axes {
		return values, dtype, "", fmt.Errorf("%s has shape %v, wanted %d axes", n.Inputs[i], values.Shape, axes)
	}
	if c.transposed {
		values = transposed(values)
	}
	return values, dtype, c.origin, nil
}

// transposed swaps the axes of a matrix.
func transposed(m models.Tensor) models.Tensor {
	rows, columns := m.Shape[0], m.Shape[1]
	out := models.NewTensor(columns, rows)
	for i := range rows {
		for j := range columns {
			out.Data[j*rows+i] = m.Data[i*columns+j]
		}
	}
	return out
}

// square is the one value that a list, one for each side, must have.
func square(what string, list []int64) (int, error) {
	if len(list) < 2 || slices.Min(list) != slices.Max(list) || list[0] < 0 || list[0] >= maxLen {
		return 0, fmt.Errorf("%s is %v, wanted the same for height and width", what, list)
	}
	return int(list[0]), nil
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
	t.set(layer, models.Bias, dtype, times(b, factor))
	return nil
}

// vector reads the i-th input as one number for each channel, which may have
// axes of size 1 around.
func (t *translator) vector(n *onnx.Node, i, size int) (models.Tensor, DType, error) {
	c, err := t.constant(n, i)
	if err != nil {
		return models.Tensor{}, "", err
	}
	values, dtype, err := t.tensors.floats(c.Tensor)
	if err == nil && (len(values.Data) != size || len(values.Shape) > 4 || size > 1 && !slices.Contains(values.Shape, size)) {
		err = fmt.Errorf("%s has shape %v, wanted %d values", n.Inputs[i], values.Shape, size)
	}
	values.Shape = []int{size}
	return values, dtype, err
}

func times(x models.Tensor, factor float32) models.Tensor {
	if factor != 1 {
		for i := range x.Data {
			x.Data[i] *= factor
		}
	}
	return x
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
	out, err := t.linear(n, s, times(w, n.Float("alpha", 1)), dtype, origin)
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

// batchNorm reads scale, bias, mean and variance. Scales of one and biases of
// zero without a parameter's name are those of a norm that has none.
func batchNorm(t *translator, n *onnx.Node) (any, error) {
	s, err := t.signal(n, 0)
	if err != nil {
		return nil, err
	}
	if n.Int("training_mode", 0) != 0 {
		return nil, fmt.Errorf("training_mode is 1, wanted 0: export the network in evaluation mode")
	}
	var values [4]models.Tensor
	var dtypes [4]DType
	for i := range values {
		if values[i], dtypes[i], err = t.vector(n, i+1, s.dims[0]); err != nil {
			return nil, err
		}
	}
	if err := takeEpsilon(values[3], n.Float("epsilon", models.DefaultEps)); err != nil {
		return nil, err
	}
	scale, _ := t.constant(n, 1) // was read
	mean, _ := t.constant(n, 3)
	bare := ownerOf(scale.origin) == "" && all(values[0], 1) && all(values[1], 0)
	out, err := t.emit(n, models.Layer{Op: models.BatchNorm, NoAffine: bare}, mean.origin, s)
	if err != nil {
		return nil, err
	}
	for i, role := range []models.Role{models.Weight, models.Bias, models.RunningMean, models.RunningVar} {
		if !bare || i > 1 {
			t.set(out.layer, role, dtypes[i], values[i])
		}
	}
	return out, nil
}

// takeEpsilon adds to variances what a norm's constant has beyond the usual one.
func takeEpsilon(variances models.Tensor, epsilon float32) error {
	more := float64(epsilon) - float64(float32(models.DefaultEps))
	if more == 0 {
		return nil
	}
	for i, v := range variances.Data {
		if variances.Data[i] = float32(float64(v) + more); !(variances.Data[i] >= 0) {
			return fmt.Errorf("epsilon is %g, wanted at least %g where variances are as small as %g", epsilon, models.DefaultEps, v)
		}
	}
	return nil
}

func all(t models.Tensor, value float32) bool {
	return !slices.ContainsFunc(t.Data, func(x float32) bool { return x != value })
}

// add sums signals, or a signal and what turns out to be a bias or a part of GELU.
func add(t *translator, n *onnx.Node) (any, error) {
	for i := range n.Inputs {
		if _, ok := t.values[n.Inputs[i]].(constant); ok && len(n.Inputs) == 2 {
			return t.shift(n, 1-i, i)
		}
	}
	var terms []signal
	for i := range n.Inputs {
		s, err := t.signal(n, i)
		if err != nil {
			return nil, err
		}
		if terms = append(terms, s); !slices.Equal(s.dims, terms[0].dims) {
			return nil, fmt.Errorf("adds samples of shapes %v and %v, wanted equal ones", terms[0].dims, s.dims)
		}
	}
	return t.join(n, models.Add, terms)
}

// join appends a layer that reads several signals; of one it makes none.
func (t *translator) join(n *onnx.Node, op models.Op, terms []signal) (any, error) {
	switch len(terms) {
	case 0:
		return nil, fmt.Errorf("has no inputs")
	case 1:
		return terms[0], nil
	}
	return t.emit(n, models.Layer{Op: op}, "", terms...)
}

// shift adds a constant, the j-th input, to a signal, the i-th.
func (t *translator) shift(n *onnx.Node, i, j int) (any, error) {
	s, err := t.unsettled(n, i)
	if err != nil {
		return nil, err
	}
	if s.form.kind == erf {
		by, err := t.scalar(n, j)
		if err == nil && (by != 1 || s.form.factor != 1) {
			err = fmt.Errorf("adds %g to %g·(%s), wanted 1 and 1, as in GELU", by, s.form.factor, s.form.kind)
		}
		s.form.kind = shiftedErf
		return s, err
	}
	at, ok := t.layers[s.layer]
	if !ok || s.form != plain() || s.pad != 0 || t.readers[n.Inputs[i]] != 1 || !t.biasable(t.arch.Layers[at]) {
		return nil, fmt.Errorf("adds the constant %s, which is supported as the bias of a MatMul or Conv alone", n.Inputs[j])
	}
	c, err := t.constant(n, j)
	if err != nil {
		return nil, err
	}
	if want := len(s.dims) - 1; len(c.Dims) > len(s.dims)+1 || !endsInOnes(c.Dims, want) {
		return nil, fmt.Errorf("adds %s of shape %v, wanted one value for each channel", n.Inputs[j], c.Dims)
	}
	b, dtype, err := t.vector(n, j, s.dims[0])
	if err != nil {
		return nil, err
	}
	t.arch.Layers[at].Bias = true
	t.set(s.layer, models.Bias, dtype, b)
	return s, nil
}

// biasable tells layers that can be given a bias.
func (t *translator) biasable(l models.Layer) bool {
	return (l.Op == models.Linear || l.Op == models.Conv2D) && !l.Bias
}

// endsInOnes tells sizes of which the last n are one.
func endsInOnes(dims []int64, n int) bool {
	return len(dims) >= n && !slices.ContainsFunc(dims[len(dims)-n:], func(d int64) bool { return d != 1 })
}

// concat puts channels side by side, or sizes.
func concat(t *translator, n *onnx.Node) (any, error) {
	if n.Has(0) {
		if _, ok := t.values[n.Inputs[0]].(signal); !ok {
			return t.concatSizes(n)
		}
	}
	var parts []signal
	for i := range n.Inputs {
		s, err := t.signal(n, i)
		if err != nil {
			return nil, err
		}
		if axis := n.Int("axis", 1); axis != 1 && axis != -int64(len(s.dims)) {
			return nil, fmt.Errorf("axis is %d, wanted 1, the channels", axis)
		}
		if parts = append(parts, s); len(s.dims) != len(parts[0].dims) {
			return nil, fmt.Errorf("joins samples of shapes %v and %v", parts[0].dims, s.dims)
		}
	}
	return t.join(n, models.Concat, parts)
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
