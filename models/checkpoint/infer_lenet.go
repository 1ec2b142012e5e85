package checkpoint

import (
	"slices"

	"otfusion/models"
)

// isLeNet tells small convolutional networks by the names that examples
// give their layers.
func (c *contents) isLeNet() bool {
	return c.has("conv1.weight", 4) && c.has("conv2.weight", 4) && c.has("fc1.weight", 2)
}

// leNet builds the project's own LeNet: two convolutions of 5×5 that keep height
// and width, each with a pool, two Linear layers. Where the shapes are not
// exactly its own, strides, paddings and pools could be anything.
func (g *graph) leNet() {
	g.arch.Name = "lenet"
	conv1, conv2, fc1 := g.shape("conv1", 4), g.shape("conv2", 4), g.shape("fc1", 2)
	if g.err != nil {
		return
	}
	side := 28
	if conv1[1] == 3 {
		side = 32
	}
	if conv1[2] != 5 || conv2[2] != 5 || fc1[1] != conv2[0]*(side/4)*(side/4) || !slices.ContainsFunc(g.names, func(n string) bool { return n == "fc2.weight" }) || g.has("fc3.weight", 2) {
		g.fail("its shapes are not LeNet's: strides, paddings, pools and activations cannot be told from parameters")
		return
	}
	for _, i := range []string{"1", "2"} {
		g.conv("conv"+i, 1, 5)
		if g.hasNorm("bn" + i) {
			g.norm("bn" + i)
			g.arch.Name = "lenet_bn"
		}
		g.activation("relu" + i)
		g.plain("pool"+i, models.Layer{Op: models.MaxPool, Kernel: 2, Stride: 2})
	}
	g.guess("strides 1 and max pools 2×2 after the convolutions")
	g.input(models.Shape{C: conv1[1], H: side, W: side})
	g.plain("flatten", models.Layer{Op: models.Flatten})
	g.linear("fc1")
	g.activation("relu3")
	g.linear("fc2")
}
