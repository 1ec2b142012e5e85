package report

import (
	"bytes"
	"encoding/csv"
	"math"
	"strconv"
)

// csv is every value of the section's tables in a line of its own, for programs
// and spreadsheets.
func (s Section) csv() ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	records := [][]string{{"scale", "table", "row", "column", "ours", "sd", "finished", "of", "paper", "text"}}
	for _, t := range s.Tables {
		for _, r := range t.Rows {
			for i, v := range r.Values {
				records = append(records, append([]string{s.Scale, t.Title, r.Label, t.Columns[i]}, v.fields()...))
			}
		}
	}
	if err := w.WriteAll(records); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// fields are ours, its standard deviation, the repetitions finished and asked for, the paper's value
// and the words, each empty if there is none.
func (v Value) fields() []string {
	fields := []string{"", "", strconv.Itoa(v.Ours.N), strconv.Itoa(v.Ours.Of), "", v.Text}
	if !math.IsNaN(v.Ours.Mean) {
		fields[0] = exact(v.Ours.Mean)
	}
	if v.Ours.N > 1 {
		fields[1] = exact(v.Ours.SD)
	}
	if v.Paper != nil {
		fields[4] = exact(*v.Paper)
	}
	return fields
}

func exact(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
