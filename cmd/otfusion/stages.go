package main

import "fmt"

// stages returns what a fusion reports its progress to: a line on standard
// error for each tenth of a stage, nil when quiet.
func (g *globals) stages() func(stage string, done, total int) {
	if g.Quiet {
		return nil
	}
	said := map[string]int{}
	return func(stage string, done, total int) {
		if tenth := 10 * done / total; tenth > said[stage] {
			said[stage] = tenth
			fmt.Fprintf(g.stderr, "%s: %d of %d\n", stage, done, total)
		}
	}
}
