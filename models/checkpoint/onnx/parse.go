package onnx

import (
	"fmt"
	"math"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// Parse reads a file. It fails where the bytes are no messages, or lack what
// every model has.
func Parse(file []byte) (*Model, error) {
	m := &Model{Opsets: map[string]int64{}, Metadata: map[string]string{}}
	if err := each(file, m.field); err != nil {
		return nil, fmt.Errorf("not an ONNX model, or one that is cut: %w", err)
	}
	switch {
	case m.Graph == nil:
		return nil, fmt.Errorf("an ONNX model without a graph, or one that is cut")
	case len(m.Opsets) == 0:
		return nil, fmt.Errorf("an ONNX model that does not say its operator set, or one that is cut")
	}
	return m, nil
}

func (m *Model) field(f field) {
	switch f.number {
	case 1:
		m.IRVersion = f.int()
	case 2:
		m.Producer = f.text()
	case 7:
		if m.Graph != nil {
			f.fail("a second graph")
			return
		}
		m.Graph, m.RawGraph = &Graph{}, f.bytes
		f.message(m.Graph.field)
	case 8:
		var domain string
		var version int64
		f.message(func(f field) {
			switch f.number {
			case 1:
				domain = f.text()
			case 2:
				version = f.int()
			}
		})
		m.Opsets[domain] = version
	case 14:
		key, value := f.entry()
		m.Metadata[key] = value
	}
}

func (g *Graph) field(f field) {
	switch f.number {
	case 1:
		n := &Node{}
		f.message(n.field)
		g.Nodes = append(g.Nodes, n)
	case 2:
		g.Name = f.text()
	case 5:
		g.Initializers = append(g.Initializers, f.tensor())
	case 11:
		g.Inputs = append(g.Inputs, f.value())
	case 12:
		g.Outputs = append(g.Outputs, f.value())
	case 15:
		g.Sparse = true
	}
}

func (n *Node) field(f field) {
	switch f.number {
	case 1:
		n.Inputs = append(n.Inputs, f.text())
	case 2:
		n.Outputs = append(n.Outputs, f.text())
	case 3:
		n.Name = f.text()
	case 4:
		n.Op = f.text()
	case 5:
		var name string
		var a Attribute
		f.message(func(f field) {
			if f.number == 1 {
				name = f.text()
			}
			a.field(f)
		})
		if n.Attributes == nil {
			n.Attributes = map[string]Attribute{}
		}
		n.Attributes[name] = a
	case 7:
		n.Domain = f.text()
	}
}

func (a *Attribute) field(f field) {
	switch f.number {
	case 2:
		a.Float = f.float()
	case 3:
		a.Int = f.int()
	case 4:
		a.Text = f.text()
	case 5:
		a.Tensor = f.tensor()
	case 7:
		for raw := f.fixed(protowire.Fixed32Type); len(raw) >= 4; raw = raw[4:] {
			v, _ := protowire.ConsumeFixed32(raw)
			a.Floats = append(a.Floats, math.Float32frombits(v))
		}
	case 8:
		a.Ints = append(a.Ints, f.ints()...)
	case 20:
		a.Type = AttributeType(f.int())
	}
}

func (f field) tensor() *Tensor {
	t := &Tensor{}
	f.message(t.field)
	if t.location == 1 && t.External == nil {
		f.fail("tensor %s lies in another file, which is not named", t.Name)
	}
	return t
}

func (t *Tensor) field(f field) {
	switch f.number {
	case 1:
		t.Dims = append(t.Dims, f.ints()...)
	case 2:
		t.Type = DataType(f.int())
	case 4:
		t.take(f.fixed(protowire.Fixed32Type))
	case 5, 7:
		t.varints = append(t.varints, f.ints()...)
	case 8:
		t.Name = f.text()
	case 9:
		t.take(f.block())
	case 10:
		t.take(f.fixed(protowire.Fixed64Type))
	case 13:
		t.external(f)
	case 14:
		t.location = f.int()
	}
}

// take appends values; the first block is shared with the file.
func (t *Tensor) take(block []byte) {
	if t.raw == nil {
		t.raw = block[:len(block):len(block)]
		return
	}
	t.raw = append(t.raw, block...)
}

// external reads one entry of external_data.
func (t *Tensor) external(f field) {
	if t.External == nil {
		t.External = &External{Length: -1}
	}
	key, value := f.entry()
	number, err := strconv.ParseInt(value, 10, 64)
	switch key {
	case "location":
		t.External.Location, err = value, nil
	case "offset":
		t.External.Offset = number
	case "length":
		t.External.Length = number
	default:
		err = nil
	}
	if err != nil || number < 0 {
		f.fail("%s of external data is %q", key, value)
	}
}

// value reads a ValueInfoProto of a tensor.
func (f field) value() Value {
	var v Value
	f.message(func(f field) {
		switch f.number {
		case 1:
			v.Name = f.text()
		case 2:
			f.message(func(f field) {
				if f.number == 1 {
					f.message(v.tensorType)
				}
			})
		}
	})
	return v
}

func (v *Value) tensorType(f field) {
	switch f.number {
	case 1:
		v.Type = DataType(f.int())
	case 2:
		f.message(func(f field) {
			if f.number == 1 {
				v.Dims = append(v.Dims, f.dim())
			}
		})
	}
}

func (f field) dim() Dim {
	var d Dim
	f.message(func(f field) {
		switch f.number {
		case 1:
			d.Size = f.int()
		case 2:
			d.Name = f.text()
		}
	})
	return d
}

// entry reads a StringStringEntryProto.
func (f field) entry() (key, value string) {
	f.message(func(f field) {
		switch f.number {
		case 1:
			key = f.text()
		case 2:
			value = f.text()
		}
	})
	return key, value
}
