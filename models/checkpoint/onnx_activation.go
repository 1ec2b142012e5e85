package checkpoint

import (
	"fmt"
	"math"

	"otfusion/models"
	"otfusion/models/checkpoint/onnx"
)

// form is what has been made of a layer's output x on the way to the next one:
// PyTorch's exporter writes SiLU and GELU as several nodes.
type form struct {
	kind   kind
	factor float64    // of all of it
	node   *onnx.Node // of a Sigmoid, which may stay one
}

type kind string

const (
	itself       kind = "x"
	sigmoid      kind = "sigmoid(x)"
	erf          kind = "erf(x/√2)"
	shiftedErf   kind = "1 + erf(x/√2)"
	unscaledGELU kind = "x·(1 + erf(x/√2))"
)

// plain is the form of what a layer outputs.
func plain() form { return form{kind: itself, factor: 1} }

func near(a, b float64) bool { return math.Abs(a-b) < 1e-6*math.Abs(b) }

// settle makes a layer of what is none yet. A sigmoid that two nodes read
// becomes one layer.
func (t *translator) settle(value string, s signal) (signal, error) {
	switch {
	case s.form == plain():
		return s, nil
	case s.form.kind == sigmoid && s.form.factor == 1:
		layer, err := t.emit(s.form.node, models.Layer{Op: models.Sigmoid}, "", s)
		t.values[value] = layer
		return layer, err
	}
	return s, fmt.Errorf("reads %g·(%s) of layer %s, which belongs to no activation that is known", s.form.factor, s.form.kind, s.layer)
}

// elementwise is an operator that becomes one layer.
func elementwise(l models.Layer) operator {
	return func(t *translator, n *onnx.Node) (any, error) {
		s, err := t.signal(n, 0)
		if err != nil {
			return nil, err
		}
		return t.emit(n, l, "", s)
	}
}

// sloped is LeakyRelu or Elu; without its slope it is ReLU.
func sloped(op models.Op, usual float32) operator {
	return func(t *translator, n *onnx.Node) (any, error) {
		alpha := n.Float("alpha", usual)
		l := models.Layer{Op: op, Alpha: shortest(alpha)}
		switch {
		case alpha == 0:
			l = models.Layer{Op: models.ReLU}
		case l.Alpha == (models.Layer{Op: op}).Slope():
			l.Alpha = 0 // what the operation has unless told
		case math.IsNaN(l.Alpha) || math.IsInf(l.Alpha, 0):
			return nil, fmt.Errorf("alpha is %g, wanted a number", alpha)
		}
		return elementwise(l)(t, n)
	}
}

func gelu(t *translator, n *onnx.Node) (any, error) {
	if how := n.Text("approximate", "none"); how != "none" {
		return nil, fmt.Errorf("approximate is %q, wanted \"none\"", how)
	}
	return elementwise(models.Layer{Op: models.GELU})(t, n)
}

// clip is ReLU6 or ReLU, the only limits that an Arch knows.
func clip(t *translator, n *onnx.Node) (any, error) {
	limits := [2]float64{math.Inf(-1), math.Inf(1)}
	for i, name := range []string{"min", "max"} {
		if a, ok := n.Attributes[name]; ok {
			limits[i] = float64(a.Float)
		} else if n.Has(i + 1) {
			var err error
			if limits[i], err = t.scalar(n, i+1); err != nil {
				return nil, err
			}
		}
	}
	switch {
	case limits == [2]float64{0, 6}:
		return elementwise(models.Layer{Op: models.ReLU6})(t, n)
	case limits[0] == 0 && limits[1] >= math.MaxFloat32:
		return elementwise(models.Layer{Op: models.ReLU})(t, n)
	}
	return nil, fmt.Errorf("wanted limits of 0 and 6 (ReLU6) or of 0 alone (ReLU), found %g and %g", limits[0], limits[1])
}

func sigmoidOf(t *translator, n *onnx.Node) (any, error) {
	s, err := t.signal(n, 0)
	s.form = form{sigmoid, 1, n}
	return s, err
}

func erfOf(t *translator, n *onnx.Node) (any, error) {
	s, err := t.unsettled(n, 0)
	if err == nil && (s.pad != 0 || s.form.kind != itself || !near(s.form.factor, math.Sqrt2/2)) {
		err = fmt.Errorf("wanted x/√2, as in GELU, found %g·(%s)", s.form.factor, s.form.kind)
	}
	s.form = form{kind: erf, factor: 1}
	return s, err
}

