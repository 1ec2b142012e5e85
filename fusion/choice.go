package fusion

import "otfusion/fusion/ot"

// Choice is a preset with what differs from it, as a command line or a file
// states it. A nil field leaves what the preset says.
type Choice struct {
	Preset string // a name that Preset knows, or "" for the zero Options with the last parent as reference

	Align           *Coordinates
	Solver          ot.Solver
	Cost            *Cost
	NormalizeRows   *bool
	MatchInputs     *bool
	Residual        *Residual
	TransportOutput *bool
	PreserveScale   *bool
	Reference       *int
	Proportions     []float64
	Consensus       *bool
	Passes          *int
	Descent         *int
	Repair          *Repair
	Budget          *float64
	UpTo            *string
	AlignSamples    *int
}

// Options merges the preset and what differs from it.
func (c Choice) Options() (Options, error) {
	o := Options{Reference: Last}
	if c.Preset != "" {
		var err error
		if o, err = Preset(c.Preset); err != nil {
			return o, err
		}
	}
	override(&o.Align, c.Align)
	override(&o.Cost, c.Cost)
	override(&o.NormalizeRows, c.NormalizeRows)
	override(&o.MatchInputs, c.MatchInputs)
	override(&o.Residual, c.Residual)
	override(&o.TransportOutput, c.TransportOutput)
	override(&o.PreserveScale, c.PreserveScale)
	override(&o.Reference, c.Reference)
	override(&o.Consensus, c.Consensus)
	override(&o.Passes, c.Passes)
	override(&o.Descent, c.Descent)
	override(&o.Repair, c.Repair)
	override(&o.Budget, c.Budget)
	override(&o.UpTo, c.UpTo)
	override(&o.AlignSamples, c.AlignSamples)
	if c.Solver != nil {
		o.Solver = c.Solver
	}
	if c.Proportions != nil {
		o.Proportions = c.Proportions
	}
	return o, nil
}

func override[T any](value, with *T) {
	if with != nil {
		*value = *with
	}
}
