package experiments

import (
	"fmt"

	"otfusion/data"
)

// Part is one parent's share of the training images, in the heterogeneous
// settings of section 5.1 of the paper.
type Part struct {
	Special *int      `json:"special,omitempty"` // class that the first parent alone has; nil: none
	Shares  []float64 `json:"shares"`            // of the other images
	Named   string    `json:"part,omitempty"`    // in place of these: data.ParsePart's text, which says the parent too
	Index   int       `json:"index"`             // of the parent
	Seed    uint64    `json:"seed,omitempty"`    // of the division
	Raw     bool      `json:"raw,omitempty"`     // pixels from 0 to 255, as the original code leaves them, instead of normalised ones
}

// of cuts the part from a dataset; a nil part is all of it.
func (p *Part) of(d *data.Dataset) (*data.Dataset, error) {
	if p == nil {
		return d, nil
	}
	if p.Named != "" {
		return p.named(d)
	}
	partition, err := p.partition(d)
	if err != nil {
		return nil, err
	}
	if p.Raw {
		d = d.RawPixels()
	}
	return d.Subset(partition[p.Index])
}

// named is the part that Named says.
func (p *Part) named(d *data.Dataset) (*data.Dataset, error) {
	part, err := data.ParsePart(p.Named)
	if err != nil {
		return nil, err
	}
	return part.Of(d, p.Seed)
}

// ofValidation is the parent's own part of the validation images; all of them in
// the paper's settings.
func (p *Part) ofValidation(d *data.Dataset) (*data.Dataset, error) {
	if p == nil || p.Named == "" || d.Len() == 0 {
		return d, nil
	}
	return p.named(d)
}

func (p *Part) partition(d *data.Dataset) (data.Partition, error) {
	if p.Special == nil {
		return data.ByShares(d, p.Shares, p.Seed)
	}
	return data.BySpecialClass(d, *p.Special, p.Shares, p.Seed)
}

// share is the part of the images that is the parent's, near enough.
func (p *Part) share() float64 {
	switch {
	case p == nil:
		return 1
	case p.Named != "":
		part, err := data.ParsePart(p.Named)
		if err != nil {
			return 1
		}
		return 1 / float64(part.Parents())
	}
	all := 0.0
	for _, s := range p.Shares {
		all += s
	}
	return p.Shares[p.Index] / all
}

func (p *Part) words() string {
	if p == nil {
		return ""
	}
	if p.Named != "" {
		return p.Named + " of "
	}
	return fmt.Sprintf("part %d of ", p.Index)
}
