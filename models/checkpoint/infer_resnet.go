package checkpoint

import (
	"fmt"
	"slices"

	"otfusion/models"
)

// isResNet tells residual networks by the names that torchvision and the
// common code for CIFAR give their layers.
func (c *contents) isResNet() bool {
	return c.has("conv1.weight", 4) && c.has("layer1.0.conv1.weight", 4)
}

// resNet builds a residual network (He et al. 2016): stem, stages of blocks of
// which all but the first stage halve height and width, mean over the map, one
// Linear layer. Blocks are basic or bottlenecks, norms come after the
// convolutions or, in pre-activation networks, before them.
func (g *graph) resNet() {
	stages := g.resNetStages()
	bottleneck := g.has("layer1.0.conv3.weight", 4)
	g.arch.Name = resNetName(stages, bottleneck)
	pre := g.preActivation(len(stages))
	if pre {
		g.arch.Name = "preact" + g.arch.Name
	}
	if stem := g.shape("conv1", 4); stem != nil && stem[2] >= imageNetStem {
		g.arch.Name += "_imagenet"
	}
	if g.has("layer1.0.bn1.running_mean", 1) {
		g.arch.Name += "_bn"
	}
	g.stem(pre)
	for s, blocks := range stages {
		for b := range blocks {
			stride := 1
			if s > 0 && b == 0 {
				stride = 2
			}
			block := block{g, fmt.Sprintf("layer%d.%d", s+1, b), stride}
			if pre {
				block.preActivated()
			} else {
				block.basic(bottleneck)
			}
		}
	}
	g.resNetHead(pre)
}

// resNetStages counts the blocks of each stage.
func (c *contents) resNetStages() []int {
	var stages []int
	for {
		blocks := 0
		for c.has(fmt.Sprintf("layer%d.%d.conv1.weight", len(stages)+1, blocks), 4) {
			blocks++
		}
		if blocks == 0 {
			return stages
		}
		stages = append(stages, blocks)
	}
}

// resNetName is what papers call the depth: layers with weights on the longest
// way, without shortcuts.
func resNetName(stages []int, bottleneck bool) string {
	convs := 2
	if bottleneck {
		convs = 3
	}
	depth := 2 // stem and head
	for _, blocks := range stages {
		depth += convs * blocks
	}
	return fmt.Sprintf("resnet%d", depth)
}

// preActivation tells whether a block's first norm works on what enters the
// block; where the second stage widens the maps, their channels differ.
func (c *contents) preActivation(stages int) bool {
	for s := range stages {
		name := fmt.Sprintf("layer%d.0", s+1)
		norm, conv := c.params[name+".bn1.running_mean"], c.params[name+".conv1.weight"]
		if len(norm.Shape) == 1 && len(conv.Shape) == 4 && conv.Shape[0] != conv.Shape[1] {
			return norm.Shape[0] == conv.Shape[1]
		}
	}
	return false
}

// imageNetStem is the kernel of the first convolution in networks for ImageNet.
const imageNetStem = 7

// stem appends the first convolution: one of 7×7 halves height and width and is
// followed by a pool, as for ImageNet; a smaller one does neither, as for CIFAR.
func (g *graph) stem(pre bool) {
	shape := g.shape("conv1", 4)
	if shape == nil {
		return
	}
	large := shape[2] >= imageNetStem
	stride, side := 1, 32
	if large {
		stride, side = 2, 224
	}
	if shape[1] == 1 && !large {
		side = 28
	}
	g.conv("conv1", stride, 3, 5, 7)
	if !pre {
		g.norm("bn1")
		g.activation("relu1")
	}
	pool := g.assumed.StemPool == "yes" || g.assumed.StemPool == "" && large
	if pool {
		g.plain("maxpool", models.Layer{Op: models.MaxPool, Kernel: 3, Stride: 2, Padding: 1})
	}
	if g.assumed.StemPool == "" {
		g.guess("%s after the first convolution", map[bool]string{true: "max pool 3×3 of stride 2", false: "no pool"}[pool])
	}
	g.input(models.Shape{C: shape[1], H: side, W: side})
}

