package fusion

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"otfusion/models"
)

// operationWords are what docs/architectures.md says of an operation beside
// what it computes: the rest of its section is worked out from the example.
type operationWords struct {
	does       string
	attributes string // of the layer, in code's order
	output     string // its shape, for an input C×H×W
	alignment  string // what becomes of the alignment groups
	example    []models.Layer
}

const (
	sameShape   = "the input's shape"
	passesOn    = "passes the input's channels on: the layer belongs to their group."
	windowShape = "C×⌊(H + 2·padding − kernel)/stride + 1⌋×⌊(W + 2·padding − kernel)/stride + 1⌋"
)

func describedOperations() map[models.Op]operationWords {
	const in = models.InputName
	one := func(l models.Layer) []models.Layer {
		l.Name = strings.ToLower(string(l.Op))
		l.Inputs = []string{in}
		return []models.Layer{l}
	}
	conv := models.Layer{Name: "conv", Op: models.Conv2D, Inputs: []string{in}, Out: 4, Kernel: 3, Stride: 1, Padding: 1}
	both := func(op models.Op) []models.Layer {
		return []models.Layer{conv, {Name: strings.ToLower(string(op)), Op: op, Inputs: []string{in, "conv"}}}
	}
	words := map[models.Op]operationWords{
		models.Linear: {"fully connected, y = W·x + b", "out, bias", "out, a vector; the input has to be one (a Flatten or a pool to 1×1 before it makes it one)",
			"opens a group: its output channels are the rows of its weight.",
			[]models.Layer{{Name: "flatten", Op: models.Flatten, Inputs: []string{in}}, {Name: "linear", Op: models.Linear, Inputs: []string{"flatten"}, Out: 10, Bias: true}}},
		models.Conv2D: {"convolution with a square kernel, the same stride and padding with zeros both ways, no dilation", "out, kernel, stride, padding, groups, bias", strings.Replace(windowShape, "C×", "out×", 1),
			"opens a group. With groups above 1, what it reads and makes keeps its order; a depthwise convolution (groups, inputs and outputs equal in number) passes the input's channels on.",
			one(models.Layer{Op: models.Conv2D, Out: 8, Kernel: 3, Stride: 2, Padding: 1, Bias: true})},
		models.BatchNorm:     {fmt.Sprintf("batch normalisation by channel, ε = %g; inference uses the running statistics", models.DefaultEps), "no_affine", sameShape, passesOn, one(models.Layer{Op: models.BatchNorm})},
		models.MaxPool:       {"the maximum of each window; padding never wins", "kernel, stride, padding (at most half the kernel)", windowShape, passesOn, one(models.Layer{Op: models.MaxPool, Kernel: 2, Stride: 2})},
		models.AvgPool:       {"the mean of each window; padded zeros count, as in PyTorch", "kernel, stride, padding (at most half the kernel)", windowShape, passesOn, one(models.Layer{Op: models.AvgPool, Kernel: 3, Stride: 1, Padding: 1})},
		models.GlobalAvgPool: {"the mean over height and width", "none", "C, a vector", passesOn, one(models.Layer{Op: models.GlobalAvgPool})},
		models.AdaptiveAvgPool: {"means of as many windows as asked for, which cover the map as PyTorch's do", "height, width (of the output)", "C×height×width", passesOn,
			one(models.Layer{Op: models.AdaptiveAvgPool, Height: 2, Width: 2})},
		models.Add: {"the sum of two or more inputs of one shape", "none", sameShape, "ties the groups of its inputs into one: they are permuted together.", both(models.Add)},
		models.Concat: {"the channels of two or more inputs of one height and width, side by side", "none", "the sum of the inputs' C, ×H×W",
			"keeps the inputs' groups, side by side: a reader's columns are permuted part by part.", both(models.Concat)},
		models.Flatten: {"(C, H, W) as C·H·W features, channel by channel", "none", "C·H·W, a vector", "passes the input's channels on, each as H·W columns of what reads it.", one(models.Layer{Op: models.Flatten})},
		models.Dropout: {"in training, zero with probability rate, else x/(1 − rate); in inference, x", "rate (0 to below 1)", sameShape, passesOn, one(models.Layer{Op: models.Dropout, Rate: 0.5})},
	}
	for op, does := range map[models.Op]string{
		models.ReLU: "max(x, 0)", models.ReLU6: "min(max(x, 0), 6)", models.LeakyReLU: "x above 0, alpha·x below", models.ELU: "x above 0, alpha·(exp(x) − 1) below",
		models.GELU: "x·Φ(x), Φ the standard normal distribution (not its approximation by tanh)", models.SiLU: "x·sigmoid(x)", models.Tanh: "tanh(x)", models.Sigmoid: "1/(1 + exp(−x))",
	} {
		attributes := "none"
		if slope := (models.Layer{Op: op}).Slope(); slope != 0 {
			attributes = fmt.Sprintf("alpha (%g if not given)", slope)
		}
		words[op] = operationWords{does, attributes, sameShape, passesOn, one(models.Layer{Op: op})}
	}
	return words
}