// scalar is the i-th input, which the file must hold and be one number.
func (t *translator) scalar(n *onnx.Node, i int) (float64, error) {
	c, err := t.constant(n, i)
	if err != nil {
		return 0, err
	}
	if c.Len() != 1 {
		return 0, fmt.Errorf("reads %s of shape %v, wanted one number", n.Inputs[i], c.Dims)
	}
	values, _, err := t.tensors.floats(c.Tensor)
	if err != nil {
		return 0, err
	}
	return float64(values.Data[0]), nil
}

// scale multiplies a signal, which may complete a GELU.
func (t *translator) scale(n *onnx.Node, s signal, by float64) (any, error) {
	s.form.factor *= by
	if s.form.kind == unscaledGELU && near(s.form.factor, 0.5) {
		return t.emit(n, models.Layer{Op: models.GELU}, "", s)
	}
	return s, nil
}

func div(t *translator, n *onnx.Node) (any, error) {
	s, err := t.scalable(n, 0)
	if err != nil {
		return nil, err
	}
	by, err := t.scalar(n, 1)
	if err != nil {
		return nil, err
	}
	return t.scale(n, s, 1/by)
}

// scalable is the i-th input, which a number may multiply. A sigmoid that one
// does is no part of SiLU.
func (t *translator) scalable(n *onnx.Node, i int) (signal, error) {
	s, err := t.unsettled(n, i)
	if err == nil && s.form.kind == sigmoid {
		return t.settle(n.Inputs[i], s)
	}
	return s, err
}

// mul multiplies sizes, a signal by a number, or the parts of SiLU and GELU.
func mul(t *translator, n *onnx.Node) (any, error) {
	if len(n.Inputs) != 2 {
		return nil, fmt.Errorf("has %d inputs, wanted 2", len(n.Inputs))
	}
	if _, ok := t.values[n.Inputs[0]].(extent); ok {
		return t.product(n)
	}
	for i := range 2 {
		if _, ok := t.values[n.Inputs[i]].(constant); ok {
			return t.times(n, 1-i, i)
		}
	}
	a, err := t.unsettled(n, 0)
	if err != nil {
		return nil, err
	}
	b, err := t.unsettled(n, 1)
	if err != nil {
		return nil, err
	}
	if b.form.kind == itself {
		a, b = b, a
	}
	return t.gate(n, a, b)
}

// times multiplies the i-th input by the number that the j-th is.
func (t *translator) times(n *onnx.Node, i, j int) (any, error) {
	s, err := t.scalable(n, i)
	if err != nil {
		return nil, err
	}
	by, err := t.scalar(n, j)
	if err != nil {
		return nil, err
	}
	return t.scale(n, s, by)
}

// gate multiplies x by a function of it.
func (t *translator) gate(n *onnx.Node, x, of signal) (any, error) {
	factor := x.form.factor * of.form.factor
	switch {
	case x.layer != of.layer || x.form.kind != itself || x.pad+of.pad != 0:
	case of.form.kind == sigmoid && factor == 1:
		return t.emit(n, models.Layer{Op: models.SiLU}, "", x)
	case of.form.kind == shiftedErf:
		x.form = form{kind: unscaledGELU, factor: factor}
		return t.scale(n, x, 1)
	}
	return nil, fmt.Errorf("multiplies %s of layer %s by %s of layer %s, which is supported in SiLU and GELU alone", x.form.kind, x.layer, of.form.kind, of.layer)
}

// softmax at the end of a network changes neither the order of its outputs nor
// what training on them means; they are taken before it, as logits.
func softmax(t *translator, n *onnx.Node) (any, error) {
	s, err := t.signal(n, 0)
	if err != nil {
		return nil, err
	}
	axis := n.Int("axis", 1)
	if n.Outputs[0] != t.graph.Outputs[0].Name || len(s.dims) != 1 || axis != 1 && axis != -1 {
		return nil, fmt.Errorf("is supported at the end of the network, over the classes, alone")
	}
	t.contents.others[n.Op+" at the end"] = n.Op
	return s, nil
}
