package report

import (
	"encoding/json"
	"math"
	"testing"
)

func TestTableShowsWhatIsMissing(t *testing.T) {
	table := Table{Title: "t", Columns: []string{"c"}, Rows: []Row{
		{"one", []Value{Against(Summarize(95.5), 96)}},
		{"several", []Value{Ours(Summarize(1, 3))}},
		{"none", []Value{Ours(Summarize(math.NaN()))}},
	}}
	want := []string{"95.50 (96.00)", "2.00 ± 1.41", "–"}
	for i, r := range table.Rows {
		if got := r.Values[0].String(); got != want[i] {
			t.Errorf("%s: got %q, want %q", r.Label, got, want[i])
		}
	}
	if _, err := json.Marshal(table); err != nil {
		t.Errorf("as JSON: %v", err)
	}
}
