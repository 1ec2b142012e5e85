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
	Index   int       `json:"index"`             // of the parent
	Seed    uint64    `json:"seed,omitempty"`    // of the division
	Raw     bool      `json:"raw,omitempty"`     // pixels from 0 to 255, as the original code leaves them, instead of normalised ones
}

// of cuts the part from a dataset; a nil part is all of it.
func (p *Part) of(d *data.Dataset) (*data.Dataset, error) {
	if p == nil {
		return d, nil
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

func (p *Part) partition(d *data.Dataset) (data.Partition, error) {
	if p.Special == nil {
		return data.ByShares(d, p.Shares, p.Seed)
	}
	return data.BySpecialClass(d, *p.Special, p.Shares, p.Seed)
}

func (p *Part) words() string {
	if p == nil {
		return ""
	}
	return fmt.Sprintf("part %d of ", p.Index)
}
