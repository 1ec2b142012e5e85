package models

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// perceptron is a Linear layer of random parameters from four inputs to n
// outputs, named by the classes if there are any.
func perceptron(t *testing.T, seed uint64, n int, classes ...string) *Model {
	t.Helper()
	return random(t, seed, classes, []Layer{{Name: "fc", Op: Linear, Inputs: []string{InputName}, Out: n, Bias: true}})
}

// random is a network of four inputs with random parameters, biases too.
func random(t *testing.T, seed uint64, classes []string, layers []Layer) *Model {
	t.Helper()
	m, err := New(&Arch{Name: "small", Input: Shape{4, 1, 1}, Layers: layers})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(seed, 1))
	for _, l := range m.Arch.Layers { // a map has no order
		for _, kind := range []string{"weight", "bias"} {
			for i := range m.Params[l.Name+"."+kind].Data {
				m.Params[l.Name+"."+kind].Data[i] = float32(r.NormFloat64())
			}
		}
	}
	if classes != nil {
		m.SetClasses(classes, classes)
	}
	return m
}

// answer is a network's outputs by name, if it is of Linear and Add layers.
func answer(t *testing.T, m *Model, x []float32) map[string]float32 {
	t.Helper()
	if err := m.Check(); err != nil {
		t.Fatal(err)
	}
	values := map[string][]float32{InputName: x}
	for _, l := range m.Arch.Layers {
		if l.Op == Linear {
			values[l.Name] = product(m, l, values[l.Inputs[0]])
			continue
		}
		sum := slices.Clone(values[l.Inputs[0]])
		for _, in := range l.Inputs[1:] {
			for i, v := range values[in] {
				sum[i] += v
			}
		}
		values[l.Name] = sum
	}
	names, _, err := m.Classes()
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]float32{}
	for i, name := range names {
		named[name] = values[m.Arch.Output()][i]
	}
	return named
}

func product(m *Model, l Layer, x []float32) []float32 {
	y := make([]float32, l.Out)
	w := m.Params[l.Name+".weight"].Data
	for i := range y {
		if l.Bias {
			y[i] = m.Params[l.Name+".bias"].Data[i]
		}
		for j, v := range x {
			y[i] += w[i*len(x)+j] * v
		}
	}
	return y
}

// wantAnswers fails unless m answers as its original, and 0 for classes that
// the original does not have.
func wantAnswers(t *testing.T, m, original *Model) {
	t.Helper()
	x := []float32{1, -2, 0.5, 3}
	want := answer(t, original, x)
	for name, got := range answer(t, m, x) {
		if got != want[name] { // 0 where it is not there
			t.Errorf("class %s: logit %g, the original's %g", name, got, want[name])
		}
	}
}

func wantClasses(t *testing.T, m *Model, names, seen []string) {
	t.Helper()
	if n, s, err := m.Classes(); err != nil || !slices.Equal(n, names) || !slices.Equal(slices.Sorted(slices.Values(s)), slices.Sorted(slices.Values(seen))) || m.Arch.Classes() != len(names) {
		t.Errorf("classes %v, seen %v, %d outputs (%v), want %v, seen %v", n, s, m.Arch.Classes(), err, names, seen)
	}
}

func TestKnown(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Model)
		want   []bool
	}{
		"no names": {func(*Model) {}, []bool{true, true, true}},
		"all seen": {func(m *Model) { m.SetClasses([]string{"a", "b", "c"}, []string{"a", "b", "c"}) }, []bool{true, true, true}},
		"some":     {func(m *Model) { m.SetClasses([]string{"a", "b", "c"}, []string{"c", "a"}) }, []bool{true, false, true}},
		"none":     {func(m *Model) { m.SetClasses([]string{"a", "b", "c"}, []string{}) }, []bool{false, false, false}},
	} {
		m := perceptron(t, 1, 3)
		test.change(m)
		if known, err := m.Known(); err != nil || !slices.Equal(known, test.want) {
			t.Errorf("%s: knows %v (%v), want %v", name, known, err, test.want)
		}
	}
	m := perceptron(t, 1, 3, "a", "b", "c")
	m.Meta[metaClassesSeen] = `["d"]`
	_, err := m.Known()
	wantError(t, err, `"d" is no output's name`)
}

