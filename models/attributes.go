package models

import "slices"

// foreign is the JSON name of an attribute that is set though the operation has
// none of that name, "" where there is none or the operation is none of ours.
func (l Layer) foreign() string {
	if !slices.Contains(Operations(), l.Op) {
		return ""
	}
	for _, a := range []struct {
		name string
		set  bool
		of   []Op
	}{
		{"out", l.Out != 0, []Op{Linear, Conv2D}},
		{"bias", l.Bias, []Op{Linear, Conv2D}},
		{"kernel", l.Kernel != 0, []Op{Conv2D, MaxPool, AvgPool}},
		{"stride", l.Stride != 0, []Op{Conv2D, MaxPool, AvgPool}},
		{"padding", l.Padding != 0, []Op{Conv2D, MaxPool, AvgPool}},
		{"groups", l.Groups != 0, []Op{Conv2D}},
		{"no_affine", l.NoAffine, []Op{BatchNorm}},
		{"height", l.Height != 0, []Op{AdaptiveAvgPool}},
		{"width", l.Width != 0, []Op{AdaptiveAvgPool}},
		{"alpha", l.Alpha != 0, []Op{LeakyReLU, ELU}},
		{"rate", l.Rate != 0, []Op{Dropout}},
	} {
		if a.set && !slices.Contains(a.of, l.Op) {
			return a.name
		}
	}
	return ""
}
