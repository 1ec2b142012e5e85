package portable

// initMax readies a pool for saving winners. A winner is the number of a pixel of its
// window, counted from the first one inside the map.
func (p *pool[T]) initMax() {
	p.winner = make([]uint16, p.out.Len())
	for k := range p.spec.Kernel * p.spec.Kernel {
		p.offsets = append(p.offsets, (k/p.spec.Kernel*p.spec.In.W+k%p.spec.Kernel)*p.spec.In.C)
	}
}

// maxForward takes the maxima of one sample, and in training where they stood.
func (p *pool[T]) maxForward(_, n int) {
	in, out := p.spec.In, p.out
	x, y := sampleOf(p.x, in, n), sampleOf(p.y, out, n)
	var winner []uint16
	if p.spec.Train {
		winner = sampleOf(p.winner, out, n)
	}
	for u := range out.H {
		for v := range out.W {
			at := (u*out.W + v) * in.C
			if winner == nil {
				p.maxPixel(y[at:at+in.C], x, u, v)
			} else {
				p.maxPixelWinner(y[at:at+in.C], winner[at:at+in.C], x, u, v)
			}
		}
	}
}

// maxPixel takes the maxima of one window. A NaN is greater than any number, as in PyTorch.
func (p *pool[T]) maxPixel(best, x []T, u, v int) {
	in := p.spec.In
	y0, y1 := p.window(u, in.H)
	x0, x1 := p.window(v, in.W)
	copy(best, x[(y0*in.W+x0)*in.C:])
	for i := y0; i < y1; i++ {
		for j := x0; j < x1; j++ {
			for c, v := range x[(i*in.W+j)*in.C:][:len(best)] {
				best[c] = max(best[c], v)
			}
		}
	}
}

// maxPixelWinner is maxPixel that keeps the first pixel of each maximum.
func (p *pool[T]) maxPixelWinner(best []T, winner []uint16, x []T, u, v int) {
	in := p.spec.In
	y0, y1 := p.window(u, in.H)
	x0, x1 := p.window(v, in.W)
	copy(best, x[(y0*in.W+x0)*in.C:])
	clear(winner)
	winner = winner[:len(best)]
	for i := y0; i < y1; i++ {
		for j := x0; j < x1; j++ {
			at := uint16((i-y0)*p.spec.Kernel + j - x0)
			for c, v := range x[(i*in.W+j)*in.C:][:len(best)] {
				if v > best[c] || v != v {
					best[c], winner[c] = v, at
				}
			}
		}
	}
}

// maxBackward gives the gradient to the winners.
func (p *pool[T]) maxBackward(_, n int) {
	in, out := p.spec.In, p.out
	dx, dy, winner := sampleOf(p.dx, in, n), sampleOf(p.dy, out, n), sampleOf(p.winner, out, n)
	clear(dx)
	for u := range out.H {
		y0, _ := p.window(u, in.H)
		for v := range out.W {
			x0, _ := p.window(v, in.W)
			from, at := (y0*in.W+x0)*in.C, (u*out.W+v)*in.C
			for c, g := range dy[at : at+in.C] {
				dx[from+p.offsets[winner[at+c]]+c] += g
			}
		}
	}
}
