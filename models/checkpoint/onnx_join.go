package checkpoint

import (
	"fmt"
	"slices"

	"otfusion/models"
	"otfusion/models/checkpoint/onnx"
)

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
