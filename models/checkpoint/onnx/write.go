package onnx

import (
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// File is a model to be written.
type File struct {
	IRVersion, Opset int64
	Producer         string
	Name             string // of the graph
	Nodes            []*Node
	Inputs, Outputs  []Value
	Parameters       []Parameter

	// Metadata gives the model's metadata by the SHA-256 sum of its graph.
	Metadata func(graph [sha256.Size]byte) (map[string]string, error)
}

// Parameter is an initializer whose values are made when they are written, so
// that they are not all in memory twice.
type Parameter struct {
	Name   string
	Type   DataType
	Dims   []int
	Values func() []byte // little-endian
}

// MaxSize bounds a file, as protobuf does.
const MaxSize = math.MaxInt32

// Write writes the file. Its operator set comes last, so that a file that is
// cut anywhere is none.
func (f *File) Write(w io.Writer) error {
	parts := f.parts()
	size := 0
	for _, p := range parts {
		size += p.size()
	}
	if size > MaxSize-1<<20 {
		return fmt.Errorf("an ONNX model has at most 2 GB, this one has %d bytes", size)
	}
	head := text(integer(nil, 1, f.IRVersion), 2, f.Producer)
	head = protowire.AppendVarint(protowire.AppendTag(head, 7, protowire.BytesType), uint64(size))
	if _, err := w.Write(head); err != nil {
		return err
	}
	sum := sha256.New()
	for _, p := range parts {
		if err := p.write(io.MultiWriter(w, sum)); err != nil {
			return err
		}
	}
	meta, err := f.Metadata([sha256.Size]byte(sum.Sum(nil)))
	if err != nil {
		return err
	}
	var tail []byte
	for _, key := range slices.Sorted(maps.Keys(meta)) {
		tail = nested(tail, 14, text(text(nil, 1, key), 2, meta[key]))
	}
	_, err = w.Write(nested(tail, 8, integer(text(nil, 1, ""), 2, f.Opset)))
	return err
}

// part is some of a graph: fields, and maybe a parameter's values after them.
type part struct {
	fields []byte
	values func() []byte
	length int // of the values
}

func (p part) size() int { return len(p.fields) + p.length }

func (p part) write(w io.Writer) error {
	_, err := w.Write(p.fields)
	if err == nil && p.values != nil {
		_, err = w.Write(p.values())
	}
	return err
}

// parts are the fields of the graph in their order.
func (f *File) parts() []part {
	var fields []byte
	for _, n := range f.Nodes {
		fields = nested(fields, 1, n.marshal())
	}
	parts := []part{{fields: text(fields, 2, f.Name)}}
	for _, p := range f.Parameters {
		parts = append(parts, p.part())
	}
	fields = nil
	for _, v := range f.Inputs {
		fields = nested(fields, 11, v.marshal())
	}
	for _, v := range f.Outputs {
		fields = nested(fields, 12, v.marshal())
	}
	return append(parts, part{fields: fields})
}

// part is an initializer up to its raw_data, which ends it.
func (p Parameter) part() part {
	length := p.Type.Size()
	var b []byte
	for _, d := range p.Dims {
		b = integer(b, 1, int64(d))
		length *= d
	}
	b = text(integer(b, 2, int64(p.Type)), 8, p.Name)
	b = protowire.AppendVarint(protowire.AppendTag(b, 9, protowire.BytesType), uint64(length))
	fields := protowire.AppendVarint(protowire.AppendTag(nil, 5, protowire.BytesType), uint64(len(b)+length))
	return part{append(fields, b...), p.Values, length}
}

func (n *Node) marshal() []byte {
	var b []byte
	for _, in := range n.Inputs {
		b = text(b, 1, in)
	}
	for _, out := range n.Outputs {
		b = text(b, 2, out)
	}
	b = text(text(b, 3, n.Name), 4, n.Op)
	for _, name := range slices.Sorted(maps.Keys(n.Attributes)) {
		b = nested(b, 5, append(text(nil, 1, name), n.Attributes[name].marshal()...))
	}
	return b
}

func (a Attribute) marshal() []byte {
	var b []byte
	switch a.Type {
	case FloatAttribute:
		b = protowire.AppendFixed32(protowire.AppendTag(b, 2, protowire.Fixed32Type), math.Float32bits(a.Float))
	case IntAttribute:
		b = integer(b, 3, a.Int)
	case IntsAttribute:
		for _, v := range a.Ints {
			b = integer(b, 8, v)
		}
	}
	return integer(b, 20, int64(a.Type))
}

func (v Value) marshal() []byte {
	var shape []byte
	for _, d := range v.Dims {
		size := integer(nil, 1, d.Size)
		if d.Name != "" {
			size = text(nil, 2, d.Name)
		}
		shape = nested(shape, 1, size)
	}
	kind := nested(integer(nil, 1, int64(v.Type)), 2, shape)
	return nested(text(nil, 1, v.Name), 2, nested(nil, 1, kind))
}

func integer(b []byte, field protowire.Number, v int64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), uint64(v))
}

func text(b []byte, field protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), s)
}

func nested(b []byte, field protowire.Number, message []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), message)
}
