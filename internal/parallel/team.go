package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

const (
	// teamGrain is the least work, in steps of about a nanosecond, worth a
	// member of a team.
	teamGrain = 1 << 12

	// spins is how often a member looks for the next piece before it sleeps,
	// some 20 µs; every yieldEvery looks it lets other goroutines run.
	spins      = 1 << 14
	yieldEvery = 1 << 12
)

// A Team is [For] for many short pieces of work in a row: its goroutines
// stay, and spin for a moment before they sleep. The same member gets the same
// range each time, which keeps its part of the data in the cache of its core.
// One goroutine at a time may use it.
type Team struct {
	members int
	work    func(member int) // nil ends the others
	piece   atomic.Uint32    // counts pieces of work
	left    atomic.Int32     // members that are still at this one
	begun   *gate
	ended   *gate
	running sync.WaitGroup
}

// NewTeam is a team for work on up to n items of the given size, as of
// [For]. Close ends its goroutines.
func NewTeam(n, size int) *Team {
	t := &Team{members: max(1, min(runtime.GOMAXPROCS(0), n, n*size/teamGrain)), begun: newGate(), ended: newGate()}
	for m := 1; m < t.members; m++ {
		t.running.Go(func() { t.serve(m) })
	}
	return t
}

// Run calls work on ranges that partition [0, n), one for each member. Results
// must not depend on their number.
func (t *Team) Run(n int, work func(lo, hi int)) {
	share := func(member int) { work(n*member/t.members, n*(member+1)/t.members) }
	t.begin(share)
	share(0)
	t.ended.wait(func() bool { return t.left.Load() == 0 })
}

// Close ends the team.
func (t *Team) Close() {
	t.begin(nil)
	t.running.Wait()
}

func (t *Team) begin(work func(member int)) {
	t.work = work
	t.left.Store(int32(t.members - 1))
	t.piece.Add(1)
	t.begun.open()
}

// serve does a member's share of every piece of work.
func (t *Team) serve(member int) {
	for piece := uint32(1); ; piece++ {
		t.begun.wait(func() bool { return t.piece.Load() == piece })
		if t.work == nil {
			return
		}
		t.work(member)
		if t.left.Add(-1) == 0 {
			t.ended.open()
		}
	}
}

// A gate holds goroutines until a condition holds, which another one brings
// about before it opens the gate.
type gate struct {
	mu   sync.Mutex
	cond *sync.Cond
}

func newGate() *gate {
	g := &gate{}
	g.cond = sync.NewCond(&g.mu)
	return g
}

func (g *gate) wait(ready func() bool) {
	for i := range spins {
		if ready() {
			return
		}
		if i%yieldEvery == yieldEvery-1 {
			runtime.Gosched()
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for !ready() {
		g.cond.Wait()
	}
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.cond.Broadcast()
}
