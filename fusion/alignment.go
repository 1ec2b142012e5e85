package fusion

import (
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

// set gives all axes of a group their maps: rows for what makes the channels,
// columns for what reads them.
func (al alignment) set(g Group, rows, columns *transportMap) {
	for _, ax := range g.Rows {
		al[slot{ax.Param, ax.Dim}] = rows
	}
	for _, ax := range g.Columns {
		al[slot{ax.Param, ax.Dim}] = columns
	}
}

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

// param is a parameter with its aligned axes: rows and, of weights, columns.
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
		for _, ax := range g.Rows {
			axes[ax.Param] = append([]Axis{ax}, axes[ax.Param]...)
		}
		for _, ax := range g.Columns {
			axes[ax.Param] = append(axes[ax.Param], ax)
		}
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
