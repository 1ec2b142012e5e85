package fusion

import (
	"context"
	"fmt"
	"slices"

	"otfusion/internal/gemm"
	"otfusion/models"
)

// recording runs samples through models and reads what chosen layers output.
// Models of one architecture take turns in two Networks, so that memory does
// not grow with their number.
type recording struct {
	samples  Samples
	recorder Recorder
	layers   []string
	batch    int
	networks []*recorded
}

// recorded is a network with the model that it holds at the moment.
type recorded struct {
	models.Network
	model  *models.Model
	shapes map[string]models.Shape
}

// views are the outputs (n, C, H, W) of layers on one batch, read by channels.
type views map[string]gemm.View

// record prepares to record layers of models like one of them.
func (f *fuser) record(like *models.Arch, layers []string) (*recording, error) {
	shapes, err := like.Shapes()
	if err != nil {
		return nil, fmt.Errorf("fusion: %w", err)
	}
	values := 0
	for _, l := range layers {
		values += shapes[l].Len()
	}
	return &recording{samples: f.Samples, recorder: f.Record, layers: layers, batch: min(batchSize(like.Count(), values), f.Samples.Len())}, nil
}

// compared are the samples that channels are compared on.
func (f *fuser) compared() Samples {
	if f.AlignSamples > 0 {
		return span{f.Samples, 0, f.AlignSamples}
	}
	return f.Samples
}

// batchSize keeps what is recorded at once below 128 MiB or the size of the
// model, unless batches would be too small to be fast.
func batchSize(parameters, recorded int) int {
	const least, most, values = 32, 256, 1 << 25
	return min(max(max(parameters/2, values)/max(recorded, 1), least), most)
}

// batches calls each with every batch of n samples.
func (r *recording) batches(ctx context.Context, each func(x []float32, n int) error) error {
	var x []float32
	for from := 0; from < r.samples.Len(); from += r.batch {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(r.batch, r.samples.Len()-from)
		x = slices.Grow(x[:0], n*r.samples.Size())[:n*r.samples.Size()]
		if err := r.samples.Read(x, from); err != nil {
			return fmt.Errorf("fusion: samples: %w", err)
		}
		if i := slices.IndexFunc(x, func(v float32) bool { return v-v != 0 }); i >= 0 {
			return fmt.Errorf("fusion: samples: sample %d: wanted finite values, found %g", from+i/r.samples.Size(), x[i])
		}
		if err := each(x, n); err != nil {
			return err
		}
	}
	return nil
}

// run runs a batch through a model. What it returns is valid until the next run.
func (r *recording) run(m *models.Model, x []float32, n int) (views, error) {
	net, err := r.network(m)
	if err != nil {
		return nil, fmt.Errorf("fusion: recording activations: %w", err)
	}
	if _, err := net.Run(x, n); err != nil {
		return nil, fmt.Errorf("fusion: recording activations: %w", err)
	}
	v := views{}
	for _, l := range r.layers {
		s := net.shapes[l]
		v[l] = gemm.View{Data: net.Recorded(l)[:n*s.Len()], Outer: n, Size: s.C, Inner: s.H * s.W}
	}
	return v, nil
}

// network returns a Network that holds the model. The first model of an
// architecture keeps its own; the others take turns in a second one.
func (r *recording) network(m *models.Model) (*recorded, error) {
	var alike []*recorded
	for _, net := range r.networks {
		if net.model == m {
			return net, nil
		}
		if net.model.Arch.Equal(m.Arch) {
			alike = append(alike, net)
		}
	}
	if len(alike) == 2 {
		alike[1].model = m
		return alike[1], alike[1].Load(m)
	}
	shapes, err := m.Arch.Shapes()
	if err != nil {
		return nil, err
	}
	net, err := r.recorder(m, r.batch, r.layers)
	if err != nil {
		return nil, err
	}
	r.networks = append(r.networks, &recorded{net, m, shapes})
	return r.networks[len(r.networks)-1], nil
}

func (r *recording) close() {
	for _, net := range r.networks {
		net.Close()
	}
}

// keep copies views to memory of its own, which the next call uses again.
func (v views) keep(from views) {
	for layer, view := range from {
		view.Data = append(v[layer].Data[:0], view.Data...)
		v[layer] = view
	}
}
