package parallel

import (
	"runtime"
	"testing"
	"time"
)

// Every piece of work covers all items once, whether members spin or sleep.
func TestTeamDoesAllOfEveryPiece(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	for _, n := range []int{1, 3, 4, 100} {
		team := NewTeam(n, 1<<20)
		counts := make([]int, n)
		for piece := range 60 {
			if piece%20 == 10 {
				time.Sleep(5 * time.Millisecond) // longer than they spin
			}
			team.Run(n, func(lo, hi int) {
				for i := lo; i < hi; i++ {
					counts[i]++
				}
			})
		}
		team.Close()
		for i, c := range counts {
			if c != 60 {
				t.Errorf("%d items: item %d was done %d times in 60 pieces", n, i, c)
			}
		}
	}
}

// A piece without enough items for all leaves some members without any.
func TestTeamOfMoreMembersThanItems(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	team := NewTeam(100, 1<<20)
	defer team.Close()
	done := make([]bool, 2)
	team.Run(2, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			done[i] = true
		}
	})
	if !done[0] || !done[1] {
		t.Errorf("done %v", done)
	}
}
