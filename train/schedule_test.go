package train

import (
	"math"
	"testing"
)

// The rates are those of PyTorch 1.13's torch.optim.lr_scheduler for a base
// rate of 1, stepped as each comment says.
func TestRateIsPyTorchs(t *testing.T) {
	tests := map[string]struct {
		schedule      Schedule
		steps, epochs int
		want          []float64
	}{
		// OneCycleLR(max_lr=1, total_steps=10, pct_start=0.3, div_factor=25, final_div_factor=1e4)
		"onecycle": {Schedule{Kind: OneCycle, Rise: 0.3, Start: 0.04, End: 4e-6}, 5, 2,
			[]float64{0.04, 0.52, 1, 0.950484632, 0.811745654, 0.611262022, 0.388741978, 0.188258346, 0.049519368, 4e-06}},
		// OneCycleLR(max_lr=1, total_steps=12, pct_start=0.25, div_factor=10, final_div_factor=100)
		"onecycle, gentler": {Schedule{Kind: OneCycle, Rise: 0.25, Start: 0.1, End: 0.001}, 3, 4,
			[]float64{0.1, 0.55, 1, 0.969876464, 0.883139199, 0.75025, 0.587237265, 0.413762735, 0.25075, 0.117860801, 0.0311235359, 0.001}},
		// CosineAnnealingLR(T_max=8, eta_min=0.1), stepped after every batch
		"cosine": {Schedule{Kind: Cosine, End: 0.1}, 4, 2,
			[]float64{1, 0.96574579, 0.868198052, 0.722207545, 0.55, 0.377792455, 0.231801948, 0.13425421}},
		// StepLR(step_size=2, gamma=0.5), one batch an epoch
		"step": {Schedule{Kind: Step, Every: 2, Factor: 0.5}, 1, 6, []float64{1, 1, 0.5, 0.5, 0.25, 0.25}},
		// the same, two batches an epoch
		"step within epochs": {Schedule{Kind: Step, Every: 2, Factor: 0.5}, 2, 3, []float64{1, 1, 1, 1, 0.5, 0.5}},
		// MultiStepLR(milestones=[2, 5], gamma=0.1)
		"multistep": {Schedule{Kind: MultiStep, Milestones: []int{2, 5}, Factor: 0.1}, 1, 7, []float64{1, 1, 0.1, 0.1, 0.1, 0.01, 0.01}},
		// LinearLR(start_factor=0.25, total_iters=3)
		"warm-up": {Schedule{Kind: Constant, Warmup: 4}, 6, 1, []float64{0.25, 0.5, 0.75, 1, 1, 1}},
		// The product of the two, as ChainedScheduler makes it.
		"warm-up and steps": {Schedule{Kind: Step, Every: 1, Factor: 0.5, Warmup: 4}, 2, 3, []float64{0.25, 0.5, 0.375, 0.5, 0.25, 0.25}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := test.steps * test.epochs; got != len(test.want) {
				t.Fatalf("the test has %d values for %d steps", len(test.want), got)
			}
			for step, want := range test.want {
				got := test.schedule.Rate(step, test.steps, test.epochs)
				if !(math.Abs(got-want) <= 1e-8) {
					t.Errorf("step %d: rate %.9g, want %.9g", step, got, want)
				}
			}
		})
	}
}

// However short the training, no rate is negative, above 1 or no number.
func TestRateOfShortTrainings(t *testing.T) {
	schedules := []Schedule{
		{Kind: OneCycle, Rise: 0.3, Start: 0.04, End: 0.001},
		{Kind: OneCycle, Rise: 0.01, Start: 0.5, End: 0},
		{Kind: OneCycle, Rise: 0.5, Start: 0, End: 0},
		{Kind: OneCycle, Rise: 0.99, Start: 0, End: 0},
		{Kind: Cosine, Warmup: 1000},
	}
	for _, s := range schedules {
		for steps := 1; steps < 12; steps++ {
			for step := range steps {
				if r := s.Rate(step, steps, 1); !(r >= 0 && r <= 1) {
					t.Errorf("%+v: step %d of %d: rate %v", s, step, steps, r)
				}
			}
		}
	}
}
