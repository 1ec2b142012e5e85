package checkpoint

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"otfusion/models"
)

// mlp builds a multilayer perceptron from weights of any names that each take
// what the one before gives, with the batch norms that the file has.
func (g *graph) mlp() {
	g.arch.Name = "mlpnet"
	layers, err := g.chain()
	if err != nil {
		if twins := g.twins(); twins != nil {
			err = fmt.Errorf("lie under %s as those of several networks: choose one with --key", strings.Join(twins, ", "))
		} else {
			err = fmt.Errorf("are no chain of Linear layers: %w", err)
		}
		g.fail("they %w", err)
		return
	}
	norms := g.normsOf(layers)
	g.input(imageOf(g.shape(layers[0], 2)[1]))
	g.plain("flatten", models.Layer{Op: models.Flatten})
	for i, name := range layers {
		g.linear(name)
		norm := norms[name]
		late := activatedBetween(name, norm)
		if late {
			g.activation(fmt.Sprintf("relu%d", i+1))
		}
		if norm != "" {
			g.norm(norm)
			g.arch.Name = "mlpnet_bn"
		}
		if i+1 < len(layers) && !late {
			g.activation(fmt.Sprintf("relu%d", i+1))
		}
	}
	if len(norms) > 0 {
		g.guess("batch norms before the activations unless the numbers of the layers leave room for one")
	}
}

// activatedBetween tells whether the numbers of a layer and of its norm, in one
// Sequential, leave room for an activation.
func activatedBetween(layer, norm string) bool {
	n, err := strconv.Atoi(digits(layer))
	m, err1 := strconv.Atoi(digits(norm))
	return err == nil && err1 == nil && stem(layer) == stem(norm) && m == n+2
}

// twins are the prefixes under which the same names lie, nil unless all do: a
// network beside its average, or a teacher.
func (c *contents) twins() []string {
	under := map[string][]string{}
	for _, name := range c.names {
		prefix, rest, _ := strings.Cut(name, ".")
		if !strings.Contains(rest, ".") {
			return nil
		}
		under[prefix] = append(under[prefix], rest)
	}
	prefixes := slices.Sorted(maps.Keys(under))
	for _, prefix := range prefixes {
		if len(prefixes) < 2 || !slices.Equal(slices.Sorted(slices.Values(under[prefix])), slices.Sorted(slices.Values(under[prefixes[0]]))) {
			return nil
		}
	}
	return prefixes
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

// normsOf finds the batch norm after each layer: the one of the same number, as
// bn2 is of fc2, or else the next one in the order of the file.
func (g *graph) normsOf(layers []string) map[string]string {
	numbered := map[string]string{}
	for _, l := range layers {
		numbered[digits(l)] = l
	}
	norms := map[string]string{}
	before := ""
	for _, name := range g.names {
		if layer, ok := strings.CutSuffix(name, ".weight"); ok && g.has(name, 2) {
			before = layer
		}
		norm, ok := strings.CutSuffix(name, ".running_mean")
		if !ok {
			continue
		}
		layer, ok := numbered[digits(norm)]
		if !ok {
			layer = before
		}
		if layer == "" || norms[layer] != "" || len(g.params[name].Data) != g.shape(layer, 2)[0] {
			g.fail("%s cannot be told to be of any layer", norm)
			return nil
		}
		norms[layer] = norm
	}
	return norms
}

// digits are the last number in a name, "" without one.
func digits(name string) string {
	end := strings.LastIndexAny(name, "0123456789") + 1
	start := strings.LastIndexFunc(name[:end], func(r rune) bool { return r < '0' || r > '9' }) + 1
	return name[start:end]
}

// chain lists the layers whose weights follow one another: in the order of the
// file, if it tells one and they do in that order, in the one order that fits
// otherwise.
func (c *contents) chain() ([]string, error) {
	var layers []string
	for _, name := range c.names {
		layer, isWeight := strings.CutSuffix(name, ".weight")
		switch {
		case isWeight && c.has(name, 2):
			layers = append(layers, layer)
		case !c.ofLinearOrNorm(name):
			return nil, fmt.Errorf("%s is no parameter of a Linear layer or of a batch norm", name)
		}
	}
	if len(layers) == 0 {
		return nil, fmt.Errorf("there are no weights")
	}
	i := c.broken(layers)
	if i == 0 && (!c.sorted || numbered(layers)) {
		return layers, nil
	}
	orders := c.orders(layers)
	switch {
	case len(orders) == 1:
		return orders[0], nil
	case len(orders) == 0 && i > 0:
		return nil, fmt.Errorf("%s.weight %v does not take what %s.weight %v gives",
			layers[i], c.params[layers[i]+".weight"].Shape, layers[i-1], c.params[layers[i-1]+".weight"].Shape)
	}
	return nil, fmt.Errorf("neither their names nor their shapes tell the order of %s", abridged(layers, 6))
}

// ofLinearOrNorm tells the vectors that a perceptron may have, and what no layer
// computes with.
func (c *contents) ofLinearOrNorm(name string) bool {
	dot := strings.LastIndex(name, ".")
	if dot < 0 || !c.has(name, 1) || negligible(name, c.params[name]) {
		return negligible(name, c.params[name])
	}
	norm := c.has(name[:dot]+".running_mean", 1)
	switch models.Role(name[dot+1:]) {
	case models.Weight, models.RunningMean, models.RunningVar:
		return norm
	case models.Bias:
		return norm || c.has(name[:dot]+".weight", 2)
	}
	return false
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
