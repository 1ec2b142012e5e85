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
	Classes   int     // if zero, 10, or ImageNet's 1000
	Bias      bool    // biases in Linear and Conv2D layers
	BatchNorm bool    // batch norm after every convolution, or every hidden layer of mlpnet
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

// forImageNet fills in the input and the classes of ImageNet.
func (o Options) forImageNet() Options {
	if o.Classes == 0 {
		o.Classes = 1000
	}
	return o.withDefaults(Shape{3, 224, 224})
}

// check refuses numbers that no network can have.
func (o Options) check() error {
	switch {
	case !(o.Width >= 0 && o.Width <= maxWidth):
		return fmt.Errorf("models: wanted a width multiplier above 0 and at most %d, found %g", maxWidth, o.Width)
	case o.Classes < 0:
		return fmt.Errorf("models: wanted a positive number of classes, found %d", o.Classes)
	case slices.ContainsFunc(o.Hidden, func(h int) bool { return h < 1 }):
		return fmt.Errorf("models: wanted positive hidden widths, found %v", o.Hidden)
	}
	return nil
}

// maxWidth bounds the multiplier of hidden widths.
const maxWidth = 64

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
	all := []family{
		{"mlpnet", mlpNet},
		{"lenet", leNet},
		{"vgg11", vgg(vgg11(), 1, 1)},
		{"vgg11_half", vgg(vgg11(), 1, 2)},
		{"vgg11_doub", vgg(vgg11(), 2, 1)},
		{"vgg11_quad", vgg(vgg11(), 4, 1)},
		{"vgg13", vgg(vgg13(), 1, 1)},
		{"vgg16", vgg(vgg16(), 1, 1)},
		{"vgg19", vgg(vgg19(), 1, 1)},
		{"resnet18", resNet18().build},
		{"resnet34", resNet34().build},
		{"resnet50", resNet50().build},
		{"resnet101", resNet101().build},
		{"resnet152", resNet152().build},
		{"preactresnet18", preActResNet18},
	}
	for _, layers := range []int{20, 32, 44, 56, 110} {
		all = append(all, family{fmt.Sprintf("resnet%d", layers), resNetCIFAR(layers).build})
	}
	return append(all, imageNetFamilies()...)
}

// imageNetFamilies are torchvision's networks, with its parameters' names.
func imageNetFamilies() []family {
	return []family{
		{"vgg11_imagenet", vggImageNet(vgg11())},
		{"vgg13_imagenet", vggImageNet(vgg13())},
		{"vgg16_imagenet", vggImageNet(vgg16())},
		{"vgg19_imagenet", vggImageNet(vgg19())},
		{"resnet18_imagenet", resNet18().forImageNet()},
		{"resnet34_imagenet", resNet34().forImageNet()},
		{"resnet50_imagenet", resNet50().forImageNet()},
		{"resnet101_imagenet", resNet101().forImageNet()},
		{"resnet152_imagenet", resNet152().forImageNet()},
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
	if err := o.check(); err != nil {
		return nil, err
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
	return nil, fmt.Errorf("models: wanted an architecture of %s, found %q", strings.Join(Families(), ", "), name)
}