// attributeWords describe the attributes of a layer by their JSON names.
func attributeWords() map[string]string {
	return map[string]string{
		"name":      "Prefix of its parameters in a file, such as `layer1.0.conv1`. Each layer has its own; `input` is the network's input.",
		"op":        "What it computes: one of the operations below.",
		"inputs":    "The names of earlier layers, or `input`.",
		"out":       "Output channels of Linear and Conv2D.",
		"kernel":    "Side of the square window of Conv2D, MaxPool and AvgPool, 1 to 32767.",
		"stride":    "Step of the window, 1 to 32767.",
		"padding":   "Rows and columns of zeros on every side, 0 to 32767.",
		"bias":      "Linear and Conv2D have a bias.",
		"groups":    "Conv2D: runs of channels that are convolved apart; 1 if not given. It divides the input and output channels.",
		"no_affine": "BatchNorm has no weight and bias.",
		"height":    "Height of AdaptiveAvgPool's output.",
		"width":     "Width of AdaptiveAvgPool's output.",
		"alpha":     "Slope of LeakyReLU, scale of ELU.",
		"rate":      "Of Dropout.",
	}
}

// exampleArch is the complete example: a residual network with batch norm.
func exampleArch() *models.Arch {
	layer := func(name string, op models.Op, inputs ...string) models.Layer {
		return models.Layer{Name: name, Op: op, Inputs: inputs}
	}
	conv := func(name, input string, out int) models.Layer {
		return models.Layer{Name: name, Op: models.Conv2D, Inputs: []string{input}, Out: out, Kernel: 3, Stride: 1, Padding: 1}
	}
	return &models.Arch{Name: "small-residual", Input: models.Shape{C: 3, H: 32, W: 32}, Layers: []models.Layer{
		conv("conv1", models.InputName, 16), layer("bn1", models.BatchNorm, "conv1"), layer("relu1", models.ReLU, "bn1"),
		conv("conv2", "relu1", 16), layer("bn2", models.BatchNorm, "conv2"), layer("add", models.Add, "bn2", "relu1"), layer("relu2", models.ReLU, "add"),
		layer("pool", models.GlobalAvgPool, "relu2"), {Name: "fc", Op: models.Linear, Inputs: []string{"pool"}, Out: 10, Bias: true},
	}}
}

func architecturesPage(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(`# Architectures

An architecture is a graph of layers in JSON. ` + "`otfusion info MODEL --json > net.json`" + ` writes that of a model, among other things that
` + "`--arch net.json`" + ` passes over; a file that holds the architecture alone serves as well. Families need no file: ` + "`otfusion info`" + ` lists them.
A test writes this page (` + "`UPDATE_ARCHITECTURES=1 go test ./fusion -run ArchitecturesPage`" + `) from the operations that the program has.

    otfusion train --arch net.json --dataset cifar10 --recipe quick --out runs/a
    otfusion info theirs.pt --arch net.json

An architecture has a ` + "`name`" + `, for people; an ` + "`input`" + `, the ` + "`channels`, `height` and `width`" + ` of one sample; and ` + "`layers`" + ` in an order in which each
comes after those that it reads. The last one outputs the logits. Parameters have PyTorch's names and layouts: a layer's name, then
` + "`.weight`, `.bias`, `.running_mean` or `.running_var`" + `. A file has at most 4 MiB, an activation or a parameter fewer than 2³¹ values.
Unknown attributes are errors, as they would change what the network computes; the error names the layer.

## Attributes of a layer

| attribute | type | meaning |
| --- | --- | --- |
`)
	words := attributeWords()
	layer := reflect.TypeFor[models.Layer]()
	for i := range layer.NumField() {
		f := layer.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if words[name] == "" {
			t.Errorf("attribute %s is not described", name)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, typeName(f.Type), words[name])
	}
	b.WriteString("\n## Operations\n\nThe rule for alignment says what becomes of the groups of channels that fusion permutes together. Examples read an input of 4×6×6.\n")
	described := describedOperations()
	for _, op := range models.Operations() {
		w, ok := described[op]
		if !ok {
			t.Errorf("operation %s is not described", op)
			continue
		}
		fmt.Fprintf(&b, "\n### %s\n\n%s.\n\n- Attributes: %s.\n- Output: %s.\n- Alignment: %s\n\n", op, sentence(w.does), w.attributes, w.output, w.alignment)
		writeExample(t, &b, w.example)
	}
	b.WriteString("\nAttention, group and layer normalisation, dilation, rectangular kernels and asymmetric padding are not among them.\n")
	writeComplete(t, &b)
	return b.String()
}