// Models get the classes of all in the order in which they are named; a model
// answers as before of its own, and nothing of others.
func TestUnite(t *testing.T) {
	for name, test := range map[string]struct {
		classes []string // of each model
		seen    []string // of each, where these are not all
		union   string
	}{
		"disjoint":     {classes: []string{"cat dog", "hen cow"}, union: "cat dog hen cow"},
		"common":       {classes: []string{"cat dog", "dog cow hen"}, union: "cat dog cow hen"},
		"within":       {classes: []string{"dog", "cat dog"}, union: "dog cat"},
		"other order":  {classes: []string{"b a c", "a b c"}, union: "b a c"},
		"three":        {classes: []string{"a b", "c b", "a d c"}, union: "a b c d"},
		"seen in part": {classes: []string{"a b c", "c d"}, seen: []string{"c", "d"}, union: "a b c d"},
	} {
		t.Run(name, func(t *testing.T) {
			var ms []*Model
			for k, classes := range test.classes {
				names := strings.Fields(classes)
				m := perceptron(t, uint64(k), len(names), names...)
				if test.seen != nil {
					m.SetClasses(names, strings.Fields(test.seen[k]))
				}
				ms = append(ms, m)
			}
			united, err := Unite(ms)
			if err != nil {
				t.Fatal(err)
			}
			for k, m := range united {
				_, seen, err := ms[k].Classes()
				if err != nil {
					t.Fatal(err)
				}
				wantClasses(t, m, strings.Fields(test.union), seen)
				wantAnswers(t, m, ms[k])
			}
		})
	}
}

// Models that need no other outputs are returned, not copied.
func TestUniteLeavesEqualsAlone(t *testing.T) {
	names := []string{"a", "b", "c"}
	partly := perceptron(t, 3, 3, names...)
	partly.SetClasses(names, names[:1])
	for name, ms := range map[string][]*Model{
		"same names":    {perceptron(t, 1, 3, names...), perceptron(t, 2, 3, names...), partly},
		"no names":      {perceptron(t, 1, 3), perceptron(t, 2, 3)},
		"some unnamed":  {perceptron(t, 1, 3, names...), perceptron(t, 2, 3)},
		"unnamed first": {perceptron(t, 1, 3), perceptron(t, 2, 3, names...)},
		"one":           {perceptron(t, 1, 3, names...)},
	} {
		if united, err := Unite(ms); err != nil || !slices.Equal(united, ms) {
			t.Errorf("%s: models are not those that were given (%v)", name, err)
		}
	}
	first, other := perceptron(t, 1, 3, names...), perceptron(t, 2, 1, "b")
	if united, err := Unite([]*Model{first, other}); err != nil || united[0] != first || united[1] == other {
		t.Errorf("the model with all classes is not the one that was given, or the other is (%v)", err)
	}
}

func TestUniteRefuses(t *testing.T) {
	two, three := perceptron(t, 1, 2, "a", "b"), perceptron(t, 2, 3, "b", "c", "d")
	broken := perceptron(t, 1, 2)
	broken.Meta = map[string]string{metaClasses: `["a"]`}
	for name, test := range map[string]struct {
		ms   []*Model
		want []string
	}{
		"unnamed among named":         {[]*Model{two, perceptron(t, 1, 3)}, []string{"model 1 has 3 outputs without names, the others name 2 classes", "wanted the names of all classes"}},
		"unnamed first":               {[]*Model{perceptron(t, 1, 2), three}, []string{"model 0 has 2 outputs without names"}},
		"unnamed among other classes": {[]*Model{two, perceptron(t, 1, 2), perceptron(t, 1, 2, "b", "c")}, []string{"model 1 has 2 outputs without names"}},
		"twice in one":                {[]*Model{perceptron(t, 1, 3, "a", "a", "b"), two}, []string{"wanted each once, found \"a\" twice"}},
		"broken metadata":             {[]*Model{two, broken}, []string{"model 1: ", "wanted a name for each of 2 outputs, found 1"}},
		"no head":                     {[]*Model{rectified(t), three}, []string{"model 0: ", "wanted those of a Linear layer"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Unite(test.ms)
			wantError(t, err, test.want...)
		})
	}
}

// rectified is a network of classes a and b that ends in a ReLU.
func rectified(t *testing.T) *Model {
	t.Helper()
	return random(t, 1, []string{"a", "b"}, []Layer{
		{Name: "fc", Op: Linear, Inputs: []string{InputName}, Out: 2},
		{Name: "relu", Op: ReLU, Inputs: []string{"fc"}},
	})
}

