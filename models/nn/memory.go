package nn

import (
	"cmp"
	"fmt"
	"slices"
	"unsafe"

	"otfusion/models"
)

// line is what memory is aligned to, in bytes: a cache line and an AVX-512
// vector.
const line = 64

// aligned is zeroed memory for n values.
func aligned(n int) []float32 {
	const slack = line / 4
	x := make([]float32, n+slack)
	skip := 0
	if r := uintptr(unsafe.Pointer(unsafe.SliceData(x))) % line; r != 0 {
		skip = int(line-r) / 4
	}
	return x[skip : skip+n : skip+n]
}

// affordable refuses a batch whose activations do not fit into the machine's
// memory, before any is set aside: the largest of them, or all if a backward
// pass reads them, at two bytes a value, which bfloat16 takes. A machine of 0
// bytes is unknown.
func affordable(shapes map[string]models.Shape, batch int, train bool, machine uint64) error {
	most, sum := 0, 0
	for _, s := range shapes {
		most, sum = max(most, s.Len()), sum+s.Len()
	}
	if train {
		most = sum
	}
	if need := 2 * float64(batch) * float64(most); machine > 0 && need > float64(machine) {
		return fmt.Errorf("a batch of %d takes at least %.3g GB for its activations, the machine has %.3g GB: wanted a smaller batch",
			batch, need/1e9, float64(machine)/1e9)
	}
	return nil
}

// block is memory that the outputs of one or more operations use.
type block struct {
	ops         []*op
	size        int // values, a multiple of a line
	first, last int // places of the operation that writes it and the last that reads it
	offset      int // in the arena
}

// overwriter is an operation that may write its output over an input.
type overwriter interface{ overwrites() int }

// plan gives memory to every operation that has none yet. Outputs that never
// live at once share it; the values kept live to the end of the run.
func (g *graph) plan(keep []*value) {
	blocks := g.blocks(g.lastReads(keep))
	slices.SortStableFunc(blocks, func(a, b *block) int { return cmp.Compare(b.size, a.size) })
	total := 0
	for i, b := range blocks {
		b.place(blocks[:i])
		total = max(total, b.offset+b.size)
	}
	arena := aligned(total)
	for _, b := range blocks {
		for _, o := range b.ops {
			o.assign(arena[b.offset:][:o.shape.TotalSize():b.size])
		}
	}
	g.arena = blocks
}

// lastReads is, by place of an operation, that of the last to read its output.
func (g *graph) lastReads(keep []*value) []int {
	last := make([]int, len(g.ops))
	for i, o := range g.ops {
		last[i] = i
		for _, child := range o.base().children {
			if made, ok := child.Op().(operation); ok {
				last[made.base().place] = i
			}
		}
	}
	for _, v := range keep {
		if v.from != nil {
			last[v.from.place] = len(g.ops)
		}
	}
	return last
}

// blocks groups outputs: an operation that may overwrite an input which nobody
// reads later does.
func (g *graph) blocks(last []int) []*block {
	var blocks []*block
	of := map[*op]*block{}
	for i, o := range g.ops {
		b := o.base()
		if b.out != nil {
			continue
		}
		size := (b.shape.TotalSize()*4 + line - 1) / line * line / 4
		if before := of[overwritten(o)]; before != nil && before.last == i && before.size == size {
			before.ops, before.last = append(before.ops, b), last[i]
			of[b] = before
			continue
		}
		of[b] = &block{ops: []*op{b}, size: size, first: i, last: last[i]}
		blocks = append(blocks, of[b])
	}
	return blocks
}

// overwritten is the operation whose output o may overwrite, or nil.
func overwritten(o operation) *op {
	w, ok := o.(overwriter)
	if !ok {
		return nil
	}
	made, ok := o.base().children[w.overwrites()].Op().(operation)
	if !ok {
		return nil
	}
	return made.base()
}

// place finds the lowest offset at which b overlaps none of the placed blocks
// that live when it does.
func (b *block) place(placed []*block) {
	var busy []*block
	for _, p := range placed {
		if p.first <= b.last && b.first <= p.last {
			busy = append(busy, p)
		}
	}
	slices.SortFunc(busy, func(p, q *block) int { return cmp.Compare(p.offset, q.offset) })
	for _, p := range busy {
		if b.offset+b.size <= p.offset {
			return
		}
		b.offset = max(b.offset, p.offset+p.size)
	}
}
