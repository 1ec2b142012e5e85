package models

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Options vary a family. The zero value is the paper's network: no biases, no
// batch norm, its widths.
type Options struct {
	Input     Shape   // of one sample; the family's own if zero
	Classes   int     // 10 if zero
	Bias      bool    // biases in Linear and Conv2D layers
	BatchNorm bool    // batch norm after every convolution
	Width     float64 // multiplies the hidden widths; 1 if zero
	Hidden    []int   // mlpnet: hidden widths in place of 400, 200, 100
}

func (o Options) withDefaults(input Shape) Options {
	if o.Input == (Shape{}) {
		o.Input = input
	}
	if o.Classes == 0 {
		o.Classes = 10
	}
	if o.Width == 0 {
		o.Width = 1
	}
	return o
}

// scale is a hidden width times the multiplier, at least one.
func (o Options) scale(width int) int {
	return max(1, int(math.Round(float64(width)*o.Width)))
}

// family builds an Arch of one name.
type family struct {
	name  string
	build func(name string, o Options) (*Arch, error)
}

// families lists what Build knows. It is a function so that nothing can change it.
func families() []family {
	return []family{
		{"mlpnet", mlpNet},
		{"lenet", leNet},
		{"vgg11", vgg11(1, 1)},
		{"vgg11_half", vgg11(1, 2)},
		{"vgg11_doub", vgg11(2, 1)},
		{"vgg11_quad", vgg11(4, 1)},
		{"resnet18", resNet18},
	}
}

// Families lists the names that Build knows.
func Families() []string {
	var names []string
	for _, f := range families() {
		names = append(names, f.name)
	}
	return names
}

// normSuffix ends the name of a family with batch norm.
const normSuffix = "_bn"

// BaseNames lists what a variant of a family is based on, itself first and the
// nearest next: vgg11_half_bn is vgg11_bn, vgg11_half and vgg11 with changes.
func BaseNames(name string) []string {
	family, _, _ := strings.Cut(name, "_")
	names := []string{name}
	if base, norm := strings.CutSuffix(name, normSuffix); norm {
		names = append(names, family+normSuffix, base)
	}
	return slices.Compact(append(names, family))
}

// Build returns the Arch of a named family. A name may end in "_bn", which
// means Options.BatchNorm.
func Build(name string, o Options) (*Arch, error) {
	if o.Width < 0 || math.IsNaN(o.Width) || o.Width > 64 || o.Classes < 0 || slices.ContainsFunc(o.Hidden, func(h int) bool { return h < 1 }) {
		return nil, fmt.Errorf("models: width multiplier %g, classes %d, hidden widths %v: wanted positive numbers", o.Width, o.Classes, o.Hidden)
	}
	base, norm := strings.CutSuffix(name, normSuffix)
	o.BatchNorm = o.BatchNorm || norm
	for _, f := range families() {
		if f.name != base {
			continue
		}
		if o.Hidden != nil && (base != "mlpnet" || o.Width != 0 && o.Width != 1) {
			return nil, fmt.Errorf("models: hidden widths %v: wanted mlpnet and no width multiplier, found %s and %g", o.Hidden, name, o.Width)
		}
		if o.BatchNorm {
			base += normSuffix
		}
		return f.build(base, o)
	}
	return nil, fmt.Errorf("models: unknown architecture %q, known are %s", name, strings.Join(Families(), ", "))
}
