package checkpoint

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"otfusion/models"
)

// isVGG tells VGG by its features and classifier in Sequentials.
func (c *contents) isVGG() bool {
	return c.has("features.0.weight", 4) && len(c.vggHead()) > 0
}

// vgg builds a network of convolutions, each followed by batch norm where the
// file has it and an activation, and by max pooling where the numbers of the
// layers leave a gap and at the end; then one or more Linear layers.
func (g *graph) vgg() {
	convs := g.vggConvs()
	g.arch.Name = vggName(len(convs))
	pools := 0
	for i, index := range convs {
		end := g.vggConv(index)
		gap := 3 // the end is pooled
		if i+1 < len(convs) {
			gap = convs[i+1] - end
		}
		switch gap {
		case 2:
		case 3:
			g.plain(fmt.Sprintf("features.%d", end+2), models.Layer{Op: models.MaxPool, Kernel: 2, Stride: 2})
			pools++
		default:
			g.fail("features.%d and features.%d have %d layers between them, wanted an activation and at most a pool", end, convs[i+1], gap-1)
		}
	}
	g.guess("max pools 2×2 where the numbers of the layers have gaps")
	g.vggClassifier(pools)
}

// vggConv appends a convolution, its norm and activation, and returns the number
// of the last of them that has parameters.
func (g *graph) vggConv(index int) int {
	g.conv(fmt.Sprintf("features.%d", index), 1, 3)
	if norm := fmt.Sprintf("features.%d", index+1); g.hasNorm(norm) {
		index++
		g.norm(norm)
		g.arch.Name = strings.TrimSuffix(g.arch.Name, "_bn") + "_bn"
	}
	g.activation(fmt.Sprintf("features.%d", index+1))
	return index
}

// vggClassifier appends the Linear layers. How many features enter tells the
// side of the last map, and so the input's. Where another input is assumed, the
// last map is averaged to that side.
func (g *graph) vggClassifier(pools int) {
	head := g.vggHead()
	first := g.shape(head[0], 2)
	if g.err != nil {
		return
	}
	channels := g.channels()
	side := int(math.Round(math.Sqrt(float64(first[1]) / float64(channels))))
	if side*side*channels != first[1] {
		g.fail("%s takes %d features, which are no square map of %d channels", head[0], first[1], channels)
		return
	}
	usual := models.Shape{C: g.shape("features.0", 4)[1], H: side << pools, W: side << pools}
	g.input(usual)
	if side == torchvisionSide {
		base, norm := strings.CutSuffix(g.arch.Name, "_bn")
		g.arch.Name = base + "_imagenet" + map[bool]string{true: "_bn"}[norm]
	}
	if side == torchvisionSide || g.arch.Input != usual {
		g.plain("avgpool", models.Layer{Op: models.AdaptiveAvgPool, Height: side, Width: side})
	}
	g.plain("flatten", models.Layer{Op: models.Flatten})
	g.vggLinear(head)
}

// torchvisionSide is that of the map which torchvision's VGG pools images of any
// size to.
const torchvisionSide = 7

// vggLinear appends the Linear layers with activations between them, and
// dropouts where the numbers of the layers leave room for one.
func (g *graph) vggLinear(head []string) {
	for i, name := range head {
		if i > 0 {
			number, _ := strconv.Atoi(digits(head[i-1])) // 0 where the layers have no numbers
			next, _ := strconv.Atoi(digits(name))
			g.activation(fmt.Sprintf("classifier.%d", number+1))
			if next-number == 3 {
				g.plain(fmt.Sprintf("classifier.%d", number+2), models.Layer{Op: models.Dropout, Rate: 0.5})
				g.guess("dropout of 0.5 after %s", g.arch.Layers[len(g.arch.Layers)-2].Name)
			}
		}
		g.linear(name)
	}
}

// channels are those of the last convolution.
func (g *graph) channels() int {
	for _, l := range slices.Backward(g.arch.Layers) {
		if l.Op == models.Conv2D {
			return l.Out
		}
	}
	return 0
}

// vggConvs are the numbers of the convolutions.
func (c *contents) vggConvs() []int {
	var convs []int
	for _, name := range c.names {
		number, ok := strings.CutPrefix(name, "features.")
		number, ok1 := strings.CutSuffix(number, ".weight")
		if index, err := strconv.Atoi(number); ok && ok1 && err == nil && c.has(name, 4) {
			convs = append(convs, index)
		}
	}
	slices.Sort(convs)
	return convs
}

// vggHead are the Linear layers that are not features, in order.
func (c *contents) vggHead() []string {
	var head []string
	for _, name := range c.names {
		layer, ok := strings.CutSuffix(name, ".weight")
		if ok && c.has(name, 2) && !strings.HasPrefix(name, "features.") {
			head = append(head, layer)
		}
	}
	slices.SortFunc(head, naturalOrder)
	return head
}

func vggName(convs int) string {
	if name, ok := map[int]string{8: "vgg11", 10: "vgg13", 13: "vgg16", 16: "vgg19"}[convs]; ok {
		return name
	}
	return "vgg"
}
