package checkpoint

import (
	"fmt"
	"slices"
	"strings"

	"otfusion/models"
)

// infer finds the architecture that the names and shapes of the parameters
// speak of: the families of [Build], with the widths, biases and batch norms
// that the file has, and chains of Linear layers of any names.
func (c *contents) infer() (*models.Arch, error) {
	switch {
	case c.has("features.0.weight", 4) && c.has("classifier.weight", 2):
		return c.inferFamily("vgg11")
	case c.has("conv1.weight", 4) && c.has("layer1.0.conv1.weight", 4):
		return c.inferFamily("resnet18")
	case c.has("conv1.weight", 4) && c.has("conv2.weight", 4) && c.has("fc2.weight", 2):
		return c.inferFamily("lenet")
	}
	chain, err := c.inferChain()
	if err != nil {
		return nil, fmt.Errorf("the file does not say its architecture, and its parameters (%s) are those of no known one: %w; "+
			"to read it all the same, pass its architecture (convert --arch)", c.summary(), err)
	}
	return chain, nil
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

// inferFamily builds the family's Arch and takes from the file what may vary.
func (c *contents) inferFamily(name string) (*models.Arch, error) {
	norm := slices.ContainsFunc(c.names, func(n string) bool { return strings.HasSuffix(n, ".running_mean") })
	a, err := models.Build(name, models.Options{BatchNorm: norm})
	if err != nil {
		return nil, err
	}
	c.rename(a)
	if a.Input.C = c.params[firstConv(a)+".weight"].Shape[1]; a.Input.C == 3 {
		a.Input = models.Shape{C: 3, H: 32, W: 32}
	}
	for i, l := range a.Layers {
		if l.Op != models.Linear && l.Op != models.Conv2D {
			continue
		}
		weight, ok := c.params[l.Name+".weight"]
		if !ok || len(weight.Shape) == 0 {
			return nil, fmt.Errorf("looks like %s, but parameter %s.weight is missing", a.Name, l.Name)
		}
		_, a.Layers[i].Bias = c.params[l.Name+".bias"]
		a.Layers[i].Out = weight.Shape[0]
	}
	return a, a.Validate()
}

// rename gives layers the names that torchvision has for them, where the file
// has those.
func (c *contents) rename(a *models.Arch) {
	for i, l := range a.Layers {
		for _, pair := range [][2]string{{"shortcut.", "downsample."}, {"linear", "fc"}} {
			other := strings.Replace(l.Name, pair[0], pair[1], 1)
			if _, ok := c.params[other+".weight"]; ok && other != l.Name {
				renameLayer(a, i, other)
			}
		}
	}
}

func renameLayer(a *models.Arch, i int, name string) {
	old := a.Layers[i].Name
	a.Layers[i].Name = name
	for _, l := range a.Layers {
		for j, in := range l.Inputs {
			if in == old {
				l.Inputs[j] = name
			}
		}
	}
}

func firstConv(a *models.Arch) string {
	i := slices.IndexFunc(a.Layers, func(l models.Layer) bool { return l.Op == models.Conv2D })
	return a.Layers[i].Name
}

// inferChain builds a multilayer perceptron with ReLU between its layers, from
// weights that each take what the one before gives.
func (c *contents) inferChain() (*models.Arch, error) {
	layers, err := c.chain()
	if err != nil {
		return nil, err
	}
	a := &models.Arch{Name: "mlpnet", Input: imageOf(c.params[layers[0]+".weight"].Shape[1])}
	last := models.InputName
	add := func(l models.Layer) {
		l.Inputs = []string{last}
		a.Layers = append(a.Layers, l)
		last = l.Name
	}
	add(models.Layer{Name: unused("flatten", layers), Op: models.Flatten})
	for i, name := range layers {
		if i > 0 {
			add(models.Layer{Name: unused(fmt.Sprintf("relu%d", i), layers), Op: models.ReLU})
		}
		_, bias := c.params[name+".bias"]
		add(models.Layer{Name: name, Op: models.Linear, Out: c.params[name+".weight"].Shape[0], Bias: bias})
	}
	return a, a.Validate()
}

// unused makes a layer's name one that no layer of the file has.
func unused(name string, taken []string) string {
	for slices.Contains(taken, name) {
		name += "_"
	}
	return name
}

// imageOf guesses the input that is flattened to n features: MNIST's, CIFAR's,
// or features as they are.
func imageOf(n int) models.Shape {
	switch n {
	case 1 * 28 * 28:
		return models.Shape{C: 1, H: 28, W: 28}
	case 3 * 32 * 32:
		return models.Shape{C: 3, H: 32, W: 32}
	}
	return models.Shape{C: n, H: 1, W: 1}
}

// chain lists the layers whose weights follow one another, in the order of the
// file if they do in that order, in the one order that fits otherwise.
func (c *contents) chain() ([]string, error) {
	var layers []string
	for _, name := range c.names {
		layer, isWeight := strings.CutSuffix(name, ".weight")
		switch {
		case isWeight && c.has(name, 2):
			layers = append(layers, layer)
		case !strings.HasSuffix(name, ".bias") || !c.has(name, 1):
			return nil, fmt.Errorf("%s is no weight or bias of a Linear layer", name)
		}
	}
	if len(layers) == 0 {
		return nil, fmt.Errorf("there are no weights")
	}
	if i := c.broken(layers); i == 0 {
		return layers, nil
	}
	if sorted := c.follow(layers); sorted != nil {
		return sorted, nil
	}
	i := c.broken(layers)
	return nil, fmt.Errorf("%s.weight %v does not take what %s.weight %v gives",
		layers[i], c.params[layers[i]+".weight"].Shape, layers[i-1], c.params[layers[i-1]+".weight"].Shape)
}

// broken is the first layer that does not fit the one before it, 0 if all do.
func (c *contents) broken(layers []string) int {
	for i := 1; i < len(layers); i++ {
		if c.params[layers[i]+".weight"].Shape[1] != c.params[layers[i-1]+".weight"].Shape[0] {
			return i
		}
	}
	return 0
}

// follow orders the layers by their widths alone, nil where that leaves a
// choice or a gap.
func (c *contents) follow(layers []string) []string {
	from := map[int]string{} // the layer of that many inputs
	into := map[int]bool{}   // some layer has that many outputs
	for _, l := range layers {
		shape := c.params[l+".weight"].Shape
		if _, twice := from[shape[1]]; twice || into[shape[0]] {
			return nil
		}
		from[shape[1]], into[shape[0]] = l, true
	}
	var sorted []string
	for in := range from {
		if !into[in] { // where the chain starts
			for l, ok := from[in]; ok; l, ok = from[c.params[l+".weight"].Shape[0]] {
				sorted = append(sorted, l)
			}
		}
	}
	if len(sorted) != len(layers) {
		return nil
	}
	return sorted
}
