package models

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// pooled returns a small network that reads images of any size.
func pooled(t *testing.T) *Model {
	t.Helper()
	a, err := Build("resnet18", Options{Width: 0.125, BatchNorm: true})
	if err != nil {
		t.Fatal(err)
	}
	m, err := New(a)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestPreprocessingUnknown(t *testing.T) {
	m := pooled(t)
	n, err := m.Normalisation()
	names, seen, errClasses := m.Classes()
	if n != nil || err != nil || names != nil || seen != nil || errClasses != nil {
		t.Errorf("found %v, %v, %v, %v, %v in a model that says nothing", n, err, names, seen, errClasses)
	}
	names = strings.Fields("a b c d e f g h i j")
	m.SetClasses(names, names[:3])
	m.SetClasses(names, names)
	if _, seen, err := m.Classes(); err != nil || !slices.Equal(seen, names) {
		t.Errorf("wanted all classes seen, found %v, %v", seen, err)
	}
}

func TestPreprocessingRejected(t *testing.T) {
	m := pooled(t)
	for _, text := range []string{"", "{}", `{"mean":[0],"std":[0]}`, `{"mean":[0],"std":[-1]}`, `{"mean":[0,1],"std":[1]}`, `{"mean":["x"],"std":[1]}`, `{"mean":[1e99],"std":[1]}`, "[1]"} {
		m.Meta[metaNormalisation] = text
		if n, err := m.Normalisation(); err == nil {
			t.Errorf("%q: wanted an error, found %v", text, n)
		}
	}
	for _, n := range []Normalisation{{}, {[]float32{0}, nil}, {[]float32{0}, []float32{0}}, {[]float32{float32(math.NaN())}, []float32{1}}, {[]float32{0}, []float32{float32(math.Inf(1))}}} {
		if err := m.SetNormalisation(n); err == nil {
			t.Errorf("%v: wanted an error", n)
		}
	}
	for _, text := range []string{"", "10", `["a","b"]`} {
		m.Meta[metaClasses] = text
		if _, _, err := m.Classes(); err == nil {
			t.Errorf("%q: wanted an error", text)
		}
	}
	delete(m.Meta, metaClasses)
	m.Meta[metaClassesSeen] = `["a"]`
	if _, _, err := m.Classes(); err == nil {
		t.Error("a class was seen that is no output: wanted an error")
	}
}

// A network that ends in a global pool reads images of any size, one that
// flattens them does not.
func TestForInput(t *testing.T) {
	a := pooled(t).Arch
	b, err := a.ForInput(28, 28)
	if err != nil || b.Input != (Shape{3, 28, 28}) || a.Input != (Shape{3, 32, 32}) {
		t.Errorf("found %v of %v, %v", b, a.Input, err)
	}
	lenet, err := Build("lenet", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lenet.ForInput(40, 40); err == nil || !strings.Contains(err.Error(), "parameter") {
		t.Errorf("lenet on 40×40: wanted an error that names a parameter, found %v", err)
	}
	if _, err := a.ForInput(0, 5); err == nil {
		t.Error("wanted images without pixels to be an error")
	}
}

func TestInherit(t *testing.T) {
	a, b, silent, child := pooled(t), pooled(t), pooled(t), pooled(t)
	names := strings.Fields("a b c d e f g h i j")
	n := Normalisation{[]float32{0.5}, []float32{0.25}}
	for _, m := range []*Model{a, b} {
		if err := m.SetNormalisation(n); err != nil {
			t.Fatal(err)
		}
	}
	a.SetClasses(names, []string{"a", "c"})
	b.SetClasses(names, []string{"c", "j"})
	if err := child.Inherit(silent, a, b); err != nil {
		t.Fatal(err)
	}
	found, err := child.Normalisation()
	if err != nil || !found.Equal(n) {
		t.Errorf("wanted %v, found %v, %v", n, found, err)
	}
	if all, seen, err := child.Classes(); err != nil || !slices.Equal(all, names) || !slices.Equal(seen, []string{"a", "c", "j"}) {
		t.Errorf("found classes %v, seen %v, %v", all, seen, err)
	}
	if err := b.SetNormalisation(Normalisation{[]float32{0}, []float32{1}}); err != nil {
		t.Fatal(err)
	}
	if err := child.Inherit(silent, a, b); err == nil || !strings.Contains(err.Error(), "model 1 wants mean 0.5, std 0.25, model 2 mean 0, std 1") {
		t.Errorf("wanted an error that names both normalisations, found %v", err)
	}
}

// Parents that call their outputs differently leave their child without names.
func TestInheritOtherNames(t *testing.T) {
	a, b, child := pooled(t), pooled(t), pooled(t)
	names := strings.Fields("a b c d e f g h i j")
	a.SetClasses(names, names)
	b.SetClasses(slices.Sorted(slices.Values(strings.Fields("k a b c d e f g h i"))), names[:2])
	if err := child.Inherit(a, b); err != nil {
		t.Fatal(err)
	}
	if found, _, err := child.Classes(); found != nil || err != nil {
		t.Errorf("wanted no names, found %v, %v", found, err)
	}
}

func TestOneValueIsThatOfAllChannels(t *testing.T) {
	one, three := Normalisation{[]float32{.5}, []float32{.2}}, Normalisation{[]float32{.5, .5, .5}, []float32{.2, .2, .2}}
	other := Normalisation{[]float32{.5, .5, .4}, []float32{.2, .2, .2}}
	for _, c := range []struct {
		a, b Normalisation
		same bool
	}{{one, three, true}, {three, one, true}, {one, one, true}, {one, other, false}, {other, three, false}} {
		if c.a.Equal(c.b) != c.same {
			t.Errorf("%v and %v: same is %t", c.a, c.b, !c.same)
		}
	}
}
