package fusion

import (
	"context"
	"testing"

	"otfusion/internal/gemm"
	"otfusion/models"
)

func TestLastCutIsWhereOneValuePasses(t *testing.T) {
	vgg := build(t, "vgg11", models.Options{Width: 1. / 16}, 1)
	resnet := build(t, "resnet18", models.Options{Width: 1. / 16}, 1)
	for _, c := range []struct {
		m            *models.Model
		before, want string
	}{
		{vgg, "features.0", models.InputName},
		{resnet, "conv1", models.InputName},
	} {
		if got := lastCut(c.m.Arch, c.before); got != c.want {
			t.Errorf("before %s: cut at %s, want %s", c.before, got, c.want)
		}
	}
	inputs := func(m *models.Model, layer string) string {
		l, _ := m.Arch.Layer(layer)
		return l.Inputs[0]
	}
	if got, want := lastCut(vgg.Arch, "features.3"), inputs(vgg, "features.3"); got != want {
		t.Errorf("a chain is cut at %s, want %s", got, want)
	}
	// Inside a block the sum still needs what the block reads.
	if got, want := lastCut(resnet.Arch, "layer2.0.conv2"), inputs(resnet, "layer2.0.conv1"); got != want {
		t.Errorf("a block is cut at %s, want %s", got, want)
	}
}

// What is read beyond a frontier is what the whole model outputs.
func TestFrontierReadsWhatTheModelPutsOut(t *testing.T) {
	m := networks()["resnet18"](t, 1)
	x := noise(m.Arch.Input, 5, 2)
	shapes, err := m.Arch.Shapes()
	if err != nil {
		t.Fatal(err)
	}
	net, err := newPlainNetwork(m, 5, []string{"layer3.0.conv2"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := net.Run(x.X, 5); err != nil {
		t.Fatal(err)
	}
	want := net.Recorded("layer3.0.conv2")
	front := &frontier{model: m, shapes: shapes, recorder: newPlainNetwork, cut: models.InputName, samples: x}
	for _, next := range []string{"layer1.0.conv1", "layer2.0.conv1", "layer2.1.conv2", "layer3.0.conv2"} {
		l, _ := m.Arch.Layer(next)
		if err := front.advance(context.Background(), []regressed{{layer: &l, samples: 5}}); err != nil {
			t.Fatal(err)
		}
		seen := 0
		err := front.read(context.Background(), "layer3.0.conv2", 4, func(from int, v gemm.View) error {
			for i, got := range v.Data {
				if got != want[from*shapes["layer3.0.conv2"].Len()+i] {
					t.Fatalf("before %s: value %d differs", next, i)
				}
			}
			seen += v.Outer
			return nil
		})
		if err != nil || seen != 4 {
			t.Fatalf("before %s: %d samples, error %v", next, seen, err)
		}
	}
}
