package nn

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"otfusion/internal/argmax"
	"otfusion/models/nn/kernel"
)

// Loss chooses the training loss. The zero value is cross-entropy with the
// target probabilities t, −Σ t log softmax(z), mean over samples. With Distill
// γ > 0 it is (1−γ)·CE + γ·T²·KL, where KL compares the softmax of the teacher's
// logits over T with that of the student's and is the mean over samples (Hinton
// et al. 2015), with PerClass over samples and classes (Singh & Jaggi 2020,
// appendix S12).
type Loss struct {
	Distill     float64 // γ in [0, 1]
	Temperature float64 // T > 0; of use with Distill
	PerClass    bool    // divide KL by the number of classes too
}

func (l Loss) check() error {
	if !(l.Distill >= 0 && l.Distill <= 1) {
		return fmt.Errorf("nn: loss: wanted a distillation share in [0, 1], found %v", l.Distill)
	}
	if l.Distill > 0 && !(l.Temperature > 0) {
		return fmt.Errorf("nn: loss: wanted a temperature above 0, found %v", l.Temperature)
	}
	return nil
}

// lossOp computes the loss of logits, targets and, to distill, the teacher's
// logits. The gradient by the logits falls out on the way and is kept.
type lossOp struct {
	op
	Loss
	classes int
	n       int       // leading rows that count
	grad    []float32 // by the logits; zero in rows that do not count

	loss    float64
	correct int // rows whose largest logit is at the largest target

	p, q []float64 // softmax of one row: the student's, the teacher's
}

func newLossOp(l Loss, logits kernel.Shape) *lossOp {
	return &lossOp{
		op:   op{layer: "loss", does: "cross-entropy", shape: tensor.ScalarShape()},
		Loss: l, classes: logits.C, n: logits.N,
		grad: make([]float32, logits.Len()),
		p:    make([]float64, logits.C),
		q:    make([]float64, logits.C),
	}
}

// compute sets the loss, its gradient, and the count of correct rows.
func (o *lossOp) compute(y []float32, x [][]float32) error {
	o.loss, o.correct = 0, 0
	clear(o.grad[o.n*o.classes:])
	for i := range o.n {
		row := func(a []float32) []float32 { return a[i*o.classes : (i+1)*o.classes] }
		z, t := row(x[0]), row(x[1])
		if argmax.Of(z) == argmax.Of(t) {
			o.correct++
		}
		o.loss += o.crossEntropy(row(o.grad), z, t)
		if o.Distill > 0 {
			o.loss += o.distill(row(o.grad), z, row(x[2]))
		}
	}
	y[0] = float32(o.loss)
	return nil
}

// crossEntropy sets the row's gradient and returns its share of the loss.
func (o *lossOp) crossEntropy(grad, z, t []float32) float64 {
	share := (1 - o.Distill) / float64(o.n)
	logSum := softmax(o.p, z, 1)
	loss, mass := 0.0, 0.0
	for j, tj := range t {
		if tj != 0 {
			loss += float64(tj) * (logSum - float64(z[j]))
			mass += float64(tj)
		}
	}
	for j, tj := range t {
		grad[j] = float32(share * (mass*o.p[j] - float64(tj)))
	}
	return share * loss
}

// distill adds to the row's gradient and returns the share of the loss that
// compares with the teacher's logits.
func (o *lossOp) distill(grad, z, teacher []float32) float64 {
	share := o.Distill * o.Temperature * o.Temperature / float64(o.n)
	if o.PerClass {
		share /= float64(o.classes)
	}
	beta := 1 / o.Temperature
	logSum, logSumT := softmax(o.p, z, beta), softmax(o.q, teacher, beta)
	kl := 0.0
	for j, q := range o.q {
		if q > 0 {
			kl += q * (beta*float64(teacher[j]) - logSumT - beta*float64(z[j]) + logSum)
		}
		grad[j] += float32(share * beta * (o.p[j] - q))
	}
	return share * kl
}

// softmax sets p to the softmax of beta·z and returns log Σ exp(beta·z). The
// largest logit is subtracted first, so nothing overflows.
func softmax(p []float64, z []float32, beta float64) float64 {
	top := beta * float64(z[argmax.Of(z)])
	total := 0.0
	for j, v := range z {
		p[j] = math.Exp(beta*float64(v) - top)
		total += p[j]
	}
	for j := range p {
		p[j] /= total
	}
	return top + math.Log(total)
}

// DiffWRT is true of the logits.
func (o *lossOp) DiffWRT(n int) []bool {
	wrt := make([]bool, n)
	wrt[0] = true
	return wrt
}

// SymDiff adds the operation for the gradient by the logits.
func (o *lossOp) SymDiff(in G.Nodes, out, grad *G.Node) (G.Nodes, error) {
	grads := make(G.Nodes, len(in))
	var err error
	dz := &lossGrad{op: op{layer: o.layer, does: "gradient of the logits", shape: in[0].Shape()}, loss: o}
	grads[0], err = o.graph.apply(dz, grad, out)
	return grads, err
}

// lossGrad scales the gradient that its loss kept.
type lossGrad struct {
	op
	loss *lossOp
}

// compute scales by the gradient of the loss, which is 1 in training.
func (o *lossGrad) compute(y []float32, x [][]float32) error {
	scale := x[0][0]
	for i, v := range o.loss.grad {
		y[i] = scale * v
	}
	return nil
}
