package fusion

import (
	"cmp"
	"fmt"
	"slices"

	"otfusion/fusion/ot"
	"otfusion/internal/weights"
)

// Options say how parents are aligned and averaged. The zero value aligns by
// weights, with exact transport of Euclidean distances, to the first parent.
// Their JSON is the options of a [Provenance].
type Options struct {
	Preset string `json:"preset,omitempty"` // the name of the preset that these began as, for the record

	Align           Coordinates `json:"align"`            // what channels are compared by
	Solver          ot.Solver   `json:"-"`                // of the transport problems; ot.Exact{} if nil
	Cost            Cost        `json:"cost"`             // ground cost between channels
	NormalizeRows   bool        `json:"normalize_rows"`   // scale every channel's coordinates to unit length before comparing; the average keeps its scale
	MatchInputs     bool        `json:"match_inputs"`     // by weights or both: compare channels also by the weights that read them, as git re-basin does
	Residual        Residual    `json:"residual"`         // how channels tied by Add are mapped
	TransportOutput bool        `json:"transport_output"` // align the output layer's rows too, as the paper's code does, which may exchange classes; else classes keep their order
	PreserveScale   bool        `json:"preserve_scale"`   // with different widths: split a channel's outgoing weight between its copies; keeps the function where every width of the reference is a multiple

	Reference   int       `json:"reference"`           // the parent that the others are aligned to, or Last; it also gives the result's widths
	Proportions []float64 `json:"proportions"`         // weight of each parent in the average, scaled to sum to 1; nil means equal
	Consensus   bool      `json:"consensus,omitempty"` // by activations: align more than two parents to one another, not to the reference alone; wants shared maps
	Passes      int       `json:"passes"`              // alignments: after the first, all parents are re-aligned to the fused model, until nothing changes or Passes are done; 0 means 1
	Budget      float64   `json:"budget,omitempty"`    // share of each hidden layer's channels, the worst matched, that are not averaged but kept apart: 0 for one network of the reference's size, 1 for the ensemble in one network; wants channels matched one to one
	UpTo        string    `json:"up_to,omitempty"`     // by zip: the layer up to which parents are merged; after it they stay apart, their outputs added. models.InputName merges nothing; "" merges all
	Descent     int       `json:"descent"`             // by weights or both: at most so many sweeps that re-solve every group given all the others, until nothing changes

	Samples     Samples  `json:"-"`                      // by activations, and for Repair: inputs to run through the models
	SamplesFrom string   `json:"samples_from,omitempty"` // where the samples come from, for the record
	Record      Recorder `json:"-"`                      // runs them, such as nn.Recorder of models/nn
	Repair      Repair   `json:"repair"`                 // of the fused model's statistics

	AlignSamples int                                 `json:"align_samples,omitempty"` // by activations: compare channels on the first so many of the samples; 0 means all
	Progress     func(stage string, done, total int) `json:"-"`                       // told how far alignment by activations and regression are; may be nil
}

// progress tells how far a stage is.
func (o Options) progress(stage string, done, total int) {
	if o.Progress != nil {
		o.Progress(stage, done, total)
	}
}

// Last, as Options.Reference, is the last parent: the paper's model B.
const Last = -1

// Coordinates says what the coordinates of a channel are.
type Coordinates string

// Channels are compared by their weights (their rows Ŵ of every parameter that
// makes them, biases being one more column) or by their pre-activations at
// every position of every sample (section 4 of the paper). Both adds the two
// costs, each scaled to a mean of 1 in every group. Zip does not align
// parents to a reference: it merges those channels of all of them that vary
// together, see zip.go.
const (
	Weights     Coordinates = "wts" // the default
	Activations Coordinates = "acts"
	Both        Coordinates = "both"
	Zip         Coordinates = "zip"
)

// Cost is the ground cost between two channels' coordinates x and y.
type Cost string

// The ground costs.
const (
	Euclidean   Cost = "euclidean"   // ‖x − y‖, the paper's and the default
	SqEuclidean Cost = "sqeuclidean" // ‖x − y‖²
	Cosine      Cost = "cosine"      // 1 − cos(x, y)
)

// Residual is how channels tied by Add are mapped.
type Residual string

// The residual policies. SharedMap gives all channels that an Add ties one map,
// found from all the layers that make them, so that permutations keep the
// function. PaperAverage does what the paper's code does, see residual_paper.go.
const (
	SharedMap    Residual = "group" // the default
	PaperAverage Residual = "paper"
)

// Repair is how statistics of the fused model are corrected.
type Repair string

// The repairs. Averaging shrinks the variance of channels that do not agree
// (Jordan et al. 2022, REPAIR). Rescale gives every pre-activation the mean and
// standard deviation interpolated from the parents'. Regress solves for the
// weights that reproduce the parents' average pre-activations best. ResetBatchNorm
// measures the running statistics anew.
const (
	NoRepair       Repair = "none" // the default
	Rescale        Repair = "rescale"
	Regress        Repair = "regress"
	ResetBatchNorm Repair = "bn"
)

