package train

import (
	"fmt"

	"otfusion/data"
	"otfusion/models"
)

// normalised is d as the model wants it: normalised as its metadata says, or as
// d is where that says nothing.
func normalised(m *models.Model, d *data.Dataset) (*data.Dataset, error) {
	n, err := m.Normalisation()
	if n == nil || err != nil {
		return d, err
	}
	return d.Normalised(n.Mean, n.Std)
}

// normalisation is that of the images of a run, nil where the training images
// differ in it from those that the run is tested on.
func (c Config) normalisation() *models.Normalisation {
	n := normalisationOf(c.Data.Train)
	if nonEmpty(c.Data.Test) && !n.Equal(normalisationOf(c.Data.Test)) {
		return nil
	}
	return &n
}

func normalisationOf(d *data.Dataset) models.Normalisation {
	return models.Normalisation{Mean: d.Mean, Std: d.Std}
}

// expects reports a model whose inputs are normalised otherwise than d.
func expects(what string, m *models.Model, d *data.Dataset) error {
	want, err := normalised(m, d)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if w, found := normalisationOf(want), normalisationOf(d); !w.Equal(found) {
		return fmt.Errorf("%s wants images normalised by %v, %s has %v", what, w, d.Name, found)
	}
	return nil
}

// expects reports teachers whose inputs are normalised otherwise than d; the
// Distillation may be nil.
func (t *Distillation) expects(d *data.Dataset) error {
	if t == nil {
		return nil
	}
	for k, teacher := range t.Teachers {
		if err := expects(fmt.Sprintf("teacher %d", k), teacher, d); err != nil {
			return err
		}
	}
	return nil
}

// describe notes in the model's metadata what its inputs and outputs mean.
func (c Config) describe(m *models.Model) error {
	d := c.Data.Train
	named := len(d.ClassNames) == d.Classes
	if c.Distill.unlabelled() {
		if named {
			m.SetClasses(d.ClassNames, d.ClassNames)
		}
		if err := m.Inherit(c.Distill.Teachers...); err != nil { // what they teach is all that it knows
			return err
		}
	} else if named {
		var seen []string
		for class, n := range d.Counts() {
			if n > 0 {
				seen = append(seen, d.ClassNames[class])
			}
		}
		m.SetClasses(d.ClassNames, seen)
	}
	if n := c.normalisation(); n != nil {
		return m.SetNormalisation(*n)
	}
	return nil
}
