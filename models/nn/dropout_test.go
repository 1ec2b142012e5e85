package nn

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"otfusion/models"
)

func dropoutTrainer(t *testing.T, compute string, seed uint64) *Trainer {
	t.Helper()
	tr, err := NewTrainer(randomModel(t, nets()["dropout"], 1), Loss{}, Options{Batch: 7, Seed: seed, Engine: compute, Deterministic: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.Close)
	return tr
}

// steps makes some steps and returns what each drew.
func steps(t *testing.T, tr *Trainer, n int) (drawn []map[string][]float64) {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	x, y := normal(rng, 7*72), soft(rng, 7, 3)
	for range n {
		if _, err := tr.Step(x, y, nil, 7); err != nil {
			t.Fatal(err)
		}
		drawn = append(drawn, masks(tr))
	}
	return drawn
}

// What a step drops follows from seed, step and layer, whatever computes and
// whatever was drawn before.
func TestDropoutFollowsSeedStepAndLayer(t *testing.T) {
	first := steps(t, dropoutTrainer(t, "", 1), 4)
	if !reflect.DeepEqual(first, steps(t, dropoutTrainer(t, "portable", 1), 4)) {
		t.Error("another engine drops other values")
	}
	resumed := dropoutTrainer(t, "", 1)
	resumed.At(2)
	if !reflect.DeepEqual(first[2:], steps(t, resumed, 2)) {
		t.Error("a training that goes on drops other values")
	}
	for what, other := range map[string]map[string][]float64{"step": first[1], "seed": steps(t, dropoutTrainer(t, "", 2), 1)[0]} {
		for layer, mask := range first[0] {
			if reflect.DeepEqual(mask, other[layer]) {
				t.Errorf("layer %s drops the same in another %s", layer, what)
			}
		}
	}
	if n := len(first[0]["ed"]); reflect.DeepEqual(first[0]["ed"], first[0]["ad"][:n]) {
		t.Error("two layers drop the same")
	}
}

// Of many values the share dropped is the rate, and the mean of the others'
// factor 1/(1 − rate) keeps the mean.
func TestDropoutRate(t *testing.T) {
	dropped, sum, n := 0.0, 0.0, 0.0
	for _, drawn := range steps(t, dropoutTrainer(t, "", 3), 20) {
		for _, mask := range drawn {
			for _, m := range mask {
				if m == 0 {
					dropped++
				}
				sum, n = sum+m, n+1
			}
		}
	}
	slack := 4 * math.Sqrt(0.4*0.6/n) // four standard deviations
	if math.Abs(dropped/n-0.4) > slack || math.Abs(sum/n-1) > slack/0.6 {
		t.Errorf("%v of %v values dropped, mean factor %v", dropped/n, n, sum/n)
	}
}

// In inference nothing is dropped.
func TestDropoutIsIdentityInInference(t *testing.T) {
	with := nets()["dropout"]
	without := &models.Arch{Name: "without", Input: with.Input}
	source := map[string]string{}
	for _, l := range with.Layers {
		in := l.Inputs[0]
		if s, ok := source[in]; ok {
			in = s
		}
		if l.Op == models.Dropout {
			source[l.Name] = in
			continue
		}
		l.Inputs = []string{in}
		without.Layers = append(without.Layers, l)
	}
	m := randomModel(t, with, 1)
	x := normal(rand.New(rand.NewPCG(3, 4)), 2*with.Input.Len())
	want, err := naivePredictor(t, &models.Model{Arch: without, Params: m.Params}, 2).Run(x, 2)
	if err != nil {
		t.Fatal(err)
	}
	got, err := naivePredictor(t, m, 2).Run(x, 2)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("logits %v, want %v", got, want)
	}
}
