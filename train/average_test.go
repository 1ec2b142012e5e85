package train

import (
	"math"
	"testing"

	"otfusion/models"
	"otfusion/models/nn"
)

// Three steps by hand: β is 1/10, then the 0.15 asked for, below 2/11 and 3/12.
func TestAverageKnownAnswer(t *testing.T) {
	w := nn.Param{Value: []float32{1, -2}, Spec: models.ParamSpec{Name: "w"}}
	a := newAverage([]nn.Param{w}, .15)
	want := []float64{1, -2}
	for step, beta := range []float64{.1, .15, .15} {
		for k := range w.Value {
			w.Value[k] += float32(step+1) * 10
			want[k] = beta*want[k] + (1-beta)*float64(w.Value[k])
		}
		a.add(step, 2)
		for k, v := range a.value[0] {
			if math.Abs(float64(v)-want[k]) > 1e-5 {
				t.Errorf("step %d: average %d is %g, wanted %g", step, k, v, want[k])
			}
		}
	}
}

// The average is what is kept, not the network that an
// otherwise equal run without averaging ends with; training itself stays.
func TestAverageIsKept(t *testing.T) {
	c := tinyConfig(t, t.TempDir())
	c.Recipe.Select = SelectLast
	plain := mustRun(t, c)
	c.Dir, c.Recipe.Average = t.TempDir(), .9
	averaged := mustRun(t, c)
	if plain.Model.Fingerprint() == averaged.Model.Fingerprint() {
		t.Error("the average is the last network itself")
	}
	if a, b := plain.Log[0].TrainLoss, averaged.Log[0].TrainLoss; a != b {
		t.Errorf("averaging changed training: loss %g, was %g", b, a)
	}
	if averaged.Test.Accuracy < plain.Test.Accuracy-10 {
		t.Errorf("the average has %.1f %%, the network %.1f %%", averaged.Test.Accuracy, plain.Test.Accuracy)
	}
}
