package onnx

import (
	"fmt"
	"math"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// field is one field of a message. Its methods take its value; one that does
// not have the type that is asked for fails the message.
type field struct {
	number protowire.Number
	kind   protowire.Type
	scalar uint64 // of a varint and of numbers of fixed size
	bytes  []byte // of the other kinds
	err    *error // the message's first
}

// each visits the fields of a message in order, up to the first that fails.
func each(message []byte, visit func(field)) error {
	var err error
	for len(message) > 0 && err == nil {
		f := field{err: &err}
		n := f.consume(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		visit(f)
	}
	return err
}

// consume reads tag and value, and returns their length, negative where there
// is no field. Groups, which ONNX does not have, are none.
func (f *field) consume(b []byte) int {
	number, kind, tag := protowire.ConsumeTag(b)
	if tag < 0 {
		return tag
	}
	f.number, f.kind = number, kind
	n, narrow := -1, uint32(0)
	switch kind {
	case protowire.VarintType:
		f.scalar, n = protowire.ConsumeVarint(b[tag:])
	case protowire.Fixed32Type:
		narrow, n = protowire.ConsumeFixed32(b[tag:])
		f.scalar = uint64(narrow)
	case protowire.Fixed64Type:
		f.scalar, n = protowire.ConsumeFixed64(b[tag:])
	case protowire.BytesType:
		f.bytes, n = protowire.ConsumeBytes(b[tag:])
	}
	if n < 0 {
		return n
	}
	return tag + n
}

func (f field) fail(format string, args ...any) {
	if *f.err == nil {
		*f.err = fmt.Errorf(format, args...)
	}
}

// is checks the type on the wire.
func (f field) is(kind protowire.Type) bool {
	if f.kind != kind {
		f.fail("field %d has wire type %d, wanted %d", f.number, f.kind, kind)
	}
	return f.kind == kind
}

func (f field) int() int64 {
	f.is(protowire.VarintType)
	return int64(f.scalar)
}

func (f field) float() float32 {
	f.is(protowire.Fixed32Type)
	return math.Float32frombits(uint32(f.scalar))
}

func (f field) block() []byte {
	f.is(protowire.BytesType)
	return f.bytes
}

func (f field) text() string {
	text := string(f.block())
	if !utf8.ValidString(text) {
		f.fail("text %q is not UTF-8", text)
	}
	return text
}

// message visits the fields of the message that the field holds.
func (f field) message(visit func(field)) {
	if err := each(f.block(), visit); err != nil && *f.err == nil {
		*f.err = err
	}
}

// ints is one number of a repeated field, or the packed ones.
func (f field) ints() []int64 {
	if f.kind == protowire.VarintType {
		return []int64{int64(f.scalar)}
	}
	var list []int64
	for rest := f.block(); len(rest) > 0; {
		v, n := protowire.ConsumeVarint(rest)
		if n < 0 {
			f.fail("field %d: %w", f.number, protowire.ParseError(n))
			return nil
		}
		list = append(list, int64(v))
		rest = rest[n:]
	}
	return list
}

// fixed is one number of fixed size of a repeated field, or the packed ones,
// little-endian.
func (f field) fixed(kind protowire.Type) []byte {
	switch {
	case f.kind == kind && kind == protowire.Fixed32Type:
		return protowire.AppendFixed32(nil, uint32(f.scalar))
	case f.kind == kind:
		return protowire.AppendFixed64(nil, f.scalar)
	}
	return f.block()
}
