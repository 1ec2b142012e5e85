// Package bench times training steps on random data.
package bench

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"otfusion/models"
	"otfusion/models/nn"
	"otfusion/models/nn/kernel"
)

// warmUps are steps before the clock starts.
const warmUps = 3

// Result is what a benchmark found. A step is forward, backward and SGD with
// momentum and weight decay.
type Result struct {
	Arch            string           `json:"arch"`
	Batch           int              `json:"batch"`
	Precision       kernel.Precision `json:"precision"`
	Steps           int              `json:"steps"`
	Median          float64          `json:"step_seconds_median"`
	Min             float64          `json:"step_seconds_min"`
	ImagesPerSecond float64          `json:"images_per_second"` // at the median
	Compute         string           `json:"compute"`
	PeakRSS         float64          `json:"peak_rss_mb"` // of the process so far, in 2^20 bytes; 0 where the system does not tell
}

// Train times steps of the architecture on one random batch.
func Train(a *models.Arch, o nn.Options, steps int) (Result, error) {
	if steps < 1 {
		return Result{}, fmt.Errorf("bench: wanted at least 1 step, found %d", steps)
	}
	s, err := newSubject(a, o)
	if err != nil {
		return Result{}, err
	}
	defer s.trainer.Close()
	seconds := make([]float64, 0, steps)
	for i := range warmUps + steps {
		start := time.Now()
		if err := s.step(); err != nil {
			return Result{}, err
		}
		if i >= warmUps {
			seconds = append(seconds, time.Since(start).Seconds())
		}
	}
	slices.Sort(seconds)
	median := (seconds[(steps-1)/2] + seconds[steps/2]) / 2
	r := Result{
		Arch: a.Name, Batch: o.Batch, Precision: o.Precision, Steps: steps,
		Median: median, Min: seconds[0], ImagesPerSecond: float64(o.Batch) / median,
		Compute: s.trainer.Compute(), PeakRSS: peakRSS(),
	}
	if r.Precision == "" {
		r.Precision = kernel.F32
	}
	return r, nil
}

// Layers builds the architecture for training and lists the algorithm of every
// layer and direction, with the times that it was chosen by.
func Layers(a *models.Arch, o nn.Options) ([]kernel.Choice, error) {
	s, err := newSubject(a, o)
	if err != nil {
		return nil, err
	}
	defer s.trainer.Close()
	return s.trainer.Choices(), nil
}

// product is the layer whose matrix products [Peak] is taken from: large enough
// for the processor's full rate.
const product = 1024

// Peak is the rate of the engine's fastest matrix product, in FLOP per second: what
// the layers' rates are to be held against. It is 0 where nothing is timed.
func Peak(o nn.Options) (float64, error) {
	a := &models.Arch{Name: "product", Input: models.Shape{C: product, H: 1, W: 1}, Layers: []models.Layer{
		{Name: "first", Op: models.Linear, Inputs: []string{models.InputName}, Out: product},
		{Name: "second", Op: models.Linear, Inputs: []string{"first"}, Out: product},
	}}
	o.Batch, o.Deterministic = 2*product, false
	choices, err := Layers(a, o)
	if err != nil {
		return 0, err
	}
	peak := 0.
	for _, c := range choices {
		peak = max(peak, c.Rate())
	}
	return peak, nil
}

// subject is a network in training, with its batch.
type subject struct {
	trainer  *nn.Trainer
	x, y     []float32
	n        int
	velocity [][]float32 // of the parameters that are trained
}

func newSubject(a *models.Arch, o nn.Options) (*subject, error) {
	m, err := models.New(a)
	if err != nil {
		return nil, err
	}
	if err := m.InitializeReLU(1); err != nil {
		return nil, err
	}
	t, err := nn.NewTrainer(m, nn.Loss{}, o)
	if err != nil {
		return nil, err
	}
	s := &subject{trainer: t, n: o.Batch, x: make([]float32, o.Batch*a.Input.Len()), y: make([]float32, o.Batch*a.Classes())}
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range s.x {
		s.x[i] = float32(rng.NormFloat64())
	}
	for i := range s.n {
		s.y[i*a.Classes()+rng.IntN(a.Classes())] = 1
	}
	for _, p := range t.Params() {
		s.velocity = append(s.velocity, make([]float32, len(p.Grad)))
	}
	return s, nil
}

// step trains once, at a rate that keeps the numbers as they are in training.
func (s *subject) step() error {
	if _, err := s.trainer.Step(s.x, s.y, nil, s.n); err != nil {
		return err
	}
	for i, p := range s.trainer.Params() {
		if p.Grad != nil {
			s.trainer.SGD(p.Value, p.Grad, s.velocity[i], 1e-4, 0.9, 5e-4)
		}
	}
	return nil
}
