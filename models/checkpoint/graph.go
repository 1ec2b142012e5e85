package checkpoint

import (
	"fmt"
	"slices"
	"strings"

	"otfusion/models"
)

// graph is an architecture that grows from a file's parameters, layer after
// layer; a layer reads the one before it unless said otherwise. The first error
// stays.
type graph struct {
	*contents
	arch    *models.Arch
	assumed Assumptions
	guesses []string // what the parameters do not show
	last    string
	taken   map[string]bool // names of layers
	err     error
}

func newGraph(c *contents, assumed Assumptions) *graph {
	g := &graph{contents: c, arch: &models.Arch{}, assumed: assumed, last: models.InputName, taken: map[string]bool{models.InputName: true}}
	for _, name := range c.names {
		if layer, ok := strings.CutSuffix(name, ".weight"); ok {
			g.taken[layer] = true
		}
	}
	return g
}

func (g *graph) fail(format string, args ...any) {
	if g.err == nil {
		g.err = fmt.Errorf(format, args...)
	}
}

// add appends a layer that reads the last one, and makes it the last.
func (g *graph) add(l models.Layer) {
	if l.Inputs == nil {
		l.Inputs = []string{g.last}
	}
	g.arch.Layers = append(g.arch.Layers, l)
	g.last = l.Name
}

// plain appends a layer without parameters, under a name that no layer has.
func (g *graph) plain(name string, l models.Layer) {
	for g.taken[name] {
		name += "_"
	}
	g.taken[name] = true
	l.Name = name
	g.add(l)
}

// shape is the shape of a layer's weight, which must have that many axes; nil
// after a failure.
func (g *graph) shape(layer string, axes int) []int {
	t, ok := g.params[layer+".weight"]
	switch {
	case !ok:
		g.fail("parameter %s.weight is missing", layer)
	case len(t.Shape) != axes:
		g.fail("parameter %s.weight has shape %v, wanted %d axes", layer, t.Shape, axes)
	default:
		return t.Shape
	}
	return nil
}

// linear appends a Linear layer.
func (g *graph) linear(name string) {
	if shape := g.shape(name, 2); shape != nil {
		g.add(models.Layer{Name: name, Op: models.Linear, Out: shape[0], Bias: g.has(name+".bias", 1)})
	}
}

// conv appends a convolution of a kernel that the family has there. It keeps
// height and width where its stride is 1.
func (g *graph) conv(name string, stride int, kernels ...int) {
	shape := g.shape(name, 4)
	switch {
	case shape == nil:
	case shape[2] != shape[3] || !slices.Contains(kernels, shape[2]):
		g.fail("parameter %s.weight has a kernel of %d×%d, wanted a square of %v", name, shape[2], shape[3], kernels)
	default:
		g.add(models.Layer{Name: name, Op: models.Conv2D, Out: shape[0], Kernel: shape[2], Stride: stride, Padding: shape[2] / 2, Bias: g.has(name+".bias", 1)})
	}
}

// norm appends the batch norm of that name where the file has one.
func (g *graph) norm(name string) {
	if g.hasNorm(name) {
		g.add(models.Layer{Name: name, Op: models.BatchNorm, NoAffine: !g.has(name+".weight", 1)})
		g.absorbEpsilon(name + ".running_var")
	}
}

// absorbEpsilon adds to a norm's variances what its epsilon is above the usual
// one, where it is assumed.
func (g *graph) absorbEpsilon(variance string) {
	if g.assumed.NormEpsilon == 0 || !g.has(variance, 1) {
		return
	}
	v := g.params[variance].Clone()
	for i := range v.Data {
		v.Data[i] = float32(float64(v.Data[i]) + g.assumed.NormEpsilon - normEpsilon)
	}
	g.params[variance] = v
}

// hasNorm tells whether there is a batch norm of that name. Another norm looks
// like one without its statistics, and is none.
func (g *graph) hasNorm(name string) bool {
	norm := g.has(name+".running_mean", 1)
	if !norm && g.has(name+".weight", 1) {
		g.fail("%s has a weight but no running_mean: a group, layer or instance norm, or a batch norm without statistics, which are not supported", name)
	}
	return norm
}

// activation appends what lies between the layers.
func (g *graph) activation(name string) {
	op := g.assumed.Activation
	if op == "" {
		op = models.ReLU
	}
	g.plain(name, models.Layer{Op: op})
}

// guess notes what was taken for granted.
func (g *graph) guess(format string, args ...any) {
	g.guesses = append(g.guesses, fmt.Sprintf(format, args...))
}

// input takes the network's input as assumed, or else guesses it.
func (g *graph) input(usual models.Shape) {
	g.arch.Input = usual
	if g.assumed.Input != (models.Shape{}) {
		g.arch.Input = g.assumed.Input
		return
	}
	g.guess("input %d×%d×%d", usual.C, usual.H, usual.W)
}

// uses tells whether a layer has that operation.
func (g *graph) uses(op models.Op) bool {
	return slices.ContainsFunc(g.arch.Layers, func(l models.Layer) bool { return l.Op == op })
}

// finish checks the architecture and says in the metadata what was guessed.
func (g *graph) finish() (*models.Arch, error) {
	if g.assumed.Activation == "" {
		g.guesses = append([]string{"activations ReLU"}, g.guesses...)
	}
	if g.uses(models.Conv2D) {
		g.guess("strides and paddings")
	}
	if g.uses(models.BatchNorm) && g.assumed.NormEpsilon == 0 {
		g.guess("batch norms' epsilon of %g", normEpsilon)
	}
	if g.err == nil {
		g.err = g.arch.Validate()
	}
	if g.err != nil {
		return nil, fmt.Errorf("the file does not say its architecture; its parameters (%s) look like %s, but %w; %s", g.summary(), g.arch.Name, g.err, wayOut)
	}
	g.meta[MetaGuess] = fmt.Sprintf("%s by the parameters' names and shapes, which do not show: %s", g.arch.Name, strings.Join(g.guesses, ", "))
	return g.arch, nil
}
