package main

import (
	"fmt"
	"time"
)

// stages returns what tells a person how far a fusion is: a line for every
// tenth of a stage that takes longer than a second, with the time that is left.
func (g *globals) stages() func(stage string, done, total int) {
	if g.Quiet {
		return nil
	}
	said, begun, last := map[string]int{}, map[string]time.Time{}, time.Now()
	return func(stage string, done, total int) {
		if begun[stage].IsZero() {
			begun[stage] = last
		}
		last = time.Now()
		taken := last.Sub(begun[stage])
		tenth := int(10 * float64(done) / float64(total))
		if tenth <= said[stage] || taken < time.Second {
			return
		}
		said[stage] = tenth
		left := time.Duration(float64(taken) * float64(total-done) / float64(done))
		fmt.Fprintf(g.stderr, "%s: %d %%, %v left\n", stage, 10*tenth, left.Round(time.Second))
	}
}
