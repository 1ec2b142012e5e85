package checkpoint

import (
	"fmt"
	"slices"

	"otfusion/models"
	"otfusion/models/checkpoint/onnx"
)

// batchNorm reads scale, bias, mean and variance. Scales of one and biases of
// zero without a parameter's name are those of a norm that has none.
func batchNorm(t *translator, n *onnx.Node) (any, error) {
	s, err := t.signal(n, 0)
	if err != nil {
		return nil, err
	}
	moments := slices.ContainsFunc(n.Outputs[1:], func(name string) bool { return name != "" }) // of the batch, which training makes
	if moments || n.Int("training_mode", 0) != 0 {
		return nil, fmt.Errorf("is in training mode; export the network in evaluation mode")
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
