package fusion

import "otfusion/models"

// slot is an axis of a parameter by name.
type slot struct {
	param string
	dim   int
}

// mapping is what is done to one parent: the map of every parameter axis. An
// axis without one stays as it is.
type mapping map[slot]*transportMap

// equal tells whether two mappings do the same.
func (al mapping) equal(other mapping) bool {
	same := func(a, b mapping) bool {
		for s, m := range a {
			if !m.equal(b[s]) {
				return false
			}
		}
		return true
	}
	return same(al, other) && same(other, al)
}

// alignColumns is W·T_norm, the parameter with its inputs aligned (step 1 of
// section 4); a parameter of one axis stays as it is.
func (p param) alignColumns(t models.Tensor, al mapping) models.Tensor {
	for _, ax := range p.axes {
		if ax.Dim > 0 {
			t = al[slot{ax.Param, ax.Dim}].apply(t, ax)
		}
	}
	return t
}
