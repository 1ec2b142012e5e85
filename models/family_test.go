package models

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
)

// The counts are those of appendix S1.1 of the paper and of its code's models.
func TestParameterCounts(t *testing.T) {
	for _, c := range []struct {
		name string
		opts Options
		want int
	}{
		{"mlpnet", Options{}, 414_600},
		{"mlpnet", Options{Hidden: []int{200, 100, 50}}, 182_300},
		{"mlpnet", Options{Hidden: []int{40, 20, 10}}, 32_460},
		{"mlpnet", Options{Bias: true}, 414_600 + 400 + 200 + 100 + 10},
		{"vgg11", Options{}, 9_222_848},
		{"vgg11", Options{Classes: 100}, 9_222_848 + 46_080},
		{"vgg11_half", Options{}, 2_919_104},
		{"vgg11_doub", Options{}, 32_004_800},
		{"vgg11_quad", Options{}, 118_266_560},
		{"vgg11_bn", Options{}, 9_222_848 + 2*2752},
		{"resnet18", Options{}, 11_164_352},
		{"resnet18_bn", Options{}, 11_173_952},
		{"mlpnet_bn", Options{}, 414_600 + 2*700},
	} {
		a, err := Build(c.name, c.opts)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.Count(); got != c.want {
			t.Errorf("%s %+v has %d parameters, want %d", c.name, c.opts, got, c.want)
		}
		if want := max(c.opts.Classes, 10); a.Classes() != want {
			t.Errorf("%s has %d classes, want %d", c.name, a.Classes(), want)
		}
	}
}

