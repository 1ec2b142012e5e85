package nn

import (
	"math"
	"runtime"
	"strings"
	"testing"

	"otfusion/models"
)

// No two outputs that live at once share memory, and what need not live at once
// does share it.
func TestPlan(t *testing.T) {
	for name, a := range nets() {
		t.Run(name, func(t *testing.T) {
			g := naiveTrainer(t, randomModel(t, a, 1), Loss{}, 2).graph
			last := g.lastReads(nil)
			for i, o := range g.ops {
				for j, p := range g.ops[:i] {
					if last[j] < i || last[j] == i && overwritten(o) == p.base() {
						continue
					}
					if overlap(o.base().out, p.base().out) {
						t.Errorf("%v writes over %v, which %v still reads", o, p, g.ops[last[j]])
					}
				}
			}
		})
	}
}

func overlap(x, y []float32) bool {
	for i := range x {
		if &x[i] == &y[0] {
			return true
		}
	}
	for i := range y {
		if &y[i] == &x[0] {
			return true
		}
	}
	return false
}

// The plan for networks of many layers takes at most a quarter more memory than
// what lives at the worst moment, which no plan can go below.
func TestPlanIsTight(t *testing.T) {
	for _, arch := range []string{"vgg11", "resnet18", "resnet18_bn"} {
		a, err := models.Build(arch, models.Options{Width: 0.25})
		if err != nil {
			t.Fatal(err)
		}
		m, err := models.New(a)
		if err != nil {
			t.Fatal(err)
		}
		blocks := naiveTrainer(t, m, Loss{}, 4).graph.arena
		takes, most := 0, 0
		for _, b := range blocks {
			takes = max(takes, b.offset+b.size)
			alive := 0
			for _, c := range blocks {
				if c.first <= b.first && b.first <= c.last {
					alive += c.size
				}
			}
			most = max(most, alive)
		}
		t.Logf("%s: the plan takes %d values, %d live at once", arch, takes, most)
		if takes > most+most/4 {
			t.Errorf("%s: the plan takes %d values, %d live at once", arch, takes, most)
		}
	}
}

// Inference of a long chain needs memory for two activations.
func TestInferenceSharesMemory(t *testing.T) {
	a := &models.Arch{Name: "chain", Input: models.Shape{C: 16, H: 1, W: 1}}
	before := models.InputName
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		a.Layers = append(a.Layers, models.Layer{Name: name, Op: models.Linear, Out: 16, Inputs: []string{before}})
		before = name
	}
	p := naivePredictor(t, randomModel(t, a, 1), 1)
	used := map[*float32]bool{}
	for _, o := range p.graph.ops {
		used[&o.base().out[0]] = true
	}
	if len(used) != 2 {
		t.Errorf("five layers use %d buffers", len(used))
	}
}

// After the first, a step leaves nothing on Go's heap.
func TestStepAllocations(t *testing.T) {
	a := nets()["mlp"]
	tr := naiveTrainer(t, randomModel(t, a, 1), Loss{}, 8)
	x, y := make([]float32, 8*a.Input.Len()), make([]float32, 8*a.Classes())
	var before, after runtime.MemStats
	const steps = 50
	for i := range steps + 1 {
		if i == 1 {
			runtime.ReadMemStats(&before)
		}
		if _, err := tr.Step(x, y, nil, 8); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	perOperation := int(after.TotalAlloc-before.TotalAlloc) / steps / len(tr.graph.ops)
	t.Logf("%d bytes for each of %d operations", perOperation, len(tr.graph.ops))
	if perOperation > 16 { // others may allocate at the same time
		t.Errorf("a step allocates %d bytes for each of %d operations", perOperation, len(tr.graph.ops))
	}
}

// A batch that the machine cannot hold is refused before memory is set aside.
func TestAffordable(t *testing.T) {
	m := randomModel(t, nets()["mlp"], 1) // 72 values, flat 72, 7, 7, 5, 5, 3: 171 in all
	shapes, err := m.Arch.Shapes()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		train   bool
		machine uint64
		ok      bool
	}{{false, 1440, true}, {false, 1439, false}, {true, 3420, true}, {true, 3419, false}, {true, 0, true}} {
		if err := affordable(shapes, 10, c.train, c.machine); (err == nil) != c.ok {
			t.Errorf("%+v: %v", c, err)
		}
	}
	_, err = NewPredictor(m, Options{Batch: math.MaxInt32 << 20})
	if err == nil || !strings.Contains(err.Error(), "wanted a smaller batch") {
		t.Errorf("found %v", err)
	}
}
