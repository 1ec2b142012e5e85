package main

import (
	"fmt"

	"otfusion/data"
	"otfusion/models"
	"otfusion/train"
)

// partFlags choose a part of the training images.
type partFlags struct {
	Part     string `placeholder:"PART" help:"Train on a part of the images, as one of several parents: classes:0-4, classes:cat,dog, classes:0-5+4-9,1/2 (first of two, who divide common classes), dirichlet:0.5,1/2, shares:10+90,2/2, special:4:10+90,1/2."`
	PartSeed uint64 `default:"0" help:"Seed of the division, the same for all parents."`
}

// cut takes the part of a training set, with its share of the recipe's
// validation images. All of the set is the part where none is asked for.
func (f *partFlags) cut(d *data.Dataset, r train.Recipe) (*data.Dataset, train.Recipe, error) {
	if f == nil || f.Part == "" {
		return d, r, nil
	}
	p, err := data.ParsePart(f.Part)
	if err != nil {
		return nil, r, usage("--part: %w", err)
	}
	part, err := p.Of(d, f.PartSeed)
	if err != nil {
		return nil, r, usage("--part: %w", err)
	}
	if r.Validation > 0 {
		r.Validation = max(1, r.Validation*part.Len()/d.Len())
	}
	return part, r, nil
}

// record is the part as the model's file tells of it.
func (f *partFlags) record() string {
	if f.Part == "" {
		return ""
	}
	return fmt.Sprintf("%s, seed %d", f.Part, f.PartSeed)
}

// normaliseAll gives all parts of a dataset the normalisation, unless that is nil.
func normaliseAll(s data.Splits, n *models.Normalisation) (data.Splits, error) {
	for _, d := range []**data.Dataset{&s.Train, &s.Validation, &s.Test} {
		var err error
		if *d, err = normalise(*d, n); err != nil {
			return s, err
		}
	}
	return s, nil
}
