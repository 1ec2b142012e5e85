package models

import (
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Shape is the shape of one sample's activation. Features without height and
// width, such as a Linear layer's output, are (C, 1, 1) and Flat.
type Shape struct {
	C int `json:"channels"`
	H int `json:"height"`
	W int `json:"width"`
}

// Len is the number of values of one sample.
func (s Shape) Len() int { return s.C * s.H * s.W }

// String is C×H×W, or C alone for a vector.
func (s Shape) String() string {
	if s.H == 1 && s.W == 1 {
		return fmt.Sprint(s.C)
	}
	return fmt.Sprintf("%d×%d×%d", s.C, s.H, s.W)
}

// maxLen bounds the values of one activation or parameter, so that a hostile
// Arch in a file cannot ask for absurd memory.
const maxLen = 1 << 31

// plausible tells a shape that a network can have from one that overflows.
func (s Shape) plausible() bool {
	return s.C > 0 && s.H > 0 && s.W > 0 &&
		float64(s.C)*float64(s.H)*float64(s.W) < maxLen
}

// Shapes infers the output shape of every layer, and of InputName. It fails,
// naming the layer, where the layers do not fit together.
func (a *Arch) Shapes() (map[string]Shape, error) {
	shapes, err := a.shapes()
	if err != nil {
		return nil, fmt.Errorf("models: %w", err)
	}
	return shapes, nil
}

func (a *Arch) shapes() (map[string]Shape, error) {
	if len(a.Layers) == 0 {
		return nil, fmt.Errorf("arch %q has no layers", a.Name)
	}
	if !showable(a.Name) {
		return nil, fmt.Errorf("arch %q: the name has characters that cannot be printed", a.Name)
	}
	if !a.Input.plausible() {
		return nil, fmt.Errorf("arch %q: input %v is no shape", a.Name, a.Input)
	}
	shapes := map[string]Shape{InputName: a.Input}
	for _, l := range a.Layers {
		out, err := l.infer(shapes)
		if err != nil {
			return nil, fmt.Errorf("layer %s: %w", l.Name, err)
		}
		shapes[l.Name] = out
	}
	return shapes, nil
}

// showable tells names that are safe to show on a terminal.
func showable(name string) bool {
	return utf8.ValidString(name) && !strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) })
}

// infer returns the layer's output shape, given those of the layers before it.
func (l Layer) infer(known map[string]Shape) (Shape, error) {
	if _, taken := known[l.Name]; taken || l.Name == "" {
		return Shape{}, fmt.Errorf("name %q is empty, another layer's, or the input's", l.Name)
	}
	if !showable(l.Name) {
		return Shape{}, fmt.Errorf("name %q has characters that cannot be printed", l.Name)
	}
	ins, err := l.inputShapes(known)
	if err != nil {
		return Shape{}, err
	}
	return l.Output(ins...)
}

func (l Layer) inputShapes(known map[string]Shape) ([]Shape, error) {
	want := 1
	if l.Op == Add || l.Op == Concat {
		want = max(2, len(l.Inputs))
	}
	if len(l.Inputs) != want {
		return nil, fmt.Errorf("%s wants %d inputs, has %d", l.Op, want, len(l.Inputs))
	}
	shapes := make([]Shape, len(l.Inputs))
	for i, name := range l.Inputs {
		s, ok := known[name]
		if !ok {
			return nil, fmt.Errorf("input %q is no earlier layer", name)
		}
		shapes[i] = s
	}
	return shapes, nil
}

// Output is the shape that the operation makes of its inputs', as many as it has.
func (l Layer) Output(ins ...Shape) (Shape, error) {
	out, err := l.output(ins)
	if err == nil && !out.plausible() {
		err = fmt.Errorf("%s of input %v gives no output", l.Op, ins[0])
	}
	return out, err
}

func (l Layer) output(ins []Shape) (Shape, error) {
	in := ins[0]
	switch l.Op {
	case Linear:
		if in.H != 1 || in.W != 1 {
			return Shape{}, fmt.Errorf("wanted flat features, input is %v", in)
		}
		return Shape{l.Out, 1, 1}, nil
	case Conv2D:
		if err := l.checkGroups(in); err != nil {
			return Shape{}, err
		}
		return l.window(in, l.Out)
	case MaxPool, AvgPool:
		if 2*l.Padding > l.Kernel {
			return Shape{}, fmt.Errorf("padding %d is over half the kernel %d", l.Padding, l.Kernel)
		}
		return l.window(in, in.C)
	case BatchNorm:
		return in, nil
	case Dropout:
		if !(l.Rate >= 0 && l.Rate < 1) {
			return Shape{}, fmt.Errorf("wanted a rate from 0 to below 1, found %g", l.Rate)
		}
		return in, nil
	case GlobalAvgPool:
		return Shape{in.C, 1, 1}, nil
	case AdaptiveAvgPool:
		return Shape{in.C, l.Height, l.Width}, nil
	case Concat:
		return l.concat(ins)
	case Flatten:
		return Shape{in.Len(), 1, 1}, nil
	case Add:
		for i, s := range ins {
			if s != in {
				return Shape{}, fmt.Errorf("wanted inputs of one shape, found %s %v and %s %v", l.Inputs[0], in, l.Inputs[i], s)
			}
		}
		return in, nil
	}
	if l.Op.Elementwise() {
		return in, nil
	}
	return Shape{}, fmt.Errorf("wanted an operation of %s, found %q", join(Operations()), l.Op)
}

func join(ops []Op) string {
	names := make([]string, len(ops))
	for i, o := range ops {
		names[i] = string(o)
	}
	return strings.Join(names, ", ")
}

// concat is the shape of the inputs' channels side by side.
func (l Layer) concat(ins []Shape) (Shape, error) {
	out := Shape{0, ins[0].H, ins[0].W}
	for i, s := range ins {
		if s.H != out.H || s.W != out.W {
			return Shape{}, fmt.Errorf("wanted inputs of one height and width, found %s %v and %s %v", l.Inputs[0], ins[0], l.Inputs[i], s)
		}
		out.C += s.C
	}
	return out, nil
}

// window is the output of sliding a kernel over the input.
func (l Layer) window(in Shape, channels int) (Shape, error) {
	if l.Kernel < 1 || l.Stride < 1 || l.Padding < 0 || max(l.Kernel, l.Stride, l.Padding) > math.MaxInt16 {
		return Shape{}, fmt.Errorf("kernel %d, stride %d, padding %d make no window", l.Kernel, l.Stride, l.Padding)
	}
	h := in.H + 2*l.Padding
	w := in.W + 2*l.Padding
	if h < l.Kernel || w < l.Kernel {
		return Shape{}, fmt.Errorf("kernel %d is larger than the padded input %d×%d", l.Kernel, h, w)
	}
	return Shape{channels, (h-l.Kernel)/l.Stride + 1, (w-l.Kernel)/l.Stride + 1}, nil
}
