package fusion

import (
	"fmt"
	"slices"

	"otfusion/models"
)

// structure is what a fusion derives from an architecture, once.
type structure struct {
	arch   *models.Arch
	groups []Group
	joints map[slot][]part
	params []param
	byName map[string]param
}

func derive(a *models.Arch) (*structure, error) {
	specs, err := a.Params()
	if err != nil {
		return nil, fmt.Errorf("fusion: %w", err)
	}
	groups, err := groupsWith(a, specs)
	if err != nil {
		return nil, err
	}
	s := &structure{arch: a, groups: groups, joints: joints(groups), params: layout(specs, groups), byName: map[string]param{}}
	for _, p := range s.params {
		s.byName[p.Name] = p
	}
	return s, nil
}

// param is a parameter with its aligned axes: rows and, of weights, columns. An
// axis of several groups is one whose channels are its entries.
type param struct {
	models.ParamSpec
	axes []Axis
}

// layout gives the parameters of an architecture their axes.
func layout(specs []models.ParamSpec, groups []Group) []param {
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
	return params
}
