package fusion

import (
	"fmt"

	"otfusion/models"
)

// chain builds an Arch layer by layer, each reading the last unless it says
// what it reads.
type chain struct {
	*models.Arch
	last string
}

func newChain(name string, in models.Shape) *chain {
	return &chain{&models.Arch{Name: name, Input: in}, models.InputName}
}

func (c *chain) add(l models.Layer) string {
	if l.Inputs == nil {
		l.Inputs = []string{c.last}
	}
	if l.Stride == 0 {
		l.Stride = 1
	}
	c.Layers = append(c.Layers, l)
	c.last = l.Name
	return l.Name
}

// conv adds a convolution of so many groups with batch norm and ReLU6.
func (c *chain) conv(name string, out, kernel, stride, groups int) {
	c.add(models.Layer{Name: name, Op: models.Conv2D, Out: out, Kernel: kernel, Stride: stride, Padding: kernel / 2, Groups: groups})
	c.add(models.Layer{Name: name + ".bn", Op: models.BatchNorm})
}

// mobileNet has MobileNetV2's parts (Sandler et al. 2018): blocks that expand,
// filter each channel and project, a sum around those that keep their shape,
// and a head with dropout.
func mobileNet(width int) *models.Arch {
	c := newChain("mobilenet", models.Shape{C: 3, H: 12, W: 12})
	c.conv("stem", 8*width, 3, 2, 0)
	c.add(models.Layer{Name: "stem.relu", Op: models.ReLU6})
	for i, b := range []struct{ out, stride int }{{8, 1}, {12, 2}, {12, 1}} {
		name, in := fmt.Sprintf("block%d", i), c.last
		c.conv(name+".expand", 20*width, 1, 1, 0)
		c.add(models.Layer{Name: name + ".relu1", Op: models.ReLU6})
		c.conv(name+".depthwise", 20*width, 3, b.stride, 20*width)
		c.add(models.Layer{Name: name + ".relu2", Op: models.ReLU6})
		c.conv(name+".project", b.out*width, 1, 1, 0)
		if i != 1 {
			c.add(models.Layer{Name: name + ".add", Op: models.Add, Inputs: []string{in, c.last}})
		}
	}
	c.add(models.Layer{Name: "pool", Op: models.AdaptiveAvgPool, Height: 1, Width: 1})
	c.add(models.Layer{Name: "flatten", Op: models.Flatten})
	c.add(models.Layer{Name: "dropout", Op: models.Dropout, Rate: 0.2})
	c.add(models.Layer{Name: "fc", Op: models.Linear, Out: 5, Bias: true})
	return c.Arch
}

// denseNet has DenseNet's parts (Huang et al. 2017): layers that read all the
// layers before them in the block, side by side, through batch norm; then a
// transition and a second block, read by a linear layer through a map.
func denseNet(width int) *models.Arch {
	c := newChain("densenet", models.Shape{C: 3, H: 8, W: 8})
	c.add(models.Layer{Name: "stem", Op: models.Conv2D, Out: 7 * width, Kernel: 3, Padding: 1})
	for block := range 2 {
		for i := range 3 {
			name, in := fmt.Sprintf("block%d.%d", block, i), c.last
			c.add(models.Layer{Name: name + ".norm1", Op: models.BatchNorm, NoAffine: block == 1})
			c.add(models.Layer{Name: name + ".relu1", Op: models.ReLU})
			c.add(models.Layer{Name: name + ".conv1", Op: models.Conv2D, Out: 9 * width, Kernel: 1})
			c.add(models.Layer{Name: name + ".norm2", Op: models.BatchNorm})
			c.add(models.Layer{Name: name + ".relu2", Op: models.ReLU})
			c.add(models.Layer{Name: name + ".conv2", Op: models.Conv2D, Out: 6 * width, Kernel: 3, Padding: 1})
			c.add(models.Layer{Name: name + ".concat", Op: models.Concat, Inputs: []string{in, c.last}})
		}
		if block == 0 {
			c.add(models.Layer{Name: "transition.norm", Op: models.BatchNorm})
			c.add(models.Layer{Name: "transition.conv", Op: models.Conv2D, Out: 11 * width, Kernel: 1})
			c.add(models.Layer{Name: "transition.pool", Op: models.AvgPool, Kernel: 2, Stride: 2})
		}
	}
	c.add(models.Layer{Name: "pool", Op: models.AdaptiveAvgPool, Height: 3, Width: 2})
	c.add(models.Layer{Name: "flatten", Op: models.Flatten})
	c.add(models.Layer{Name: "fc", Op: models.Linear, Out: 4})
	return c.Arch
}

// everyActivation has one layer of each elementwise operation.
func everyActivation() *models.Arch {
	c := newChain("activations", models.Shape{C: 3, H: 6, W: 6})
	for i, op := range []models.Op{models.ReLU6, models.LeakyReLU, models.ELU, models.GELU, models.SiLU, models.Tanh, models.Sigmoid} {
		c.conv(fmt.Sprintf("conv%d", i), 10+i, 3, 1, 0)
		c.add(models.Layer{Name: fmt.Sprintf("act%d", i), Op: op})
	}
	c.add(models.Layer{Name: "flatten", Op: models.Flatten})
	c.add(models.Layer{Name: "fc", Op: models.Linear, Out: 4, Bias: true})
	return c.Arch
}

// grouped is a block of ResNeXt (Xie et al. 2017) between other layers.
func grouped() *models.Arch {
	c := newChain("grouped", models.Shape{C: 3, H: 6, W: 6})
	c.conv("stem", 14, 3, 1, 0)
	in := c.add(models.Layer{Name: "stem.relu", Op: models.ReLU})
	c.conv("conv1", 8, 1, 1, 0)
	c.add(models.Layer{Name: "relu1", Op: models.ReLU})
	c.conv("conv2", 12, 3, 1, 4)
	c.add(models.Layer{Name: "relu2", Op: models.ReLU})
	c.conv("conv3", 14, 1, 1, 0)
	c.add(models.Layer{Name: "add", Op: models.Add, Inputs: []string{c.last, in}})
	c.add(models.Layer{Name: "relu3", Op: models.ReLU})
	c.conv("conv4", 13, 3, 2, 0)
	c.add(models.Layer{Name: "pool", Op: models.GlobalAvgPool})
	c.add(models.Layer{Name: "fc", Op: models.Linear, Out: 4})
	return c.Arch
}