// summed is a network whose outputs, a to d, are sums of those of two layers,
// one of them twice.
func summed(t *testing.T) *Model {
	t.Helper()
	return random(t, 1, []string{"a", "b", "c", "d"}, []Layer{
		{Name: "hidden", Op: Linear, Inputs: []string{InputName}, Out: 4, Bias: true},
		{Name: "left", Op: Linear, Inputs: []string{"hidden"}, Out: 4, Bias: true},
		{Name: "right", Op: Linear, Inputs: []string{InputName}, Out: 4},
		{Name: "both", Op: Add, Inputs: []string{"left", "right"}},
		{Name: "all", Op: Add, Inputs: []string{"both", "right"}},
	})
}

// Outputs move with their names, and the model that is given stays as it is.
func TestWithClasses(t *testing.T) {
	for name, test := range map[string]struct {
		m     *Model
		names string
	}{
		"reordered":                {perceptron(t, 1, 3, "a", "b", "c"), "c a b"},
		"more":                     {perceptron(t, 1, 2, "a", "b"), "x b y a z"},
		"sum of layers, reordered": {summed(t), "d b a c"},
		"sum of layers, more":      {summed(t), "d x b a c y"},
	} {
		t.Run(name, func(t *testing.T) {
			before, arch := test.m.Clone(), *test.m.Arch
			arch.Layers = slices.Clone(arch.Layers)
			own, _, err := before.Classes()
			if err != nil {
				t.Fatal(err)
			}
			names := strings.Fields(test.names)
			m, err := test.m.WithClasses(names)
			if err != nil {
				t.Fatal(err)
			}
			wantClasses(t, m, names, own)
			wantAnswers(t, m, before)
			wantClasses(t, test.m, own, own)
			sameParams(t, test.m, before)
			if !test.m.Arch.Equal(&arch) {
				t.Error("the architecture of the model that was given changed")
			}
		})
	}
}

// Layers that the outputs are computed from stay as they are.
func TestWithClassesMovesOutputsOnly(t *testing.T) {
	m := summed(t)
	moved, err := m.WithClasses([]string{"d", "c", "b", "a"})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"hidden.weight", "hidden.bias"} {
		if !slices.Equal(moved.Params[p].Data, m.Params[p].Data) {
			t.Errorf("%s changed", p)
		}
	}
}

func TestWithClassesRefuses(t *testing.T) {
	skipping := random(t, 1, []string{"a", "b", "c", "d"}, []Layer{
		{Name: "fc", Op: Linear, Inputs: []string{InputName}, Out: 4},
		{Name: "sum", Op: Add, Inputs: []string{"fc", InputName}},
	})
	for name, test := range map[string]struct {
		m     *Model
		names string
		want  string
	}{
		"no names":        {perceptron(t, 1, 2), "a b", "wanted their classes' names, found none"},
		"fewer":           {perceptron(t, 1, 2, "cat", "dog"), "cat", `class "dog" of small is not among ["cat"]`},
		"others":          {perceptron(t, 1, 2, "cat", "dog"), "dog hen cow", `class "cat" of small is not among`},
		"an activation":   {rectified(t), "b a", "found layer relu"},
		"a sum of others": {skipping, "d c b a", "found layer input"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := test.m.WithClasses(strings.Fields(test.names))
			wantError(t, err, test.want)
		})
	}
	m := rectified(t)
	if same, err := m.WithClasses([]string{"a", "b"}); err != nil || same != m {
		t.Errorf("its own classes need no Linear layer: %v", err)
	}
}

// A child of parents of other classes has those of all, where it has as many outputs.
func TestInheritUnion(t *testing.T) {
	a, b := perceptron(t, 1, 2, "cat", "dog"), perceptron(t, 2, 3, "dog", "cow", "hen")
	b.SetClasses([]string{"dog", "cow", "hen"}, []string{"hen", "dog"})
	child := perceptron(t, 3, 4)
	if err := child.Inherit(a, b); err != nil {
		t.Fatal(err)
	}
	wantClasses(t, child, []string{"cat", "dog", "cow", "hen"}, []string{"cat", "dog", "hen"})
	small := perceptron(t, 3, 3)
	if err := small.Inherit(a, b); err != nil {
		t.Fatal(err)
	}
	if names, _, err := small.Classes(); names != nil || err != nil {
		t.Errorf("three outputs for four classes are called %v (%v)", names, err)
	}
}
