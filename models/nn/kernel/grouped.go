package kernel

import "fmt"

// grouped is a convolution of several groups as one of all channels, whose
// weights between different groups are zero. That does G times the work, on
// the kernels that are the fastest an engine has.
type grouped struct {
	spec ConvSpec
	conv Conv
	w    []float32 // (O, C, k, k), or its gradient
}

// NewGrouped builds a convolution of several groups from an engine's of one.
func NewGrouped(s ConvSpec, build func(ConvSpec) (Conv, error)) (Conv, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	whole := s
	whole.Groups = 1
	conv, err := build(whole)
	if err != nil {
		return nil, err
	}
	return &grouped{s, conv, make([]float32, whole.Weights())}, nil
}

// Forward implements [Conv].
func (g *grouped) Forward(y, x, w, b []float32) error {
	if err := g.spread(w); err != nil {
		return err
	}
	return g.conv.Forward(y, x, g.w, b)
}

// BackwardInput implements [Conv].
func (g *grouped) BackwardInput(dx, dy, w, x []float32) error {
	if err := g.spread(w); err != nil {
		return err
	}
	return g.conv.BackwardInput(dx, dy, g.w, x)
}

// BackwardParams implements [Conv].
func (g *grouped) BackwardParams(dw, db, x, dy []float32) error {
	if err := g.check(dw); err != nil {
		return err
	}
	if err := g.conv.BackwardParams(g.w, db, x, dy); err != nil {
		return err
	}
	for o := range g.spec.Out {
		own, of := g.row(dw, o)
		copy(own, of)
	}
	return nil
}

// spread puts the weights to their places among zeros.
func (g *grouped) spread(w []float32) error {
	if err := g.check(w); err != nil {
		return err
	}
	clear(g.w)
	for o := range g.spec.Out {
		own, of := g.row(w, o)
		copy(of, own)
	}
	return nil
}

// row is output channel o's part of w, and its place in the weights of all channels.
func (g *grouped) row(w []float32, o int) (own, of []float32) {
	size := len(w) / g.spec.Out
	group := o / (g.spec.Out / g.spec.Groups)
	at := (o*g.spec.Groups + group) * size
	return w[o*size : (o+1)*size], g.w[at : at+size]
}

func (g *grouped) check(w []float32) error {
	if len(w) != g.spec.Weights() {
		return fmt.Errorf("kernel: layer %s: wanted %d weights, found %d", g.spec.Name, g.spec.Weights(), len(w))
	}
	return nil
}
