package main

import (
	"cmp"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"

	"otfusion/models"
	"otfusion/models/checkpoint"
)

// sourceFlags say of model files what they do not say themselves.
type sourceFlags struct {
	Arch   string   `type:"path" placeholder:"FILE" help:"Architecture of the models in JSON, in place of what the files say or show."`
	Key    string   `placeholder:"KEY" help:"Key of the dict of tensors in PyTorch checkpoints that have several, such as ema."`
	Assume []string `placeholder:"WHAT=VALUE,..." help:"What parameters do not show of models without an architecture: activation=OPERATION, input=CxHxW, stem-pool=yes or no, zero-padding=sides or end (of shortcuts without parameters), norm-epsilon=NUMBER (of batch norms)."`
}

func (f sourceFlags) told() (checkpoint.Options, error) {
	assumed, err := checkpoint.ParseAssumptions(f.Assume)
	if err != nil {
		return checkpoint.Options{}, usage("--assume: %w", err)
	}
	o := checkpoint.Options{Key: f.Key, Assume: assumed}
	if f.Arch == "" {
		return o, nil
	}
	if len(f.Assume) > 0 {
		return o, usage("--assume: wanted no --arch with it, which says all of the architecture")
	}
	o.Arch, err = checkpoint.ReadArch(f.Arch)
	return o, err
}

// read reads a model and says what of it a user should know.
func (f sourceFlags) read(g *globals, path string) (*models.Model, error) {
	o, err := f.told()
	if err != nil {
		return nil, err
	}
	m, err := await(g.ctx, func() (*models.Model, error) { return checkpoint.ReadWith(path, o) })
	if err != nil {
		return nil, err
	}
	g.noteOrigin(path, m)
	return m, nil
}

// noteOrigin says what of a model that was read a user should know.
func (g *globals) noteOrigin(path string, m *models.Model) {
	if guess := m.Meta[checkpoint.MetaGuess]; guess != "" {
		g.note("%s: the architecture is a guess: %s; say otherwise with --assume or --arch", path, plain(guess))
	}
	if unused := m.Meta[checkpoint.MetaUnused]; unused != "" {
		g.note("%s: no layer uses %s", path, plain(unused))
	}
}

// readAll reads files, several at a time; of those that cannot be read, the
// first is the error.
func (f sourceFlags) readAll(g *globals, paths []string) ([]*models.Model, error) {
	if len(paths) > maxModels {
		return nil, usage("wanted at most %d models, found %d", maxModels, len(paths))
	}
	o, err := f.told()
	if err != nil {
		return nil, err
	}
	ms, errs := make([]*models.Model, len(paths)), make([]error, len(paths))
	_, err = await(g.ctx, func() (struct{}, error) {
		var group errgroup.Group
		group.SetLimit(runtime.GOMAXPROCS(0))
		for i, path := range paths {
			group.Go(func() error {
				ms[i], errs[i] = checkpoint.ReadWith(path, o)
				return nil
			})
		}
		return struct{}{}, group.Wait()
	})
	if err != nil { // interrupted: files are still being read
		return nil, err
	}
	if err := cmp.Or(errs...); err != nil {
		return nil, err
	}
	for i, path := range paths {
		g.noteOrigin(path, ms[i])
	}
	return ms, nil
}

// targetFlags say where a model is written and how its values are stored.
type targetFlags struct {
	Out   outFile `required:"" placeholder:"FILE" help:"File to write; its ending says how: .safetensors, .onnx, or as PyTorch .pt, .pth, .ckpt, .bin, .checkpoint or .pth.tar."`
	DType string  `name:"dtype" placeholder:"TYPE" help:"Precision of the file: f32, f16, bf16 or f64 (default: that of the models it is made of)."`
}

// ready refuses an output that could not be written, before any work.
func (f targetFlags) ready() error {
	if f.DType != "" {
		if _, err := checkpoint.ParseDType(f.DType); err != nil {
			return usage("--dtype: %w", err)
		}
	}
	return checkpoint.CheckOutput(string(f.Out))
}

// write writes a model that was made of others, in their precision unless the
// flag says otherwise. A guess at their architecture is one at its.
func (f targetFlags) write(g *globals, m *models.Model, parents ...*models.Model) error {
	var dtype checkpoint.DType
	for _, p := range parents {
		dtype = checkpoint.Widest(dtype, checkpoint.Precision(p))
		if guess := p.Meta[checkpoint.MetaGuess]; guess != "" {
			m.Meta[checkpoint.MetaGuess] = guess
		}
	}
	if f.DType != "" {
		dtype, _ = checkpoint.ParseDType(f.DType) // checked by ready
	}
	m.Meta[checkpoint.MetaDType] = string(dtype)
	if err := checkpoint.Write(string(f.Out), m); err != nil {
		return err
	}
	if dtype != checkpoint.F32 {
		g.note("%s: the values were written as %s", f.Out, strings.ToLower(string(dtype)))
	}
	return nil
}
