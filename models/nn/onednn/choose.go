//go:build onednn && cgo

package onednn

// #include "arena.h"
import "C"

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"otfusion/models/nn/kernel"
)

// candidate is an algorithm for one direction of one layer.
type candidate struct {
	name  string
	build func() (algorithm, error) // errors where it does not fit the layer
}

// algorithm is a candidate, built. What run works on is up to the layer.
type algorithm interface {
	run(operands) error
	free()
}

// job is what choose needs to know of one direction of one layer.
type job struct {
	layer, direction string
	key              string // equal for layers that are the same but for their names
	flop             float64
	sample           func() (operands, func()) // operands to time on, and what releases them
}

// How candidates are timed: runs of each, the first to warm up, and how many
// times slower than the fastest one may be to be run again.
const (
	rounds   = 5
	hopeless = 1.5
)

// choose builds the fastest candidate or, of a deterministic engine, the first
// that fits; a layer timed before gets the same algorithm again. It notes the choice.
func (e *engine) choose(j job, candidates []candidate) (algorithm, error) {
	choice := kernel.Choice{Layer: j.layer, Direction: j.direction, FLOP: j.flop}
	before, again := e.chosen[j.key]
	if again {
		candidates = only(candidates, before.Algorithm)
		choice.Seconds, choice.Others = before.Seconds, before.Others
	}
	fitting, err := e.buildAll(candidates)
	if err != nil {
		return nil, fmt.Errorf("onednn: %s: %s: no algorithm: %w", j.layer, j.direction, err)
	}
	best := 0
	if !again && !e.options.Deterministic {
		if best, err = e.race(j, fitting, &choice); err != nil {
			freeAll(fitting)
			return nil, err
		}
	}
	freeAll(slices.Concat(fitting[:best], fitting[best+1:]))
	e.scratch = max(e.scratch, fitting[best].scratch)
	if C.otf_arena_resize(e.arena, e.scratch) == 0 {
		fitting[best].free()
		return nil, fmt.Errorf("onednn: %s: %w: wanted %d bytes of scratch", j.layer, errMemory, e.scratch)
	}
	choice.Algorithm = fitting[best].name
	e.choices = append(e.choices, choice)
	e.chosen[j.key] = choice
	e.closers = append(e.closers, fitting[best].free)
	return fitting[best].algorithm, nil
}

type built struct {
	algorithm
	name    string
	scratch C.size_t // bytes of the arena
}

func only(candidates []candidate, name string) []candidate {
	for _, c := range candidates {
		if c.name == name {
			return []candidate{c}
		}
	}
	return candidates
}

func freeAll(list []built) {
	for _, b := range list {
		b.free()
	}
}

// buildAll builds the candidates that fit or, for a deterministic engine, the
// first of them. Where memory runs out none is taken in place of another, which
// would compute other bits.
func (e *engine) buildAll(candidates []candidate) (fitting []built, err error) {
	var errs []error
	for _, c := range candidates {
		e.arena.needed = 0
		a, err := c.build()
		if errors.Is(err, errMemory) {
			freeAll(fitting)
			return nil, err
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		fitting = append(fitting, built{a, c.name, e.arena.needed})
		if e.options.Deterministic {
			break
		}
	}
	if len(fitting) == 0 {
		return nil, errors.Join(errs...)
	}
	return fitting, nil
}

// race times the algorithms on sample operands and returns the fastest's index.
func (e *engine) race(j job, fitting []built, choice *kernel.Choice) (int, error) {
	o, release := j.sample()
	defer release()
	seconds, err := e.clock(fitting, o)
	if err != nil {
		return 0, fmt.Errorf("onednn: %s: %s: %w", j.layer, j.direction, err)
	}
	best := fastest(seconds)
	choice.Seconds = seconds[best]
	for i, a := range fitting {
		if i != best {
			choice.Others = append(choice.Others, kernel.Timed{Algorithm: a.name, Seconds: seconds[i]})
		}
	}
	return best, nil
}

// clock returns each algorithm's shortest time. They take turns, so that what
// else the machine does hits all; one that is far behind drops out.
func (e *engine) clock(fitting []built, o operands) ([]float64, error) {
	seconds := make([]float64, len(fitting))
	for round := range rounds {
		slowest := math.Inf(1)
		if round > 1 {
			slowest = hopeless * seconds[fastest(seconds)]
		}
		for i, a := range fitting {
			if seconds[i] > slowest {
				continue
			}
			d, err := e.clockOnce(a, o)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", a.name, err)
			}
			if round <= 1 || d < seconds[i] { // round 0 warms up
				seconds[i] = d
			}
		}
	}
	return seconds, nil
}

// clockOnce times one run, after the own threads have worked, as in a step.
func (e *engine) clockOnce(a algorithm, o operands) (float64, error) {
	e.ReLU(e.busy, e.busy, kernel.Shape{N: len(e.busy), C: 1, H: 1, W: 1}, true)
	start := time.Now()
	err := a.run(o)
	return time.Since(start).Seconds(), err
}

func fastest(seconds []float64) int {
	best := 0
	for i, s := range seconds {
		if s < seconds[best] {
			best = i
		}
	}
	return best
}

// Choices lists the algorithms in the order in which the layers were built.
func (e *engine) Choices() []kernel.Choice { return append([]kernel.Choice(nil), e.choices...) }
