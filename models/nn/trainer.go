package nn

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"otfusion/models"
	"otfusion/models/nn/kernel"
)

// Trainer computes losses and their gradients. It belongs to one goroutine at a
// time; Trainers are independent.
type Trainer struct {
	graph   *graph
	params  *parameters
	batch   int
	input   *value
	targets *value
	teacher *value // nil unless the loss distills
	loss    *lossOp
	full    bool // batches have to be full: BatchNorm counts every row
}

// StepResult is what one step says about its batch.
type StepResult struct {
	Loss    float64 // mean over the samples
	Correct int     // samples whose largest logit is that of the largest target
}

// NewTrainer compiles the model for training by the loss.
func NewTrainer(m *models.Model, loss Loss, o Options) (*Trainer, error) {
	if err := loss.check(); err != nil {
		return nil, err
	}
	params, err := newParameters(m)
	if err != nil {
		return nil, err
	}
	e, err := o.engine()
	if err != nil {
		return nil, err
	}
	t, err := newTrainer(params, loss, o.Batch, e)
	if err == nil {
		t.graph.seed = o.Seed
	}
	return t, err
}

func newTrainer(p *parameters, loss Loss, batch int, e kernel.Engine) (*Trainer, error) {
	t := &Trainer{graph: newGraph(e), params: p, batch: batch}
	if err := t.build(loss); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

func (t *Trainer) build(loss Loss) error {
	c, err := compile(t.graph, t.params, t.batch, true, nil)
	if err != nil {
		return err
	}
	t.input, t.full = c.known[models.InputName], c.norms
	logits, err := c.logits(t.params.arch)
	if err != nil {
		return err
	}
	if !logits.grad {
		return fmt.Errorf("nn: arch %s has no parameters to train", t.params.arch.Name)
	}
	node, err := t.addLoss(logits, loss)
	if err != nil {
		return err
	}
	grads, err := t.graph.backward(node)
	if err != nil {
		return err
	}
	t.params.bind(c.params, grads)
	t.graph.start()
	return nil
}

// addLoss adds the loss and what it compares the logits with.
func (t *Trainer) addLoss(logits *value, loss Loss) (*G.Node, error) {
	var err error
	if t.targets, err = t.graph.input("targets", logits.shape); err != nil {
		return nil, err
	}
	nodes := G.Nodes{logits.node, t.targets.node}
	if loss.Distill > 0 {
		if t.teacher, err = t.graph.input("teacher's logits", logits.shape); err != nil {
			return nil, err
		}
		nodes = append(nodes, t.teacher.node)
	}
	t.loss = newLossOp(loss, logits.shape)
	return t.graph.apply(t.loss, nodes...)
}

// Step computes the loss of n samples and the gradients of the parameters,
// which replace those of the last step. x is plain (samples, C, H, W), targets
// are n×classes probabilities, and teacher n×classes logits if the loss
// distills, else nil. n is at most the batch that the Trainer was built for;
// with batch norm in the network it is that batch.
func (t *Trainer) Step(x, targets, teacher []float32, n int) (StepResult, error) {
	if t.full && n != t.batch {
		return StepResult{}, fmt.Errorf("nn: step: batch norm wants full batches of %d samples, found %d", t.batch, n)
	}
	if err := t.input.fill(x, n); err != nil {
		return StepResult{}, err
	}
	if err := t.targets.fill(targets, n); err != nil {
		return StepResult{}, err
	}
	if t.teacher != nil {
		if err := t.teacher.fill(teacher, n); err != nil {
			return StepResult{}, err
		}
	}
	t.loss.n = n
	if err := t.graph.run(); err != nil {
		return StepResult{}, err
	}
	t.graph.step++
	return StepResult{Loss: t.loss.loss, Correct: t.loss.correct}, nil
}

// At numbers the next step, 0 unless said; those after it count on. With
// Options.Seed, the number decides what Dropout zeroes, so that a training that
// was interrupted can draw what it would have drawn.
func (t *Trainer) At(step int) { t.graph.step = uint64(step) }

// Params lists the parameters in the order of the Arch. Values are the live
// parameters: what is written there, the next step uses.
func (t *Trainer) Params() []Param { return t.params.list }

// SGD updates one parameter in PyTorch's order: g += decay·w; v = momentum·v +
// g; w -= rate·v. It leaves g as it was. The three are of one length.
func (t *Trainer) SGD(w, g, v []float32, rate, momentum, decay float32) {
	t.graph.engine.SGD(w, g[:len(w)], v[:len(w)], rate, momentum, decay)
}

// Model is a copy of the parameters as they are.
func (t *Trainer) Model() *models.Model { return t.params.model() }

// Compute names what computes, with its version: "onednn 2.6.3".
func (t *Trainer) Compute() string { return t.graph.engine.Name() }

// Choices lists the algorithms that compute the layers.
func (t *Trainer) Choices() []kernel.Choice { return t.graph.engine.Choices() }

// Close frees memory outside Go's heap. The Trainer computes nothing after it.
func (t *Trainer) Close() { t.graph.close() }