// The counts are those that torchvision's documentation has for its networks
// with weights for ImageNet; those of kuangliu/pytorch-cifar, VGG with biases
// and ResNet with one in the head; and, of ResNet20 to 56 with projections, of
// chenyaofo/pytorch-cifar-models, with a bias in the head.
func TestKnownParameterCounts(t *testing.T) {
	const head = 10 // the bias of 10 classes
	for name, want := range map[string]int{
		"vgg11_imagenet":     132_863_336,
		"vgg11_imagenet_bn":  132_868_840,
		"vgg13_imagenet":     133_047_848,
		"vgg13_imagenet_bn":  133_053_736,
		"vgg16_imagenet":     138_357_544,
		"vgg16_imagenet_bn":  138_365_992,
		"vgg19_imagenet":     143_667_240,
		"vgg19_imagenet_bn":  143_678_248,
		"resnet18_imagenet":  11_689_512,
		"resnet34_imagenet":  21_797_672,
		"resnet50_imagenet":  25_557_032,
		"resnet101_imagenet": 44_549_160,
		"resnet152_imagenet": 60_192_808,
		"resnet34_bn":        21_282_122 - head,
		"resnet50_bn":        23_520_842 - head,
		"resnet101_bn":       42_512_970 - head,
		"resnet152_bn":       58_156_618 - head,
		"preactresnet18_bn":  11_171_146 - head,
		"resnet20_bn":        272_474 - head,
		"resnet32_bn":        466_906 - head,
		"resnet44_bn":        661_338 - head,
		"resnet56_bn":        855_770 - head,
		"resnet110_bn":       1_730_714 - head,
	} {
		a, err := Build(name, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := a.Count(); got != want {
			t.Errorf("%s has %d parameters, want %d", name, got, want)
		}
	}
	for name, want := range map[string]int{"vgg13_bn": 9_416_010, "vgg16_bn": 14_728_266, "vgg19_bn": 20_040_522} {
		a, err := Build(name, Options{Bias: true})
		if err != nil {
			t.Fatal(err)
		}
		if got := a.Count(); got != want {
			t.Errorf("%s with biases has %d parameters, want %d", name, got, want)
		}
	}
}

// The maps of the families, as in the papers' tables.
func TestFamilyShapes(t *testing.T) {
	for name, want := range map[string]map[string]Shape{
		"vgg16":             {"features.3": {64, 32, 32}, "features.30": {512, 1, 1}, "classifier": {10, 1, 1}},
		"vgg19_imagenet_bn": {"features.0": {64, 224, 224}, "features.52": {512, 7, 7}, "avgpool": {512, 7, 7}, "flatten": {25088, 1, 1}, "classifier.3": {4096, 1, 1}, "classifier.6": {1000, 1, 1}},
		"resnet50_imagenet": {"conv1": {64, 112, 112}, "maxpool": {64, 56, 56}, "layer1.2.add": {256, 56, 56}, "layer2.0.conv1": {128, 56, 56}, "layer2.3.add": {512, 28, 28}, "layer3.5.add": {1024, 14, 14}, "layer4.2.add": {2048, 7, 7}, "fc": {1000, 1, 1}},
		"resnet34":          {"conv1": {64, 32, 32}, "layer1.2.add": {64, 32, 32}, "layer4.2.add": {512, 4, 4}, "linear": {10, 1, 1}},
		"resnet110_bn":      {"layer1.17.add": {16, 32, 32}, "layer2.17.add": {32, 16, 16}, "layer3.17.add": {64, 8, 8}},
		"preactresnet18_bn": {"layer1.0.bn1": {64, 32, 32}, "layer2.0.shortcut.0": {128, 16, 16}, "layer4.1.add": {512, 4, 4}},
		"mlpnet_bn":         {"bn1": {400, 1, 1}, "bn3": {100, 1, 1}},
	} {
		a, err := Build(name, Options{})
		if err != nil {
			t.Fatal(err)
		}
		shapes, err := a.Shapes()
		if err != nil {
			t.Fatal(err)
		}
		for layer, s := range want {
			if shapes[layer] != s {
				t.Errorf("%s: %s outputs %v, want %v", name, layer, shapes[layer], s)
			}
		}
	}
}

// The parameters have PyTorch's names and shapes.
func TestFamilyParameterNames(t *testing.T) {
	for name, want := range map[string]map[string][]int{
		"vgg16_imagenet_bn": {"features.0.bias": {64}, "features.1.running_var": {64}, "features.40.weight": {512, 512, 3, 3}, "features.41.weight": {512},
			"classifier.0.weight": {4096, 25088}, "classifier.3.bias": {4096}, "classifier.6.weight": {1000, 4096}},
		"vgg13": {"features.22.weight": {512, 512, 3, 3}, "classifier.weight": {10, 512}},
		"resnet50_imagenet": {"conv1.weight": {64, 3, 7, 7}, "bn1.running_mean": {64}, "layer1.0.downsample.0.weight": {256, 64, 1, 1}, "layer1.0.downsample.1.bias": {256},
			"layer2.0.conv2.weight": {128, 128, 3, 3}, "layer4.2.bn3.weight": {2048}, "fc.weight": {1000, 2048}, "fc.bias": {1000}},
		"resnet18_imagenet": {"layer2.0.downsample.0.weight": {128, 64, 1, 1}, "layer4.1.conv2.weight": {512, 512, 3, 3}},
		"resnet20_bn":       {"conv1.weight": {16, 3, 3, 3}, "layer2.0.shortcut.0.weight": {32, 16, 1, 1}, "layer2.0.shortcut.1.weight": {32}, "linear.weight": {10, 64}},
		"preactresnet18_bn": {"layer1.0.bn1.weight": {64}, "layer2.0.bn1.weight": {64}, "layer2.0.shortcut.0.weight": {128, 64, 1, 1}, "linear.weight": {10, 512}},
	} {
		a, err := Build(name, Options{})
		if err != nil {
			t.Fatal(err)
		}
		specs, err := a.Params()
		if err != nil {
			t.Fatal(err)
		}
		found := map[string][]int{}
		for _, p := range specs {
			found[p.Name] = p.Shape
		}
		for param, shape := range want {
			if !slices.Equal(found[param], shape) {
				t.Errorf("%s: %s has shape %v, want %v", name, param, found[param], shape)
			}
		}
	}
}

// The JSON of the first families is part of the names of finished work.
func TestOldFamiliesKeepTheirJSON(t *testing.T) {
	for name, want := range map[string]string{
		"mlpnet":        "8f08eb75c9fd66397b2be42ad0150c406c5402fb9b745b131babd44c2f116589",
		"lenet":         "37655c7069a3fae583af20a20fd30976c4196482f336b0095b96a181e6a47077",
		"lenet_bn":      "a3b2bd17196228d29dd78c561010ea6a03ab31276c3f046ba58586971900a783",
		"vgg11":         "5d862e62a1d34598a9372749f21bd92d84f444a3e2861e5fe517d540be203215",
		"vgg11_bn":      "326ec965ada3b8e504d6e96694aafb6a97fffecd11d0f157098563d9039f7953",
		"vgg11_half":    "2d394bd185f65abe84bf0f4b3c5d03daf57a65b5e57c98ddbc839ab49ed66fab",
		"vgg11_doub":    "da75a21b14787aba105f55333af18e94608864bd6b1be40243437fcfc4582a17",
		"vgg11_quad_bn": "54d676b940ec6dc88d23ffa54499134c2a38fcdfac31ed490bb5c47a34ce2052",
		"resnet18":      "541799cb31f6784931ba3c4722a02a37ad2b5a8dbaab8d889807d3583a09e2f8",
		"resnet18_bn":   "10f5dda210007c3a8633de3db220085ae3b17f705d12cc79dea6781fd1d947c5",
	} {
		a, err := Build(name, Options{})
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%x", sha256.Sum256(text)); got != want {
			t.Errorf("the JSON of %s has changed: %s", name, text)
		}
	}
}

func TestBaseNames(t *testing.T) {
	for name, want := range map[string][]string{
		"vgg11_half_bn": {"vgg11_half_bn", "vgg11_bn", "vgg11_half", "vgg11"},
		"vgg11_half":    {"vgg11_half", "vgg11"},
		"resnet18_bn":   {"resnet18_bn", "resnet18"},
		"mlpnet":        {"mlpnet"},
	} {
		if got := BaseNames(name); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

// Hidden widths of a network without such layers would be ignored.
func TestHiddenWidthsAreOfMLPNetAlone(t *testing.T) {
	for _, c := range []struct {
		name  string
		width float64
	}{{"lenet", 0}, {"vgg11_bn", 1}, {"mlpnet", 2}} {
		if _, err := Build(c.name, Options{Hidden: []int{5}, Width: c.width}); err == nil {
			t.Errorf("%s of width %g takes hidden widths", c.name, c.width)
		}
	}
}
