package checkpoint

import (
	"fmt"
	"slices"

	"otfusion/models"
	"otfusion/models/checkpoint/onnx"
)

// view gives samples other sizes, in the same order of values. All in one axis
// is a Flatten; else only axes of size one come or go, after the others.
func (t *translator) view(n *onnx.Node, s signal, dims []int) (any, error) {
	switch {
	case len(dims) == 1 && len(s.dims) > 1 && dims[0] == shapeOf(s.dims).Len():
		out, err := t.emit(n, models.Layer{Op: models.Flatten}, "", s)
		out.dims = dims
		return out, err
	case len(dims) >= 1 && len(dims) <= 3 && shapeOf(dims) == shapeOf(s.dims):
		s.dims = dims
		return s, nil
	}
	return nil, fmt.Errorf("makes samples of shape %v of %v, wanted all values in one axis", dims, s.dims)
}

// flatten puts what is after the batch's axis into one.
func flatten(t *translator, n *onnx.Node) (any, error) {
	s, err := t.signal(n, 0)
	if err != nil {
		return nil, err
	}
	if axis := n.Int("axis", 1); axis != 1 && axis != -int64(len(s.dims)) {
		return nil, fmt.Errorf("axis is %d, wanted 1", axis)
	}
	return t.view(n, s, []int{shapeOf(s.dims).Len()})
}

func reshape(t *translator, n *onnx.Node) (any, error) {
	if n.Has(0) {
		switch v := t.values[n.Inputs[0]].(type) {
		case constant:
			return v, onlyRenamed(v)
		case extent:
			return t.rearrange(n, v)
		}
	}
	s, err := t.signal(n, 0)
	if err != nil {
		return nil, err
	}
	target, err := t.ints(n, 1)
	if err != nil {
		return nil, err
	}
	dims, err := t.resolve(target, s.dims)
	if err != nil {
		return nil, err
	}
	return t.view(n, s, dims)
}

// resolve reads the target of a Reshape: the batch's size stays, 0 keeps a size,
// and one size may be -1, which the number of values tells.
func (t *translator) resolve(target []int64, old []int) ([]int, error) {
	if len(target) < 2 {
		return nil, fmt.Errorf("wanted sizes of samples and features, found %d of them", len(target))
	}
	total, rest, open := shapeOf(old).Len(), 1, -1
	dims := make([]int, len(target)-1)
	for i, d := range target[1:] {
		switch {
		case d == 0 && i < len(old):
			dims[i] = old[i]
		case d == -1 && open < 0:
			open = i
			continue
		case d < 1 || d > int64(total):
			return nil, fmt.Errorf("cannot tell the sizes %v of samples of %v", target[1:], old)
		default:
			dims[i] = int(d)
		}
		if rest *= dims[i]; rest > total {
			return nil, fmt.Errorf("sizes %v are more than samples of %v have", target[1:], old)
		}
	}
	first := target[0]
	if open >= 0 {
		dims[open] = total / rest
	}
	batch := first == batchSize || first == 0 || first == t.batch || first == -1 && open < 0
	if !batch || open >= 0 && total%rest != 0 || open < 0 && rest != total {
		return nil, fmt.Errorf("sizes %v change the number of samples", target)
	}
	return dims, nil
}

func squeeze(t *translator, n *onnx.Node) (any, error) {
	return t.reaxis(n, func(dims []int, axes []int64) ([]int, error) {
		var kept []int
		for i, d := range dims {
			at := int64(i + 1)
			switch gone := slices.Contains(axes, at) || slices.Contains(axes, at-int64(len(dims)+1)); {
			case !gone:
				kept = append(kept, d)
			case d != 1:
				return nil, fmt.Errorf("takes axis %d of size %d away, wanted 1", at, d)
			}
		}
		if len(dims)-len(kept) != len(axes) || len(axes) == 0 {
			return nil, fmt.Errorf("axes are %v of samples of %v, wanted such as have size 1", axes, dims)
		}
		return kept, nil
	})
}

func unsqueeze(t *translator, n *onnx.Node) (any, error) {
	return t.reaxis(n, func(dims []int, axes []int64) ([]int, error) {
		rank := int64(len(dims) + 1 + len(axes))
		for i, a := range axes {
			if a < 0 {
				a += rank
			}
			if at := int64(len(dims) + 1 + i); a != at {
				return nil, fmt.Errorf("axes are %v, wanted them after the others", axes)
			}
		}
		return append(slices.Clone(dims), slices.Repeat([]int{1}, len(axes))...), nil
	})
}

