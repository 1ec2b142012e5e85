package train

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Schedule says how the learning rate changes during training. Rates are
// fractions of the optimizer's lr, times are epochs, except Warmup.
type Schedule struct {
	Kind       ScheduleKind `yaml:"kind" json:"kind"`
	Warmup     int          `yaml:"warmup" json:"warmup,omitempty"`         // steps: step s < Warmup runs at (s+1)/Warmup of the rate
	Every      int          `yaml:"every" json:"every,omitempty"`           // step
	Milestones []int        `yaml:"milestones" json:"milestones,omitempty"` // multistep
	Factor     float64      `yaml:"factor" json:"factor,omitempty"`         // step, multistep: at each of its times
	Rise       float64      `yaml:"rise" json:"rise,omitempty"`             // onecycle: fraction of the steps until the peak
	Start      float64      `yaml:"start" json:"start,omitempty"`           // onecycle: first rate
	End        float64      `yaml:"end" json:"end,omitempty"`               // onecycle, cosine: last rate
}

// ScheduleKind is the shape of a schedule.
type ScheduleKind string

// The shapes, each with its namesake in torch.optim.lr_scheduler.
const (
	Constant  ScheduleKind = "constant"
	Step      ScheduleKind = "step"      // StepLR: × Factor every Every epochs
	MultiStep ScheduleKind = "multistep" // MultiStepLR: × Factor at each of Milestones
	Cosine    ScheduleKind = "cosine"    // CosineAnnealingLR, advanced every step: a half cosine from 1 to End
	OneCycle  ScheduleKind = "onecycle"  // OneCycleLR: cosine from Start up to 1, then down to End (Smith & Topin 2017)
)

// Rate is the learning rate of a step (from 0, over all epochs) as a fraction
// of the optimizer's.
func (s Schedule) Rate(step, stepsPerEpoch, epochs int) float64 {
	rate := s.shape(step, stepsPerEpoch, epochs)
	if step < s.Warmup {
		rate *= float64(step+1) / float64(s.Warmup)
	}
	return rate
}

func (s Schedule) shape(step, stepsPerEpoch, epochs int) float64 {
	epoch, total := step/stepsPerEpoch, float64(stepsPerEpoch*epochs)
	switch s.Kind {
	case Step:
		return math.Pow(s.Factor, float64(epoch/s.Every))
	case MultiStep:
		passed := 0
		for _, m := range s.Milestones {
			if epoch >= m {
				passed++
			}
		}
		return math.Pow(s.Factor, float64(passed))
	case Cosine:
		return cosine(1, s.End, float64(step)/total)
	case OneCycle:
		return s.oneCycle(float64(step), total)
	}
	return 1
}

// oneCycle follows PyTorch's convention: the peak is step rise·total − 1, the
// end step total − 1.
func (s Schedule) oneCycle(step, total float64) float64 {
	peak := s.Rise*total - 1
	if step < peak {
		return cosine(s.Start, 1, step/peak)
	}
	return cosine(1, s.End, (step-peak)/(total-1-peak))
}

// cosine goes from a to b as t goes from 0 to 1.
func cosine(a, b, t float64) float64 {
	return b + (a-b)/2*(1+math.Cos(math.Pi*t))
}

func (s Schedule) validate() error {
	errs := []error{
		oneOf("schedule.kind", s.Kind, Constant, Step, MultiStep, Cosine, OneCycle),
		atLeast("schedule.warmup", s.Warmup, 0),
		within("schedule.end", s.End, s.End >= 0, "0 or more"),
		within("schedule.start", s.Start, s.Start >= 0, "0 or more"),
		within("schedule.rise", s.Rise, s.Rise >= 0 && s.Rise < 1, "0 to under 1"),
		within("schedule.factor", s.Factor, s.Factor >= 0, "0 or more"),
	}
	switch s.Kind {
	case Step:
		errs = append(errs, atLeast("schedule.every", s.Every, 1))
	case MultiStep:
		if len(s.Milestones) == 0 || !slices.IsSorted(s.Milestones) || s.Milestones[0] < 1 {
			errs = append(errs, &FieldError{"schedule.milestones", "ascending epochs", fmt.Sprint(s.Milestones)})
		}
	case OneCycle:
		errs = append(errs, within("schedule.rise", s.Rise, s.Rise > 0 && s.Rise < 1, "a fraction between 0 and 1"))
	}
	if s.Kind == Step || s.Kind == MultiStep {
		errs = append(errs, within("schedule.factor", s.Factor, s.Factor > 0, "a positive number"))
	}
	return cmp.Or(errs...)
}
