package portable

// averageForward takes the means of one sample's windows, padded zeros included.
func (p *pool[T]) averageForward(_, n int) {
	in, out := p.spec.In, p.out
	x, y := sampleOf(p.x, in, n), sampleOf(p.y, out, n)
	scale := 1 / T(p.spec.Kernel*p.spec.Kernel)
	clear(y)
	for u := range out.H {
		y0, y1 := p.window(u, in.H)
		for v := range out.W {
			x0, x1 := p.window(v, in.W)
			mean := y[(u*out.W+v)*in.C:][:in.C]
			for i := y0; i < y1; i++ {
				for j := x0; j < x1; j++ {
					addScaled(mean, x[(i*in.W+j)*in.C:], scale)
				}
			}
		}
	}
}

// averageBackward spreads the gradient over the windows.
func (p *pool[T]) averageBackward(_, n int) {
	in, out := p.spec.In, p.out
	dx, dy := sampleOf(p.dx, in, n), sampleOf(p.dy, out, n)
	scale := 1 / T(p.spec.Kernel*p.spec.Kernel)
	clear(dx)
	for u := range out.H {
		y0, y1 := p.window(u, in.H)
		for v := range out.W {
			x0, x1 := p.window(v, in.W)
			for i := y0; i < y1; i++ {
				for j := x0; j < x1; j++ {
					addScaled(dx[(i*in.W+j)*in.C:][:in.C], dy[(u*out.W+v)*in.C:], scale)
				}
			}
		}
	}
}

func (p *pool[T]) globalForward(_, n int) {
	in := p.spec.In
	x, y := sampleOf(p.x, in, n), sampleOf(p.y, p.out, n)
	scale := 1 / T(in.H*in.W)
	clear(y)
	for at := 0; at < len(x); at += in.C {
		addScaled(y, x[at:], scale)
	}
}

func (p *pool[T]) globalBackward(_, n int) {
	in := p.spec.In
	dx, dy := sampleOf(p.dx, in, n), sampleOf(p.dy, p.out, n)
	scale := 1 / T(in.H*in.W)
	clear(dx)
	for at := 0; at < len(dx); at += in.C {
		addScaled(dx[at:at+in.C], dy, scale)
	}
}

// addScaled is y += scale·x.
func addScaled[T float](y, x []T, scale T) {
	x = x[:len(y)]
	for i, v := range x {
		y[i] += scale * v
	}
}
