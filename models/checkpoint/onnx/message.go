package onnx

import "fmt"

// Model is a ModelProto.
type Model struct {
	IRVersion int64
	Producer  string
	Graph     *Graph
	RawGraph  []byte            // the graph as it lies in the file
	Opsets    map[string]int64  // versions by domain; that of ONNX itself is ""
	Metadata  map[string]string // metadata_props
}

// Graph is a GraphProto. Every node reads what earlier ones make.
type Graph struct {
	Name         string
	Nodes        []*Node
	Initializers []*Tensor
	Inputs       []Value
	Outputs      []Value
	Sparse       bool // has initializers that are stored sparsely, which are not read
}

// Node is a NodeProto: one application of an operator.
type Node struct {
	Name, Op, Domain string
	Inputs, Outputs  []string // names of values; "" where an optional one is left out
	Attributes       map[string]Attribute
}

// AttributeType is the type of an attribute, by AttributeProto's numbers.
type AttributeType int64

// The types of attributes that are written.
const (
	FloatAttribute AttributeType = 1
	IntAttribute   AttributeType = 2
	IntsAttribute  AttributeType = 7
)

// Attribute is an AttributeProto; which field counts depends on its type.
type Attribute struct {
	Type   AttributeType
	Float  float32
	Int    int64
	Text   string
	Tensor *Tensor
	Floats []float32
	Ints   []int64
}

// Value is a ValueInfoProto: an input or output of the graph.
type Value struct {
	Name string
	Type DataType
	Dims []Dim
}

// Dim is one size of a value, 0 where the file only names it.
type Dim struct {
	Size int64
	Name string
}

// FloatOf is an attribute with one number.
func FloatOf(v float64) Attribute { return Attribute{Type: FloatAttribute, Float: float32(v)} }

// IntOf is an attribute with one integer.
func IntOf(v int) Attribute { return Attribute{Type: IntAttribute, Int: int64(v)} }

// IntsOf is an attribute with a list of integers.
func IntsOf(list ...int) Attribute {
	a := Attribute{Type: IntsAttribute}
	for _, v := range list {
		a.Ints = append(a.Ints, int64(v))
	}
	return a
}

// Int is an attribute's value, or def where the node does not have it.
func (n *Node) Int(name string, def int64) int64 {
	if a, ok := n.Attributes[name]; ok {
		return a.Int
	}
	return def
}

// Float is an attribute's value, or def where the node does not have it.
func (n *Node) Float(name string, def float32) float32 {
	if a, ok := n.Attributes[name]; ok {
		return a.Float
	}
	return def
}

// Ints is an attribute's value, or def where the node does not have it.
func (n *Node) Ints(name string, def ...int64) []int64 {
	if a, ok := n.Attributes[name]; ok {
		return a.Ints
	}
	return def
}

// Text is an attribute's value, or def where the node does not have it.
func (n *Node) Text(name, def string) string {
	if a, ok := n.Attributes[name]; ok {
		return a.Text
	}
	return def
}

// Has tells whether the node has the i-th input.
func (n *Node) Has(i int) bool { return i < len(n.Inputs) && n.Inputs[i] != "" }

// String names the node and its operator, as errors do.
func (n *Node) String() string {
	name := n.Name
	if name == "" && len(n.Outputs) > 0 {
		name = n.Outputs[0]
	}
	return fmt.Sprintf("node %s (%s)", name, n.Op)
}
