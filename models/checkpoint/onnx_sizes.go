package checkpoint

import (
	"fmt"
	"math"
	"slices"

	"otfusion/models/checkpoint/onnx"
)

const (
	batchSize = math.MinInt64 // stands for the number of samples in an extent
	maxExtent = 16            // integers in an extent
)

// extent is a value that tells sizes, or how much to pad: a few integers that
// PyTorch's exporter has the graph compute. They are known but for the number
// of samples.
type extent struct {
	list  []int64
	width int // of rows, if they form a matrix; else 0
}

// extent is the i-th input: integers that are computed, or that the file holds.
func (t *translator) extent(n *onnx.Node, i int) (extent, error) {
	if !n.Has(i) {
		return extent{}, fmt.Errorf("has %d inputs, wanted more", len(n.Inputs))
	}
	switch v := t.values[n.Inputs[i]].(type) {
	case extent:
		return v, nil
	case constant:
		list, err := t.tensors.ints(v.Tensor)
		if err != nil {
			return extent{}, fmt.Errorf("%s: %w", n.Inputs[i], err)
		}
		if len(v.Dims) > 2 {
			err = fmt.Errorf("%s has shape %v, wanted a row or a matrix", n.Inputs[i], v.Dims)
		}
		e := extent{list: list}
		if len(v.Dims) == 2 {
			e.width = int(v.Dims[1])
		}
		return e, err
	}
	return extent{}, fmt.Errorf("reads %s, wanted integers that the graph tells", n.Inputs[i])
}

// ints is the i-th input: integers in a row.
func (t *translator) ints(n *onnx.Node, i int) ([]int64, error) {
	e, err := t.extent(n, i)
	if err == nil && e.width != 0 {
		err = fmt.Errorf("reads the matrix %s, wanted integers in a row", n.Inputs[i])
	}
	return e.list, err
}

// shape tells the sizes of a signal.
func shape(t *translator, n *onnx.Node) (any, error) {
	s, err := t.unsettled(n, 0)
	if err != nil {
		return nil, err
	}
	if s.pad != 0 {
		return nil, errPadded
	}
	sizes := extent{list: []int64{batchSize}}
	for _, d := range s.dims {
		sizes.list = append(sizes.list, int64(d))
	}
	return sizes.part(n.Int("start", 0), n.Int("end", math.MaxInt64), 1), nil
}

// part are the numbers, or the rows, from start to before end, which count from
// behind where negative; in reverse if step is -1.
func (e extent) part(start, end, step int64) extent {
	row := max(e.width, 1)
	n := int64(len(e.list) / row)
	first, last := int64(0), n // where start and end may be
	if step < 0 {
		first, last = -1, n-1
	}
	within := func(i int64) int64 {
		if i < 0 {
			i += n
		}
		return min(max(i, first), last)
	}
	out := extent{width: e.width}
	for i := within(start); (within(end)-i)*step > 0; i += step {
		out.list = append(out.list, e.list[int(i)*row:int(i+1)*row]...)
	}
	return out
}

func sliceSizes(t *translator, n *onnx.Node) (any, error) {
	sizes, err := t.extent(n, 0)
	if err != nil {
		return nil, err
	}
	bounds := [4][]int64{n.Ints("starts"), n.Ints("ends"), n.Ints("axes", 0), {1}}
	for i := range bounds {
		if n.Has(i + 1) {
			if bounds[i], err = t.ints(n, i+1); err != nil {
				return nil, err
			}
		}
		if len(bounds[i]) != 1 {
			return nil, fmt.Errorf("wanted one start, end, axis and step")
		}
	}
	axis, step := bounds[2][0], bounds[3][0]
	if axis != 0 || step != 1 && step != -1 {
		return nil, fmt.Errorf("axis is %d and step %d, wanted 0, and 1 or -1", axis, step)
	}
	return sizes.part(bounds[0][0], bounds[1][0], step), nil
}

// gatherSizes takes single numbers out.
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
		if i < 0 {
			i += int64(len(sizes))
		}
		if i < 0 || i >= int64(len(sizes)) {
			return nil, fmt.Errorf("takes size %d of %d", i, len(sizes))
		}
		out.list = append(out.list, sizes[i])
	}
	return out, nil
}

// concatSizes puts numbers behind one another.
func (t *translator) concatSizes(n *onnx.Node) (any, error) {
	var out extent
	for i := range n.Inputs {
		part, err := t.ints(n, i)
		if err != nil {
			return nil, err
		}
		if out.list = append(out.list, part...); len(out.list) > maxExtent {
			return nil, fmt.Errorf("lists over %d integers", maxExtent)
		}
	}
	return out, nil
}

// product multiplies two sizes.
func (t *translator) product(n *onnx.Node) (any, error) {
	var factors []int64
	for i := range 2 {
		list, err := t.ints(n, i)
		if err != nil {
			return nil, err
		}
		factors = append(factors, list...)
	}
	if len(factors) != 2 || slices.Min(factors) < 1 || slices.Max(factors) >= maxLen {
		return nil, fmt.Errorf("multiplies %v, wanted two sizes", factors)
	}
	return extent{list: []int64{factors[0] * factors[1]}}, nil
}

// constantOfShape repeats one integer.
func constantOfShape(t *translator, n *onnx.Node) (any, error) {
	shape, err := t.ints(n, 0)
	if err != nil {
		return nil, err
	}
	value := n.Attributes["value"].Tensor
	if value == nil || value.Len() != 1 || len(shape) != 1 || shape[0] < 0 || shape[0] > maxExtent {
		return nil, fmt.Errorf("makes shape %v, wanted at most %d integers in a row", shape, maxExtent)
	}
	one, err := t.tensors.ints(value)
	if err != nil {
		return nil, err
	}
	return extent{list: slices.Repeat(one, int(shape[0]))}, nil
}

// rearrange makes a matrix of a row, or a row of a matrix.
func (t *translator) rearrange(n *onnx.Node, e extent) (any, error) {
	target, err := t.ints(n, 1)
	if err != nil {
		return nil, err
	}
	switch {
	case len(target) == 1 && (target[0] == -1 || target[0] == int64(len(e.list))):
		e.width = 0
	case len(target) == 2 && target[0] == -1 && target[1] > 0 && int64(len(e.list))%target[1] == 0:
		e.width = int(target[1])
	default:
		return nil, fmt.Errorf("makes shape %v of %d integers, wanted -1, or -1 and a width", target, len(e.list))
	}
	return e, nil
}

// transposed swaps rows and columns.
func (e extent) transposed() extent {
	if e.width == 0 || len(e.list) == 0 {
		return e
	}
	rows := len(e.list) / e.width
	out := extent{width: rows}
	for j := range e.width {
		for i := range rows {
			out.list = append(out.list, e.list[i*e.width+j])
		}
	}
	return out
}
