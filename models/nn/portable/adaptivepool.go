package portable

// covering is the i-th of n windows that cover an axis of that length.
func covering(i, n, length int) (from, to int) { return i * length / n, ceilDiv((i+1)*length, n) }

// adaptiveForward takes the means of one sample's windows.
func (p *pool[T]) adaptiveForward(_, n int) {
	in, out := p.spec.In, p.out
	x, y := sampleOf(p.x, in, n), sampleOf(p.y, out, n)
	clear(y)
	p.eachPixel(func(of, at int, scale T) { addScaled(y[of:of+in.C], x[at:], scale) })
}

// adaptiveBackward spreads the gradient over the windows.
func (p *pool[T]) adaptiveBackward(_, n int) {
	in, out := p.spec.In, p.out
	dx, dy := sampleOf(p.dx, in, n), sampleOf(p.dy, out, n)
	clear(dx)
	p.eachPixel(func(of, at int, scale T) { addScaled(dx[at:at+in.C], dy[of:], scale) })
}

// eachPixel calls do with the place of every output, of every pixel in its
// window, and the pixel's share in the mean.
func (p *pool[T]) eachPixel(do func(of, at int, share T)) {
	in, out := p.spec.In, p.out
	for u := range out.H {
		y0, y1 := covering(u, out.H, in.H)
		for v := range out.W {
			x0, x1 := covering(v, out.W, in.W)
			for i := y0; i < y1; i++ {
				for j := x0; j < x1; j++ {
					do((u*out.W+v)*in.C, (i*in.W+j)*in.C, 1/T((y1-y0)*(x1-x0)))
				}
			}
		}
	}
}
