package portable

import "otfusion/models/nn/kernel"

// depthwise is a convolution of every channel with a filter of its own. In the
// packed layout the channels of a pixel are contiguous, and so are, transposed,
// the weights of one tap. It computes in full precision.
type depthwise[T float] struct {
	*core[T]
	spec   kernel.ConvSpec
	out    kernel.Shape
	taps   []T // (k·k, C)
	image  []T // the network's input, or its gradient, packed
	chunks int // of samples, whose gradients of the weights are summed in order

	y, x, b, dx, dy                  []T
	forwardRow, inputOne, paramChunk func(worker, task int)
}

// depthwiseChunks bounds the chunks.
const depthwiseChunks = 16

func newDepthwise[T float](e *core[T], s kernel.ConvSpec) *depthwise[T] {
	d := &depthwise[T]{core: e, spec: s, out: s.OutShape(), taps: make([]T, s.Weights()), chunks: min(s.In.N, depthwiseChunks)}
	d.forwardRow, d.inputOne, d.paramChunk = d.computeRow, d.computeInput, d.computeParams
	if s.Plain {
		d.image = make([]T, s.In.Len())
	}
	if s.Train {
		e.reserve(d.chunks*s.Weights(), 0)
	}
	flop := 2 * float64(d.out.Len()) * float64(s.Kernel*s.Kernel)
	e.chose(s.Name, "depthwise loops", flop, directions(s.Train, s.InputGrad)...)
	return d
}

// packed is x in the packed layout.
func (d *depthwise[T]) packed(x []T) []T {
	if !d.spec.Plain {
		return x
	}
	d.Pack(d.image, x, d.spec.In)
	return d.image
}

// Forward is y = x * w + b, then ReLU if the spec wants it.
func (d *depthwise[T]) Forward(y, x, w, b []T) error {
	s := &d.spec
	if err := lengths(s.Name, arg[T]{"y", y, d.out.Len()}, arg[T]{"x", x, s.In.Len()}, arg[T]{"w", w, s.Weights()}); err != nil {
		return err
	}
	if !s.Bias {
		b = nil
	} else if err := lengths(s.Name, arg[T]{"b", b, s.Out}); err != nil {
		return err
	}
	transposed(d.taps, w, s.Out, s.Kernel*s.Kernel)
	d.y, d.x, d.b = y, d.packed(x), b
	d.run(d.out.N*d.out.H, d.forwardRow)
	return nil
}

// eachTap calls do with the places of an output pixel, a pixel of the input
// that it sees, and the tap between them, of row u of sample n.
func (d *depthwise[T]) eachTap(n, u int, do func(d *depthwise[T], y, x, tap int)) {
	s, c := &d.spec, d.out.C
	for v := range d.out.W {
		at := ((n*d.out.H+u)*d.out.W + v) * c
		for tap := range s.Kernel * s.Kernel {
			i, j := u*s.Stride-s.Padding+tap/s.Kernel, v*s.Stride-s.Padding+tap%s.Kernel
			if uint(i) < uint(s.In.H) && uint(j) < uint(s.In.W) {
				do(d, at, ((n*s.In.H+i)*s.In.W+j)*c, tap*c)
			}
		}
	}
}

func (d *depthwise[T]) computeRow(_, row int) {
	c, width := d.out.C, d.out.W*d.out.C
	y := d.y[row*width : (row+1)*width]
	clear(y)
	for at := 0; at < width && d.b != nil; at += c {
		copy(y[at:], d.b)
	}
	d.eachTap(row/d.out.H, row%d.out.H, func(d *depthwise[T], y, x, tap int) {
		addProducts(d.y[y:y+d.out.C], d.x[x:], d.taps[tap:])
	})
	if d.spec.ReLU {
		relu(y, y)
	}
}

// BackwardInput spreads dy over what each of its pixels saw.
func (d *depthwise[T]) BackwardInput(dx, dy, w, x []T) error {
	s := &d.spec
	if !s.InputGrad {
		return notBuilt(s.Name, "input")
	}
	if err := lengths(s.Name, arg[T]{"dx", dx, s.In.Len()}, arg[T]{"dy", dy, d.out.Len()}, arg[T]{"w", w, s.Weights()}); err != nil {
		return err
	}
	transposed(d.taps, w, s.Out, s.Kernel*s.Kernel)
	d.dx, d.dy = dx, dy
	if s.Plain {
		d.dx = d.image
	}
	d.run(s.In.N, d.inputOne)
	if s.Plain {
		d.Unpack(dx, d.image, s.In)
	}
	if !s.MaskInput {
		return nil
	}
	if err := lengths(s.Name, arg[T]{"x", x, s.In.Len()}); err != nil {
		return err
	}
	d.ReLUGrad(dx, dx, x, s.In, s.Plain)
	return nil
}

func (d *depthwise[T]) computeInput(_, n int) {
	clear(sampleOf(d.dx, d.spec.In, n))
	for u := range d.out.H {
		d.eachTap(n, u, func(d *depthwise[T], y, x, tap int) {
			addProducts(d.dx[x:x+d.out.C], d.dy[y:], d.taps[tap:])
		})
	}
}

// BackwardParams is the gradient by w and b.
func (d *depthwise[T]) BackwardParams(dw, db, x, dy []T) error {
	s := &d.spec
	if !s.Train {
		return notBuilt(s.Name, "parameter")
	}
	if err := lengths(s.Name, arg[T]{"dw", dw, s.Weights()}, arg[T]{"x", x, s.In.Len()}, arg[T]{"dy", dy, d.out.Len()}); err != nil {
		return err
	}
	d.x, d.dy = d.packed(x), dy
	d.run(d.chunks, d.paramChunk)
	total := d.shared[:len(dw)]
	for chunk := 1; chunk < d.chunks; chunk++ {
		for i, v := range d.shared[chunk*len(dw):][:len(dw)] {
			total[i] += v
		}
	}
	transposed(dw, total, s.Kernel*s.Kernel, s.Out)
	if !s.Bias {
		return nil
	}
	if err := lengths(s.Name, arg[T]{"db", db, s.Out}); err != nil {
		return err
	}
	d.columnSums(db, dy)
	return nil
}

// computeParams sums the gradient of the weights, (k·k, C), over a chunk of samples.
func (d *depthwise[T]) computeParams(_, chunk int) {
	size := ceilDiv(d.spec.In.N, d.chunks)
	clear(d.shared[chunk*len(d.taps):][:len(d.taps)])
	for n := chunk * size; n < min((chunk+1)*size, d.spec.In.N); n++ {
		for u := range d.out.H {
			d.eachTap(n, u, func(d *depthwise[T], y, x, tap int) {
				addProducts(d.shared[chunk*len(d.taps)+tap:][:d.out.C], d.dy[y:], d.x[x:])
			})
		}
	}
}

// addProducts is y += a·b, value by value.
func addProducts[T float](y, a, b []T) {
	a, b = a[:len(y)], b[:len(y)]
	for i, v := range a {
		y[i] += v * b[i]
	}
}