// reaxis takes axes of size one away or adds them, which matters to signals alone.
func (t *translator) reaxis(n *onnx.Node, change func(dims []int, axes []int64) ([]int, error)) (any, error) {
	if n.Has(0) {
		switch v := t.values[n.Inputs[0]].(type) {
		case extent:
			return v, nil
		case constant:
			return v, onlyRenamed(v)
		}
	}
	s, err := t.signal(n, 0)
	if err != nil {
		return nil, err
	}
	axes := n.Ints("axes")
	if n.Has(1) {
		if axes, err = t.ints(n, 1); err != nil {
			return nil, err
		}
	}
	dims, err := change(s.dims, axes)
	if err != nil {
		return nil, err
	}
	if len(dims) < 1 || len(dims) > 3 || shapeOf(dims) != shapeOf(s.dims) {
		return nil, fmt.Errorf("makes samples of shape %v of %v, wanted axes to come and go after the others", dims, s.dims)
	}
	s.dims = dims
	return s, nil
}

// onlyRenamed tells constants whose axes do not matter: numbers in a row.
func onlyRenamed(c constant) error {
	if n := c.Len(); n < 0 || n > maxExtent || len(c.Dims) > 1 {
		return fmt.Errorf("changes the axes of %s of shape %v, which is supported for a few sizes alone", c.Name, c.Dims)
	}
	return nil
}

// same passes a value on. A parameter's name replaces the one it had.
func same(t *translator, n *onnx.Node) (any, error) {
	if !n.Has(0) {
		return nil, fmt.Errorf("has no input")
	}
	v := t.values[n.Inputs[0]]
	switch c := v.(type) {
	case constant:
		if ownerOf(n.Outputs[0]) != "" {
			c.origin = n.Outputs[0]
		}
		return c, nil
	case nil:
		return nil, fmt.Errorf("reads %s, which no node before it makes", n.Inputs[0])
	}
	return v, nil
}

// cast passes a value on, since everything is computed in float32 here.
func cast(t *translator, n *onnx.Node) (any, error) {
	v, err := same(t, n)
	_, sizes := v.(extent)
	to := onnx.DataType(n.Int("to", 0))
	if err == nil && dtypeOf(to) == "" && !(sizes && (to == onnx.Int64 || to == onnx.Int32)) {
		err = fmt.Errorf("to %v is not supported", to)
	}
	return v, err
}

// constantOf is the value in a node.
func constantOf(t *translator, n *onnx.Node) (any, error) {
	c := constant{origin: n.Outputs[0]}
	for name, a := range n.Attributes {
		switch name {
		case "value":
			c.Tensor = a.Tensor
		case "value_float":
			c.Tensor = onnx.Floats(a.Float)
		case "value_floats":
			c.Tensor = onnx.Floats(a.Floats...)
		case "value_int":
			c.Tensor = onnx.Int64s(a.Int)
		case "value_ints":
			c.Tensor = onnx.Int64s(a.Ints...)
		}
	}
	if c.Tensor == nil || len(n.Attributes) != 1 {
		return nil, fmt.Errorf("has no value, or one that is no tensor of numbers")
	}
	return c, nil
}

// transpose swaps the axes of a matrix that the file holds.
func transpose(t *translator, n *onnx.Node) (any, error) {
	if !n.Has(0) {
		return nil, fmt.Errorf("has no input")
	}
	if perm := n.Ints("perm", 1, 0); !slices.Equal(perm, []int64{1, 0}) {
		return nil, fmt.Errorf("perm is %v, wanted 1 and 0, of a matrix that the file holds", perm)
	}
	if e, ok := t.values[n.Inputs[0]].(extent); ok {
		return e.transposed(), nil
	}
	c, err := t.constant(n, 0)
	if err != nil {
		return nil, err
	}
	if len(c.Dims) != 2 {
		return nil, fmt.Errorf("reads %s of shape %v, wanted a matrix", n.Inputs[0], c.Dims)
	}
	c.transposed = !c.transposed
	return c, nil
}
