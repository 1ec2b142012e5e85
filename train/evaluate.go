package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"

	"otfusion/data"
	"otfusion/internal/argmax"
	"otfusion/models"
	"otfusion/models/nn"
	"otfusion/models/nn/kernel"
)

// Score is how well a model or an ensemble does on a dataset.
type Score struct {
	Accuracy float64 `json:"accuracy"` // percent
	Loss     float64 `json:"loss"`     // mean cross-entropy, nats
}

// better reports whether s is to be preferred: by accuracy, then by loss.
func (s Score) better(t Score) bool {
	if s.Accuracy != t.Accuracy {
		return s.Accuracy > t.Accuracy
	}
	return s.Loss < t.Loss
}

// Options say how models are evaluated, always in float32.
type Options struct {
	Batch   int    // images at a time; 250 if 0
	Threads int    // cores used; 0: GOMAXPROCS
	Engine  string // "onednn", "portable" or "" (the best there is)
}

func (o Options) withDefaults() Options {
	if o.Batch <= 0 {
		o.Batch = 250
	}
	if o.Threads <= 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	return o
}

// Evaluate scores one model on a dataset, whose images are normalised as the
// model's metadata says, or else as the dataset says. It fails where the model does not
// fit the dataset, where its logits are not finite, and when ctx is cancelled.
func Evaluate(ctx context.Context, m *models.Model, d *data.Dataset, o Options) (Score, error) {
	logits, err := Logits(ctx, m, d, o)
	if err != nil {
		return Score{}, err
	}
	return score(logits, d)
}

// Logits computes a model's logits over a dataset, N×classes.
func Logits(ctx context.Context, m *models.Model, d *data.Dataset, o Options) ([]float32, error) {
	e, err := newEvaluator(m, d, o)
	if err != nil {
		return nil, err
	}
	defer e.close()
	return e.logits(ctx)
}

// evaluator scores models of one architecture on one dataset.
type evaluator struct {
	predictor *nn.Predictor
	batches   *data.Batches
	data      *data.Dataset
}

func newEvaluator(m *models.Model, d *data.Dataset, o Options) (*evaluator, error) {
	o = o.withDefaults()
	if err := fits(m.Arch, d); err != nil {
		return nil, fmt.Errorf("train: evaluate: %w", err)
	}
	d, err := normalised(m, d)
	if err != nil {
		return nil, fmt.Errorf("train: evaluate: %w", err)
	}
	o.Batch = max(1, min(o.Batch, d.Len()))
	batches, err := data.NewBatches(d, data.Options{BatchSize: o.Batch, Workers: o.Threads})
	if err != nil {
		return nil, err
	}
	predictor, err := nn.NewPredictor(m, nn.Options{
		Batch: o.Batch, Threads: o.Threads, Precision: kernel.F32, Deterministic: true, Engine: o.Engine,
	})
	if err != nil {
		return nil, err
	}
	return &evaluator{predictor, batches, d}, nil
}

func (e *evaluator) close() { e.predictor.Close() }

// score evaluates another model of the same architecture.
func (e *evaluator) score(ctx context.Context, m *models.Model) (Score, error) {
	if err := e.predictor.Load(m); err != nil {
		return Score{}, err
	}
	logits, err := e.logits(ctx)
	if err != nil {
		return Score{}, err
	}
	return score(logits, e.data)
}

func (e *evaluator) logits(ctx context.Context) ([]float32, error) {
	logits := make([]float32, 0, e.data.Len()*e.data.Classes)
	for b := range e.batches.Epoch(ctx, 0, 0) {
		z, err := e.predictor.Run(b.X, b.N)
		if err != nil {
			return nil, err
		}
		logits = append(logits, z...)
	}
	return logits, ctx.Err()
}

// errNotFinite says that a network computes NaN or infinity.
var errNotFinite = errors.New("logits are not finite")

// score compares logits, N×classes, with the labels.
func score(logits []float32, d *data.Dataset) (Score, error) {
	correct, loss := 0, 0.0
	for i, label := range d.Labels {
		z := logits[i*d.Classes : (i+1)*d.Classes]
		if argmax.Of(z) == int(label) {
			correct++
		}
		loss += crossEntropy(z, int(label))
	}
	n := float64(d.Len())
	s := Score{Accuracy: 100 * float64(correct) / n, Loss: loss / n}
	if math.IsNaN(s.Loss) || math.IsInf(s.Loss, 0) {
		return s, fmt.Errorf("train: evaluate: %w on %s", errNotFinite, d.Name)
	}
	return s, nil
}

// crossEntropy is −log softmax(z)[label].
func crossEntropy(z []float32, label int) float64 {
	largest, sum := float64(z[argmax.Of(z)]), 0.0
	for _, v := range z {
		sum += math.Exp(float64(v) - largest)
	}
	return math.Log(sum) + largest - float64(z[label])
}
