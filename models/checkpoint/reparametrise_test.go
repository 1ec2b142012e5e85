package checkpoint

import (
	"slices"
	"testing"

	"otfusion/models"
)

func tensorOf(shape []int, values ...float32) models.Tensor {
	return models.Tensor{Shape: shape, Data: values}
}

// Products that can be seen to be right: rows of length 5 and 13.
func TestMultiplyOut(t *testing.T) {
	rows := tensorOf([]int{2, 2}, 3, 4, -5, 12)
	for name, c := range map[string]struct {
		parts map[string]models.Tensor
		want  []float32
	}{
		"prune":             {map[string]models.Tensor{"fc.weight_orig": rows, "fc.weight_mask": tensorOf([]int{2, 2}, 1, 0, 0, 1)}, []float32{3, 0, 0, 12}},
		"weight norm":       {map[string]models.Tensor{"fc.weight_v": rows, "fc.weight_g": tensorOf([]int{2, 1}, 10, 26)}, []float32{6, 8, -10, 24}},
		"zero row":          {map[string]models.Tensor{"fc.weight_v": tensorOf([]int{2, 2}, 0, 0, 3, 4), "fc.weight_g": tensorOf([]int{2, 1}, 1, 5)}, []float32{0, 0, 3, 4}},
		"of all (dim None)": {map[string]models.Tensor{"fc.weight_v": tensorOf([]int{2, 2}, 2, 4, 4, 8), "fc.weight_g": tensorOf(nil, 5)}, []float32{1, 2, 2, 4}},
		"parametrizations":  {map[string]models.Tensor{"fc.parametrizations.weight.original1": rows, "fc.parametrizations.weight.original0": tensorOf([]int{2, 1}, 10, 26)}, []float32{6, 8, -10, 24}},
	} {
		c0 := newContents()
		for part, tensor := range c.parts {
			c0.add(part, F32, tensor)
		}
		m, err := c0.model(Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := m.Params["fc.weight"].Data; !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	for want, parts := range map[string]map[string]models.Tensor{
		"parameter fc.weight_orig: shape [2 2], its mask's [4]": {"fc.weight_orig": rows, "fc.weight_mask": tensorOf([]int{4}, 1, 1, 1, 1)},
		"parameter fc.weight_v: shape [2 2], its lengths' [3]":  {"fc.weight_v": rows, "fc.weight_g": tensorOf([]int{3}, 1, 1, 1)},
		"fc.weight_orig is no parameter of a Linear layer":      {"fc.weight_orig": rows},
		"parameter fc.weight_v: shape [], its lengths' [3]":     {"fc.weight_v": tensorOf(nil, 1), "fc.weight_g": tensorOf([]int{3}, 1, 1, 1)},
		// A length for each column (dim=1) is another function, also of a square weight.
		"parameter fc.weight_v: shape [2 2], its lengths' [1 2]": {"fc.weight_v": rows, "fc.weight_g": tensorOf([]int{1, 2}, 1, 1)},
		"not part of arch mlpnet":                                {"fc.weight": rows, "fc.weight_g": tensorOf([]int{2, 1}, 1, 1)},
	} {
		c := newContents()
		for part, tensor := range parts {
			c.add(part, F32, tensor)
		}
		_, err := c.model(Options{})
		if err == nil && want == "not part of arch mlpnet" {
			t.Error("a part without its other half is taken for nothing")
			continue
		}
		if want != "not part of arch mlpnet" {
			wantError(t, err, want)
		}
	}
}

// A pruned network reads as the one whose weights were multiplied by hand.
func TestMaskedFieldFile(t *testing.T) {
	m, err := Read(field("15-reparametrised/masked.pt"))
	if err != nil {
		t.Fatal(err)
	}
	zeros, all := 0, 0
	for _, p := range m.Params {
		if len(p.Shape) == 2 {
			all += len(p.Data)
			for _, v := range p.Data {
				if v == 0 {
					zeros++
				}
			}
		}
	}
	if zeros == 0 || zeros == all {
		t.Errorf("%d of %d weights are zero, want those that the masks take", zeros, all)
	}
}