func typeName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int:
		return "integer"
	case reflect.Float64:
		return "number"
	case reflect.Bool:
		return "boolean"
	case reflect.Slice:
		return "list of strings"
	}
	return "string"
}

// sentence begins with a capital where it begins with a word.
func sentence(s string) string {
	if word, _, _ := strings.Cut(s, " "); len(word) == 1 || strings.ContainsAny(word, "(·") {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// writeExample writes layers in JSON, with their parameters, the output's shape
// and the groups, worked out from them.
func writeExample(t *testing.T, b *strings.Builder, layers []models.Layer) {
	t.Helper()
	a := &models.Arch{Name: "example", Input: models.Shape{C: 4, H: 6, W: 6}, Layers: layers}
	shapes, err := a.Shapes()
	if err != nil {
		t.Fatal(err)
	}
	b.WriteString("```json\n")
	for _, l := range layers {
		fmt.Fprintf(b, "%s\n", jsonOf(t, l))
	}
	fmt.Fprintf(b, "```\n\noutputs %v; %s.\n", shapes[a.Output()], parameterWords(t, a, layers[len(layers)-1].Name))
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func parameterWords(t *testing.T, a *models.Arch, layer string) string {
	t.Helper()
	specs, err := a.Params()
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, p := range specs {
		if p.Layer == layer {
			words = append(words, fmt.Sprintf("`%s` %s", p.Name, strings.ReplaceAll(strings.Trim(fmt.Sprint(p.Shape), "[]"), " ", "×")))
		}
	}
	if words == nil {
		return "no parameters"
	}
	return "parameters " + strings.Join(words, ", ")
}

// writeComplete writes an architecture as --arch takes it, and its groups.
func writeComplete(t *testing.T, b *strings.Builder) {
	t.Helper()
	a := exampleArch()
	groups, err := Groups(a)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(b, "\n## A complete example\n\n    {\n      \"name\": %q,\n      \"input\": %s,\n      \"layers\": [\n", a.Name, jsonOf(t, a.Input))
	for i, l := range a.Layers {
		comma := ","
		if i == len(a.Layers)-1 {
			comma = ""
		}
		fmt.Fprintf(b, "        %s%s\n", jsonOf(t, l), comma)
	}
	fmt.Fprintf(b, "      ]\n    }\n\nhas %d parameters. Its groups: add ties conv1 and conv2, so one permutation serves both.\n\n| group | channels | role | layers |\n| --- | ---:| --- | --- |\n", a.Count())
	for _, g := range groups {
		var members []string
		for _, m := range g.Members {
			members = append(members, m.Layer)
		}
		fmt.Fprintf(b, "| %s | %d | %s | %s |\n", g.Name, g.Size, g.Role, strings.Join(members, ", "))
	}
}

func TestArchitecturesPage(t *testing.T) {
	const path = "../docs/architectures.md"
	page := architecturesPage(t)
	if os.Getenv("UPDATE_ARCHITECTURES") != "" {
		if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(kept) != page {
		t.Errorf("%s is not what the operations are; write it anew with UPDATE_ARCHITECTURES=1", path)
	}
	if len(describedOperations()) != len(models.Operations()) || slices.Contains(models.Operations(), "") {
		t.Error("an operation is described that there is not")
	}
}
