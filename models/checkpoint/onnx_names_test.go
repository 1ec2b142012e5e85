package checkpoint

import (
	"slices"
	"strings"
	"testing"

	"otfusion/models/checkpoint/onnx"
)

// Names of nodes as PyTorch 1.13 and later write them: a Sequential's child
// repeats its parent's name.
func TestModulesOfNodes(t *testing.T) {
	for node, want := range map[string]module{
		"/conv1/Conv":                       {name: "conv1", operator: "Conv"},
		"/features/features.0/Conv":         {name: "features.0", outer: []string{"features"}, operator: "Conv"},
		"/layer1/layer1.0/conv1/Conv":       {name: "layer1.0.conv1", outer: []string{"layer1", "layer1.0"}, operator: "Conv"},
		"/layer1/layer1.0/down/down.1/Conv": {name: "layer1.0.down.1", outer: []string{"layer1", "layer1.0", "layer1.0.down"}, operator: "Conv"},
		"/a/a.0/a.0.0/Conv":                 {name: "a.0.0", outer: []string{"a", "a.0"}, operator: "Conv"},
		"/Flatten":                          {operator: "Flatten"},
		"Conv_0":                            {},
		"model/conv/Conv2D":                 {},
		strings.Repeat("/a", 100):           {},
	} {
		got := modules(node)
		if got.name != want.name || got.operator != want.operator || !slices.Equal(got.outer, want.outer) {
			t.Errorf("%s: %+v, want %+v", node, got, want)
		}
	}
}

// A name is given once, whatever a graph calls its nodes.
func TestLayerNames(t *testing.T) {
	nodes := []*onnx.Node{
		{Name: "/block/conv/Conv", Op: "Conv"}, {Name: "/block/Relu", Op: "Relu"}, {Name: "/block/Relu_1", Op: "Relu"}, {Name: "/block/act/Relu", Op: "Relu"},
		{Name: "/input/Relu", Op: "Relu"}, {Name: "Conv_0", Op: "Conv"}, {Name: "Conv_0", Op: "Conv"}, {Op: "Relu"}, {Op: "Relu"}, {Name: "/fc/Relu", Op: "Relu"},
	}
	n := newLayerNames(&onnx.Graph{Nodes: nodes, Initializers: []*onnx.Tensor{{Name: "fc.weight"}}})
	want := []string{"block.conv", "block.relu", "block.relu_1", "block.act", "input.relu", "Conv_0", "Conv_0_1", "relu", "relu_1", "fc.relu"}
	for i, node := range nodes {
		if got := n.plain(node); got != want[i] {
			t.Errorf("%s %s: %s, want %s", node.Name, node.Op, got, want[i])
		}
	}
	if got := n.weighted(nodes[0], "fc.weight"); got != "fc" {
		t.Errorf("%s, want fc", got)
	}
	if got := n.weighted(nodes[0], "fc.weight"); got != "block.conv.conv" {
		t.Errorf("the second layer of a weight is %s, want its node's name", got)
	}
}
