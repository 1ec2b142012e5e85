package nn

import (
	"otfusion/models"
	"otfusion/models/nn/kernel"
)

// Predictor computes logits, and activations of chosen layers. It belongs to
// one goroutine at a time; Predictors are independent.
type Predictor struct {
	graph    *graph
	params   *parameters
	batch    int
	input    *value
	logits   *value
	recorded map[string]*recording
	rows     int // of the last run
}

// recording is the output of a layer that somebody wants to see.
type recording struct {
	*value
	unpacked []float32 // nil if the value is plain
}

// NewPredictor compiles the model for inference. It keeps the outputs of the
// layers named by record: of a layer that a ReLU follows, the values before it.
func NewPredictor(m *models.Model, o Options, record ...string) (*Predictor, error) {
	params, err := newParameters(m)
	if err != nil {
		return nil, err
	}
	e, err := o.engine()
	if err != nil {
		return nil, err
	}
	return newPredictor(params, o.Batch, e, record)
}

func newPredictor(params *parameters, batch int, e kernel.Engine, record []string) (*Predictor, error) {
	p := &Predictor{graph: newGraph(e), params: params, batch: batch, recorded: map[string]*recording{}}
	if err := p.build(record); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func (p *Predictor) build(record []string) error {
	c, err := compile(p.graph, p.params, p.batch, false, record)
	if err != nil {
		return err
	}
	if p.logits, err = c.logits(p.params.arch); err != nil {
		return err
	}
	p.input = c.known[models.InputName]
	keep := []*value{p.logits}
	for _, name := range record {
		v := c.known[name]
		p.recorded[name] = &recording{value: v}
		keep = append(keep, v)
	}
	p.graph.start(keep...)
	return nil
}

// Run computes the logits of n samples, n×classes, which are valid until the
// next Run. x is plain (samples, C, H, W) with at least n samples; n is at most
// the batch that the Predictor was built for.
func (p *Predictor) Run(x []float32, n int) ([]float32, error) {
	if err := p.input.fill(x, n); err != nil {
		return nil, err
	}
	p.rows = n
	if err := p.graph.run(); err != nil {
		return nil, err
	}
	return p.logits.rows(n), nil
}

// Recorded is the output of a recorded layer in the last Run, plain (n, C, H,
// W) and valid until the next Run. It is nil if the layer is not recorded.
func (p *Predictor) Recorded(layer string) []float32 {
	r, ok := p.recorded[layer]
	if !ok || p.graph.closed {
		return nil
	}
	if r.plain {
		return r.rows(p.rows)
	}
	if r.unpacked == nil {
		r.unpacked = make([]float32, r.shape.Len())
	}
	p.graph.engine.Unpack(r.unpacked, r.data(), r.shape)
	return r.unpacked[:p.rows*r.shape.Len()/r.shape.N]
}

// Load replaces the parameters by those of a model of the same architecture.
func (p *Predictor) Load(m *models.Model) error { return p.params.load(m) }

// Choices lists the algorithms that compute the layers.
func (p *Predictor) Choices() []kernel.Choice { return p.graph.engine.Choices() }

// Close frees memory outside Go's heap. The Predictor computes nothing after it.
func (p *Predictor) Close() { p.graph.close() }
