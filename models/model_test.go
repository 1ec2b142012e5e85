package models

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// tiny is a small model with every kind of parameter.
func tiny(t testing.TB) *Model {
	t.Helper()
	a := &Arch{Name: "tiny", Input: Shape{1, 4, 4}, Layers: []Layer{
		{Name: "conv", Op: Conv2D, Inputs: []string{InputName}, Out: 2, Kernel: 3, Stride: 1, Padding: 1, Bias: true},
		{Name: "bn", Op: BatchNorm, Inputs: []string{"conv"}},
		{Name: "relu", Op: ReLU, Inputs: []string{"bn"}},
		{Name: "pool", Op: GlobalAvgPool, Inputs: []string{"relu"}},
		{Name: "fc", Op: Linear, Inputs: []string{"pool"}, Out: 3},
	}}
	return initialized(t, a)
}

func initialized(t testing.TB, a *Arch) *Model {
	t.Helper()
	m, err := New(a)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Initialize(1); err != nil {
		t.Fatal(err)
	}
	return m
}

// sameParams fails unless the two models have bitwise equal parameters.
func sameParams(t *testing.T, got, want *Model) {
	t.Helper()
	if !slices.Equal(slices.Sorted(maps.Keys(got.Params)), slices.Sorted(maps.Keys(want.Params))) {
		t.Fatalf("parameters %v, want %v", slices.Sorted(maps.Keys(got.Params)), slices.Sorted(maps.Keys(want.Params)))
	}
	for name, w := range want.Params {
		g := got.Params[name]
		if !slices.Equal(g.Shape, w.Shape) || !slices.Equal(g.Data, w.Data) {
			t.Errorf("parameter %s differs", name)
		}
	}
}

// wantError fails unless err is one line that has all the parts.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q, want one with %q", err, part)
		}
	}
	if strings.Contains(err.Error(), "\n") || strings.Count(err.Error(), "models: ") > 1 {
		t.Errorf("error %q is not one clear line", err)
	}
}
