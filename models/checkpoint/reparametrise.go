package checkpoint

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"otfusion/models"
)

// multiplyOut gives weights that PyTorch keeps in parts, each time it computes,
// their value: those that are pruned (weight_orig · weight_mask), and those
// under weight norm (weight_g · weight_v / ‖weight_v‖) in both its forms.
func (c *contents) multiplyOut() error {
	for i, name := range c.names {
		var err error
		if base, ok := strings.CutSuffix(name, "_orig"); ok {
			err = c.join(i, base, base+"_mask", masked)
		} else if base, ok := strings.CutSuffix(name, "_v"); ok {
			err = c.join(i, base, base+"_g", normed)
		} else if base, ok := strings.CutSuffix(name, ".original1"); ok {
			err = c.join(i, strings.Replace(base, "parametrizations.", "", 1), base+".original0", normed)
		}
		if err != nil {
			return fmt.Errorf("parameter %s: %w", name, err)
		}
	}
	c.names = slices.DeleteFunc(c.names, func(name string) bool {
		_, ok := c.params[name]
		return !ok
	})
	return nil
}

// join puts a whole in the place of the i-th tensor and another one, where both
// are there.
func (c *contents) join(i int, whole, other string, product func(part, other models.Tensor) (models.Tensor, error)) error {
	part := c.names[i]
	a, ok := c.params[part]
	b, ok1 := c.params[other]
	if _, taken := c.params[whole]; !ok || !ok1 || taken {
		return nil
	}
	t, err := product(a, b)
	if err != nil {
		return err
	}
	c.names[i] = whole
	c.params[whole], c.dtypes[whole] = t, Widest(c.dtypes[part], c.dtypes[other])
	delete(c.params, part)
	delete(c.params, other)
	return nil
}

// masked is a pruned weight (torch.nn.utils.prune).
func masked(orig, mask models.Tensor) (models.Tensor, error) {
	if !slices.Equal(orig.Shape, mask.Shape) {
		return orig, fmt.Errorf("shape %v, its mask's %v", orig.Shape, mask.Shape)
	}
	w := orig.Clone()
	for i, m := range mask.Data {
		w.Data[i] *= m
	}
	return w, nil
}

// normed is a weight under weight norm (Salimans & Kingma 2016), whose
// direction v has one length g for each index of the first axis, PyTorch's
// dim=0, or one length in all.
func normed(v, g models.Tensor) (models.Tensor, error) {
	rows := len(g.Data)
	if rows == 0 || len(v.Data) == 0 || len(v.Shape) == 0 || rows != 1 && (rows != v.Shape[0] || rows != g.Shape[0]) {
		return v, fmt.Errorf("shape %v, its lengths' %v, wanted one for each output", v.Shape, g.Shape)
	}
	w := v.Clone()
	size := len(v.Data) / rows
	for r, length := range g.Data {
		row := w.Data[r*size:][:size]
		sum := 0.0
		for _, x := range row {
			sum += float64(x) * float64(x)
		}
		if sum == 0 {
			continue // PyTorch gives NaN; a row of zeros has no direction to scale
		}
		factor := float64(length) / math.Sqrt(sum)
		for i, x := range row {
			row[i] = float32(float64(x) * factor)
		}
	}
	return w, nil
}