// resNetHead appends what comes after the last block.
func (g *graph) resNetHead(pre bool) {
	if pre {
		for _, name := range []string{"bn", "bn1", "norm"} {
			if g.has(name+".running_mean", 1) {
				g.norm(name)
				g.activation("relu")
				break
			}
		}
	}
	g.plain("avgpool", models.Layer{Op: models.GlobalAvgPool})
	g.plain("flatten", models.Layer{Op: models.Flatten})
	heads := []string{"linear", "fc", "classifier", "head"}
	i := slices.IndexFunc(heads, func(h string) bool { return g.has(h+".weight", 2) })
	if i < 0 {
		g.fail("there is no Linear layer %v", heads)
		return
	}
	g.linear(heads[i])
}

// block appends the layers of a residual block.
type block struct {
	*graph
	name   string
	stride int
}

// basic appends ReLU(conv2(ReLU(conv1(x))) + shortcut(x)), or the same with
// three convolutions of which the second has the stride, as in torchvision; the
// shortcut is a 1×1 convolution where the file has one, or pads x where the block
// has a stride, and is x itself elsewhere.
func (b block) basic(bottleneck bool) {
	x := b.last
	strides, kernels := []int{b.stride, 1}, []int{3, 3}
	if bottleneck {
		strides, kernels = []int{1, b.stride, 1}, []int{1, 3, 1}
	}
	for i := range kernels {
		b.conv(fmt.Sprintf("%s.conv%d", b.name, i+1), strides[i], kernels[i])
		b.norm(fmt.Sprintf("%s.bn%d", b.name, i+1))
		if i+1 < len(kernels) {
			b.activation(fmt.Sprintf("%s.relu%d", b.name, i+1))
		}
	}
	b.join(x, x)
	b.activation(fmt.Sprintf("%s.relu%d", b.name, len(kernels)))
}

// preActivated appends conv2(ReLU(bn2(conv1(ReLU(bn1(x)))))) + x; where there is
// a shortcut's convolution, it reads ReLU(bn1(x)) (He et al. 2016b, as the common
// code for CIFAR has it).
func (b block) preActivated() {
	x := b.last
	b.norm(b.name + ".bn1")
	b.activation(b.name + ".relu1")
	active := b.last
	b.conv(b.name+".conv1", b.stride, 3)
	b.norm(b.name + ".bn2")
	b.activation(b.name + ".relu2")
	b.conv(b.name+".conv2", 1, 3)
	b.join(x, active)
}

// padded is the shortcut without parameters (He et al. 2016, option A): every
// other pixel of x, and zeros for the channels that it lacks. It becomes the 1×1
// convolution that does the same, of zeros and ones.
func (b block) padded(x string) string {
	first, second := b.shape(b.name+".conv1", 4), b.shape(b.name+".conv2", 4)
	if first == nil || second == nil || b.has(b.name+".conv3.weight", 4) || first[1] > second[0] {
		b.fail("%s has stride %d and no convolution in its shortcut: wanted one, or a block of two convolutions that does not narrow", b.name, b.stride)
		return x
	}
	in, out := first[1], second[0]
	before := (out - in) / 2
	if b.assumed.ZeroPadding == "end" {
		before = 0
	}
	name, w := b.name+".shortcut.0", models.NewTensor(out, in, 1, 1)
	for c := range in {
		w.Data[(before+c)*in+c] = 1
	}
	b.contents.add(name+".weight", F32, w)
	if guess := "shortcuts that take every other pixel and pad the channels with zeros on both sides"; b.assumed.ZeroPadding == "" && !slices.Contains(b.guesses, guess) {
		b.guess("%s", guess)
	}
	b.add(models.Layer{Name: name, Op: models.Conv2D, Out: out, Kernel: 1, Stride: b.stride, Inputs: []string{x}})
	return name
}

// join adds the branch to x, or to the shortcut's convolution of another layer.
func (b block) join(x, convolved string) {
	branch, shortcut := b.last, x
	for _, name := range []string{b.name + ".shortcut.", b.name + ".downsample."} {
		if b.has(name+"0.weight", 4) {
			b.last = convolved
			b.conv(name+"0", b.stride, 1)
			b.norm(name + "1")
			shortcut = b.last
		}
	}
	if shortcut == x && b.stride != 1 {
		shortcut = b.padded(x)
	}
	b.plain(b.name+".add", models.Layer{Op: models.Add, Inputs: []string{branch, shortcut}})
}