// complete checks the options against the parents and fills in the defaults.
func (o Options) complete(parents int) (Options, error) {
	if o.Solver == nil {
		o.Solver = ot.Exact{}
	}
	if o.Reference == Last {
		o.Reference = parents - 1
	}
	if o.Reference < 0 || o.Reference >= parents {
		return o, fmt.Errorf("fusion: reference: wanted 0 to %d, or %d for the last parent, found %d", parents-1, Last, o.Reference)
	}
	if o.Passes < 0 || o.Descent < 0 {
		return o, fmt.Errorf("fusion: passes %d, descent %d: wanted no negative number", o.Passes, o.Descent)
	}
	if !(o.Budget >= 0 && o.Budget <= 1) {
		return o, fmt.Errorf("fusion: budget: wanted a number from 0 to 1, found %g", o.Budget)
	}
	o.Passes = max(o.Passes, 1)
	o.Align, o.Cost, o.Residual, o.Repair = cmp.Or(o.Align, Weights), cmp.Or(o.Cost, Euclidean), cmp.Or(o.Residual, SharedMap), cmp.Or(o.Repair, NoRepair)
	o.Consensus = o.Consensus && o.Align == Activations // the record says what was done, not what a preset began with
	var err error
	if o.Proportions, err = proportions(o.Proportions, parents); err != nil {
		return o, err
	}
	return o, o.check()
}

// check reports choices that do not exist or do not go together.
func (o Options) check() error {
	switch {
	case !slices.Contains([]Coordinates{Weights, Activations, Both, Zip}, o.Align):
		return fmt.Errorf("fusion: align: wanted %s, %s, %s or %s, found %q", Weights, Activations, Both, Zip, o.Align)
	case o.Cost != Euclidean && o.Cost != SqEuclidean && o.Cost != Cosine:
		return fmt.Errorf("fusion: cost: wanted %s, %s or %s, found %q", Euclidean, SqEuclidean, Cosine, o.Cost)
	case o.Residual != SharedMap && o.Residual != PaperAverage:
		return fmt.Errorf("fusion: residual: wanted %s or %s, found %q", SharedMap, PaperAverage, o.Residual)
	case o.Repair != NoRepair && o.Repair != Rescale && o.Repair != Regress && o.Repair != ResetBatchNorm:
		return fmt.Errorf("fusion: repair: wanted %s, %s, %s or %s, found %q", NoRepair, Rescale, Regress, ResetBatchNorm, o.Repair)
	case o.Residual == PaperAverage && o.Align != Activations:
		return fmt.Errorf("fusion: residual: the paper's policy wants alignment by %s, found by %s", Activations, o.Align)
	case o.Budget > 0 && o.Residual == PaperAverage:
		return fmt.Errorf("fusion: residual: a budget wants the policy %s, found %s", SharedMap, PaperAverage)
	case o.Consensus && o.Residual == PaperAverage:
		return fmt.Errorf("fusion: residual: consensus wants the policy %s, found %s", SharedMap, PaperAverage)
	case (o.MatchInputs || o.Descent > 0) && o.Align != Weights && o.Align != Both:
		return fmt.Errorf("fusion: matching inputs and descent want alignment by %s or %s, found by %s", Weights, Both, o.Align)
	case o.Align == Zip && o.besideZip() != "":
		return fmt.Errorf("fusion: align: %s wants one pass, classes in place, no preserved scale and no budget, found %s", Zip, o.besideZip())
	case o.Align == Zip && !equal(o.Proportions):
		return unequalZip(o.Proportions)
	case o.UpTo != "" && (o.Align != Zip || o.Repair == Rescale):
		return fmt.Errorf("fusion: up to %s: wanted alignment by %s and no repair by %s, found alignment by %s, repair %s", o.UpTo, Zip, Rescale, o.Align, o.Repair)
	case o.runs() && (o.Samples == nil || o.Samples.Len() == 0):
		return ErrNeedsSamples
	case o.runs() && o.Record == nil:
		return ErrNeedsRecorder
	}
	return nil
}

// runs tells whether samples are run through the models; options are complete.
func (o Options) runs() bool { return o.Align != Weights || o.Repair != NoRepair }

// besideZip is an option that zip has no use for, if one is set.
func (o Options) besideZip() string {
	switch {
	case o.Passes > 1:
		return fmt.Sprintf("%d passes", o.Passes)
	case o.TransportOutput:
		return "transport of the output layer"
	case o.PreserveScale:
		return "preserved scale"
	case o.Budget > 0:
		return fmt.Sprintf("a budget of %g", o.Budget)
	}
	return ""
}

// unequalZip refuses weights that zip has no use for.
func unequalZip(proportions []float64) error {
	return fmt.Errorf("fusion: align: %s merges channels of all parents alike: wanted equal proportions, found %v", Zip, proportions)
}

// equal tells weights that are all the same.
func equal(weights []float64) bool {
	return !slices.ContainsFunc(weights, func(w float64) bool { return w != weights[0] })
}

// proportions scales the given weights to sum to 1, or makes equal ones.
func proportions(given []float64, parents int) ([]float64, error) {
	scaled, err := weights.Normalize(given, parents)
	if err != nil {
		return nil, fmt.Errorf("fusion: proportions: %w", err)
	}
	return scaled, nil
}
