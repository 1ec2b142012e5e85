package checkpoint

import (
	"fmt"
	"slices"

	"otfusion/models"
	"otfusion/models/checkpoint/onnx"
)

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

func scaled(x models.Tensor, factor float32) models.Tensor {
	if factor != 1 {
		for i := range x.Data {
			x.Data[i] *= factor
		}
	}
	return x
}
