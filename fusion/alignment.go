package fusion

import (
	"slices"

	"otfusion/models"
)

// slot is an axis of a parameter by name.
type slot struct {
	param string
	dim   int
}

// alignment is what is done to one parent: the map of every parameter axis. An
// axis without one stays as it is.
type alignment map[slot]*transportMap

// equal tells whether two alignments do the same.
func (al alignment) equal(other alignment) bool {
	same := func(a, b alignment) bool {
		for s, m := range a {
			if !m.equal(b[s]) {
				return false
			}
		}
		return true
	}
	return same(al, other) && same(other, al)
}

// param is a parameter with its aligned axes: rows and, of weights, columns. An
// axis of several groups is one whose channels are its entries.
type param struct {
	models.ParamSpec
	axes []Axis
}

// layout lists an architecture's parameters with their axes.
func layout(a *models.Arch, groups []Group) ([]param, error) {
	specs, err := a.Params()
	if err != nil {
		return nil, err
	}
	axes := map[string][]Axis{}
	for _, g := range groups {
		for _, ax := range slices.Concat(g.Rows, g.Columns) {
			switch ax.Part {
			case 0:
			case 1:
				ax = Axis{Param: ax.Param, Dim: ax.Dim, Fold: 1}
			default:
				continue
			}
			axes[ax.Param] = append(axes[ax.Param], ax)
		}
	}
	for _, all := range axes {
		slices.SortFunc(all, func(x, y Axis) int { return x.Dim - y.Dim })
	}
	params := make([]param, len(specs))
	for i, p := range specs {
		params[i] = param{p, axes[p.Name]}
	}
	return params, nil
}

// alignColumns is W·T_norm, the parameter with its inputs aligned (step 1 of
// section 4); a parameter of one axis stays as it is.
func (p param) alignColumns(t models.Tensor, al alignment) models.Tensor {
	for _, ax := range p.axes {
		if ax.Dim > 0 {
			t = al[slot{ax.Param, ax.Dim}].apply(t, ax)
		}
	}
	return t
}
