package checkpoint

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"otfusion/models"
)

// wayOut is what to do with a network that is not of a known family.
const wayOut = "pass its architecture (--arch FILE), or an ONNX export of it (torch.onnx.export)"

// family is a kind of network whose parameters' names are known.
type family struct {
	matches func(*contents) bool
	build   func(*graph)
}

func families() []family {
	return []family{
		{(*contents).isVGG, (*graph).vgg},
		{(*contents).isResNet, (*graph).resNet},
		{(*contents).isLeNet, (*graph).leNet},
		{func(*contents) bool { return true }, (*graph).mlp},
	}
}

// infer finds the architecture that the names and shapes of the parameters
// speak of, with the widths, depths, biases and batch norms that the file has.
// What they cannot show is taken as assumed, or else as usual in the family, and
// the metadata says so.
func (c *contents) infer(assumed Assumptions) (*models.Arch, error) {
	if err := c.unwrap(); err != nil {
		return nil, err
	}
	if err := cmp.Or(c.unreadable(), c.empty()); err != nil {
		return nil, err
	}
	for _, f := range families() {
		if f.matches(c) {
			g := newGraph(c, assumed)
			f.build(g)
			return g.finish()
		}
	}
	return nil, nil // the last family looks like everything
}

// unreadable reports a weight whose values are no floats.
func (c *contents) unreadable() error {
	for _, name := range slices.SortedFunc(maps.Keys(c.others), naturalOrder) {
		if strings.HasSuffix(name, ".weight") || len(c.names) == 0 {
			return fmt.Errorf("parameter %s: values are %s, wanted F32, F16, BF16 or F64", name, c.others[name])
		}
	}
	return nil
}

// empty reports a weight without values.
func (c *contents) empty() error {
	for _, name := range c.names {
		if t := c.params[name]; strings.HasSuffix(name, ".weight") && len(t.Data) == 0 {
			return fmt.Errorf("parameter %s has shape %v, wanted one value or more along every axis", name, t.Shape)
		}
	}
	return nil
}

// has tells whether there is a parameter of that name and number of axes.
func (c *contents) has(name string, axes int) bool {
	t, ok := c.params[name]
	return ok && len(t.Shape) == axes
}

// summary lists the parameters, not all where there are many.
func (c *contents) summary() string {
	if len(c.names) == 0 {
		return "none"
	}
	const most = 6
	var list []string
	for _, name := range c.names[:min(most, len(c.names))] {
		list = append(list, fmt.Sprintf("%s %v", name, c.params[name].Shape))
	}
	if more := len(c.names) - most; more > 0 {
		list = append(list, fmt.Sprintf("%d more", more))
	}
	return strings.Join(list, ", ")
}
