package report

import (
	"encoding/json"
	"math"
	"strings"
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

// A document has one line for the rows of which nothing is finished.
func TestMarkdownSummarisesEmptyRows(t *testing.T) {
	empty := []Value{Ours(Summarize(math.NaN())), Words("not tried")}
	table := Table{Title: "t", Columns: []string{"c", "d"}, Note: "A note.", Rows: []Row{
		{"one", []Value{Ours(Summarize(95)), Words("not tried")}}, {"two", empty}, {"three", empty},
	}}
	text := table.Markdown()
	if !strings.Contains(text, "\nNot finished: two; three.\n\nA note.\n") || !strings.Contains(text, "| one |") || strings.Contains(text, "| two |") {
		t.Errorf("got\n%s", text)
	}
	if n := len(table.Rows); n != 3 {
		t.Errorf("the table has %d rows left", n)
	}
}
