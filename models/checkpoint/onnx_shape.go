package checkpoint

import (
	"fmt"
	"math"
	"slices"

	"otfusion/models"
	"otfusion/models/checkpoint/onnx"
)

const (
	batchSize = math.MinInt64 // stands for the number of samples in an extent
	maxExtent = 16            // sizes in an extent
)

// ints is the n-th input: sizes that are computed, or integers of the file.
func (t *translator) ints(n *onnx.Node, i int) (extent, error) {
	if n.Has(i) {
		switch v := t.values[n.Inputs[i]].(type) {
		case extent:
			return v, nil
		case constant:
			list, err := t.tensors.ints(v.Tensor)
			if err != nil {
				err = fmt.Errorf("%s: %w", n.Inputs[i], err)
			}
			return list, err
		}
		return nil, fmt.Errorf("reads %s, wanted integers that the graph tells", n.Inputs[i])
	}
	return nil, fmt.Errorf("has %d inputs, wanted more", len(n.Inputs))
}

// view gives samples other sizes, in the same order of values. All in one axis
// is a Flatten; else only axes of size one come or go.
func (t *translator) view(n *onnx.Node, s signal, dims []int) (any, error) {
	withoutOnes := func(dims []int) []int {
		return slices.DeleteFunc(slices.Clone(dims), func(d int) bool { return d == 1 })
	}
	switch {
	case len(dims) == 1 && len(s.dims) > 1 && dims[0] == shapeOf(s.dims).Len():
		out, err := t.emit(n, models.Layer{Op: models.Flatten}, "", s)
		out.dims = dims
		return out, err
	case len(dims) >= 1 && len(dims) <= 3 && dims[0] == s.dims[0] && slices.Equal(withoutOnes(dims), withoutOnes(s.dims)):
		s.dims = dims
		return s, nil
	}
	return nil, fmt.Errorf("makes samples of shape %v of %v, wanted all values in one axis", dims, s.dims)
}

// flatten puts what is behind the batch's axis into one.
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
		if c, ok := t.values[n.Inputs[0]].(constant); ok {
			return c, t.onlyRenamed(n, c)
		}
		if e, ok := t.values[n.Inputs[0]].(extent); ok {
			return e, nil
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
func (t *translator) resolve(target extent, old []int) ([]int, error) {
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
				return nil, fmt.Errorf("axes are %v, wanted them behind the others", axes)
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
			return v, t.onlyRenamed(n, v)
		}
	}
	s, err := t.signal(n, 0)
	if err != nil {
		return nil, err
	}
	axes := extent(n.Ints("axes"))
	if n.Has(1) {
		if axes, err = t.ints(n, 1); err != nil {
			return nil, err
		}
	}
	dims, err := change(s.dims, axes)
	if err != nil {
		return nil, err
	}
	return t.view(n, s, dims)
}

// onlyRenamed tells constants whose axes do not matter: numbers in a row.
func (t *translator) onlyRenamed(n *onnx.Node, c constant) error {
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
	c, err := t.constant(n, 0)
	if err != nil {
		return nil, err
	}
	if perm := n.Ints("perm", 1, 0); !slices.Equal(perm, []int64{1, 0}) || len(c.Dims) != 2 {
		return nil, fmt.Errorf("perm is %v of %d axes, wanted 1 and 0 of a matrix", perm, len(c.Dims))
	}
	c.transposed = !c.transposed
	return c, nil
}

// shape tells the sizes of a signal.
func shape(t *translator, n *onnx.Node) (any, error) {
	s, err := t.unsettled(n, 0)
	if err != nil {
		return nil, err
	}
	if s.pad != 0 {
		return nil, fmt.Errorf("reads a Pad, which is supported before Conv and AveragePool alone")
	}
	sizes := extent{batchSize}
	for _, d := range s.dims {
		sizes = append(sizes, int64(d))
	}
	return sizes.slice(n.Int("start", 0), n.Int("end", math.MaxInt64)), nil
}

// slice is the part from start to before end, which count from behind where
// negative.
func (e extent) slice(start, end int64) extent {
	n := int64(len(e))
	within := func(i int64) int64 {
		if i < 0 {
			i += n
		}
		return min(max(i, 0), n)
	}
	start, end = within(start), within(end)
	return slices.Clone(e[start:max(start, end)])
}

func gatherSizes(t *translator, n *onnx.Node) (any, error) {
	sizes, err := t.ints(n, 0)
	if err != nil {
		return nil, err
	}
	at, err := t.ints(n, 1)
	if err != nil {
		return nil, err
	}
	var out extent
	for _, i := range at {
		one := sizes.slice(i, i+1)
		if i == -1 {
			one = sizes.slice(-1, int64(len(sizes)))
		}
		if len(one) != 1 {
			return nil, fmt.Errorf("takes size %d of %d", i, len(sizes))
		}
		out = append(out, one...)
	}
	return out, nil
}

func sliceSizes(t *translator, n *onnx.Node) (any, error) {
	sizes, err := t.ints(n, 0)
	if err != nil {
		return nil, err
	}
	bounds := [4]extent{n.Ints("starts"), n.Ints("ends"), {0}, {1}}
	for i := range bounds {
		if n.Has(i + 1) {
			if bounds[i], err = t.ints(n, i+1); err != nil {
				return nil, err
			}
		}
	}
	if len(bounds[0]) != 1 || len(bounds[1]) != 1 || !slices.Equal(bounds[3], extent{1}) {
		return nil, fmt.Errorf("wanted one start and end and a step of 1")
	}
	return sizes.slice(bounds[0][0], bounds[1][0]), nil
}

// concatSizes puts sizes behind one another.
func (t *translator) concatSizes(n *onnx.Node) (any, error) {
	var out extent
	for i := range n.Inputs {
		part, err := t.ints(n, i)
		if err != nil {
			return nil, err
		}
		if out = append(out, part...); len(out) > maxExtent {
			return nil, fmt.Errorf("lists over %d sizes", maxExtent)
		}
	}
	return out, nil
}

// product multiplies sizes.
func (t *translator) product(n *onnx.Node) (any, error) {
	a, err := t.ints(n, 0)
	if err != nil {
		return nil, err
	}
	b, err := t.ints(n, 1)
	if err != nil {
		return nil, err
	}
	if len(a) != 1 || len(b) != 1 || a[0] < 1 || b[0] < 1 || a[0] >= maxLen || b[0] >= maxLen {
		return nil, fmt.Errorf("wanted the product of two sizes, found %v and %v", a, b)
	}
	return extent{a[0] * b[0]}, nil
}
