package nn

import (
	G "gorgonia.org/gorgonia"
)

// sequence is a Gorgonia VM. It runs our operations in the order of their
// creation, for which the memory is planned, on the caller's goroutine.
// Gorgonia's tape machine runs them in the same order, but in a second goroutine,
// with the caller waiting on a locked thread: two changes of thread in each run,
// which a network as small as MLPNet feels.
type sequence struct {
	ops    []operation
	inputs [][]G.Value // of each operation
}

func newSequence(ops []operation) *sequence {
	s := &sequence{ops: ops}
	outputs := map[*G.Node]G.Value{}
	for _, o := range ops {
		b := o.base()
		inputs := make([]G.Value, len(b.children))
		for i, c := range b.children {
			if inputs[i] = outputs[c]; inputs[i] == nil {
				inputs[i] = c.Value()
			}
		}
		b.buffer()
		outputs[b.node] = b.view
		s.inputs = append(s.inputs, inputs)
	}
	return s
}

// RunAll runs every operation once.
func (s *sequence) RunAll() error {
	for i, o := range s.ops {
		if _, err := o.Do(s.inputs[i]...); err != nil {
			return err
		}
	}
	return nil
}

// Reset does nothing: a run leaves nothing behind.
func (s *sequence) Reset() {}

// Close does nothing.
func (s *sequence) Close() error { return nil }
