package checkpoint

import (
	"fmt"
	"strings"

	"otfusion/models"
	"otfusion/models/checkpoint/onnx"
)

// layerNames gives layers the names that the modules had in PyTorch, as far as
// a graph tells them.
type layerNames struct {
	taken      map[string]bool
	reserved   map[string]bool // names that parameters tell
	containers map[string]bool // modules that have modules in them
	repeated   map[string]int  // how often a name was asked for again
}

func newLayerNames(g *onnx.Graph) *layerNames {
	n := &layerNames{map[string]bool{models.InputName: true}, map[string]bool{}, map[string]bool{"": true}, map[string]int{}}
	for _, t := range g.Initializers {
		n.reserve(t.Name)
	}
	for _, node := range g.Nodes {
		if node.Op == "Identity" && len(node.Outputs) > 0 { // one of several equal parameters
			n.reserve(node.Outputs[0])
		}
		for _, outer := range modules(node.Name).outer {
			n.containers[outer] = true
		}
	}
	return n
}

func (n *layerNames) reserve(parameter string) {
	if owner := ownerOf(parameter); owner != "" {
		n.reserved[owner] = true
	}
}

// ownerOf is the layer that a parameter's name tells, or "".
func ownerOf(parameter string) string {
	for _, role := range []models.Role{models.Weight, models.RunningMean} {
		if owner, ok := strings.CutSuffix(parameter, "."+string(role)); ok {
			return owner
		}
	}
	return ""
}

// weighted names a layer by the name of one of its parameters, or else by its
// node.
func (n *layerNames) weighted(node *onnx.Node, parameter string) string {
	if owner := ownerOf(parameter); owner != "" && !n.taken[owner] {
		n.taken[owner] = true
		return owner
	}
	return n.plain(node)
}

// plain names a layer by its node: a module's only operation has the module's
// name, another one its operator's after the module's.
func (n *layerNames) plain(node *onnx.Node) string {
	m := modules(node.Name)
	switch {
	case m.operator == "" && node.Name != "":
		return n.unique(strings.ReplaceAll(node.Name, "/", "."))
	case m.operator == "":
		return n.unique(strings.ToLower(node.Op))
	case !n.containers[m.name] && !n.taken[m.name] && !n.reserved[m.name]:
		return n.unique(m.name)
	case m.name == "":
		return n.unique(strings.ToLower(m.operator))
	}
	return n.unique(m.name + "." + strings.ToLower(m.operator))
}

// unique is the name, with a number after it where it is another's.
func (n *layerNames) unique(name string) string {
	for base := name; n.taken[name] || n.reserved[name]; {
		n.repeated[base]++
		name = fmt.Sprintf("%s_%d", base, n.repeated[base])
	}
	n.taken[name] = true
	return name
}

// module is where in the modules of PyTorch a node lies.
type module struct {
	name     string   // such as layer1.0.conv1
	outer    []string // modules around it: layer1, layer1.0
	operator string   // Conv; "" where the node's name does not tell its module
}

// modules reads a node's name as PyTorch's exporter writes it,
// "/layer1/layer1.0/conv1/Conv": a part that begins with the one before it and
// a dot is that one's child in a Sequential.
func modules(node string) module {
	path, ok := strings.CutPrefix(node, "/")
	if !ok {
		return module{}
	}
	const deepest = 32
	parts := strings.Split(path, "/")
	last := len(parts) - 1
	if last > deepest {
		return module{}
	}
	m := module{operator: parts[last]}
	for i, part := range parts[:last] {
		if i == 0 {
			m.name = part
			continue
		}
		m.outer = append(m.outer, m.name)
		if strings.HasPrefix(part, parts[i-1]+".") {
			m.name = strings.TrimSuffix(m.name, parts[i-1]) + part
		} else {
			m.name += "." + part
		}
	}
	return m
}
