package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Table is one table of a report.
type Table struct {
	Title   string   `json:"title"`
	Note    string   `json:"note,omitempty"` // scale, seeds, epochs, what differs from the paper
	Columns []string `json:"columns"`        // of the values; the rows' labels stand before them
	Rows    []Row    `json:"rows"`
}

// Row is one line of a Table.
type Row struct {
	Label  string  `json:"label"`
	Values []Value `json:"values"`
}

// Value is one field of a table.
type Value struct {
	Ours  Stat     `json:"ours"`
	Paper *float64 `json:"paper,omitempty"` // the paper's value, where it has one
	Text  string   `json:"text,omitempty"`  // in place of numbers
}

// Ours is a value that the paper does not have.
func Ours(s Stat) Value { return Value{Ours: s} }

// Against is a value with the paper's.
func Against(s Stat, paper float64) Value { return Value{Ours: s, Paper: &paper} }

// Words is a value that is no number.
func Words(format string, args ...any) Value {
	return Value{Ours: Summarize(), Text: fmt.Sprintf(format, args...)}
}

// String is "96.31 ± 0.36 (96.21)": ours, its standard deviation over several
// repetitions, the paper's in parentheses. "[4 of 5]" stands where not all
// repetitions are finished, "–" where none is.
func (v Value) String() string { return v.mean() + v.spread() + v.paper() }

func (v Value) mean() string {
	switch {
	case v.Text != "":
		return v.Text
	case math.IsNaN(v.Ours.Mean):
		return "–"
	}
	return number(v.Ours.Mean, decimals(v.Ours.Mean))
}

// spread is the standard deviation, and how many repetitions are there where
// some are missing.
func (v Value) spread() string {
	text := ""
	if v.Ours.N > 1 {
		text = " ± " + number(v.Ours.SD, decimals(v.Ours.Mean))
	}
	if 0 < v.Ours.N && v.Ours.N < v.Ours.Of {
		text += fmt.Sprintf(" [%d of %d]", v.Ours.N, v.Ours.Of)
	}
	return text
}

func (v Value) paper() string {
	if v.Paper == nil {
		return ""
	}
	return " (" + number(*v.Paper, decimals(*v.Paper)) + ")"
}

func number(x float64, decimals int) string { return strconv.FormatFloat(x, 'f', decimals, 64) }

// decimals are two, or as many as show two digits of a smaller number.
func decimals(x float64) int {
	x = math.Abs(x)
	switch {
	case x >= .1 || x == 0:
		return 2
	case x >= .01:
		return 3
	}
	return 4
}

// finite reports whether the mean is there and no loss beyond all bounds.
func (s Stat) finite() bool { return !math.IsNaN(s.Mean-s.Mean) && !math.IsNaN(s.SD-s.SD) }

// MarshalJSON writes a mean that is no number as null.
func (s Stat) MarshalJSON() ([]byte, error) {
	if !s.finite() {
		return fmt.Appendf(nil, `{"mean":null,"n":%d,"of":%d,"lost":%d}`, s.N, s.Of, s.Lost), nil
	}
	return fmt.Appendf(nil, `{"mean":%g,"sd":%g,"n":%d,"of":%d,"lost":%d}`, s.Mean, s.SD, s.N, s.Of, s.Lost), nil
}

// writer lays the table out; the caller renders it as text, Markdown, CSV or HTML.
func (t Table) writer() table.Writer {
	w := table.NewWriter()
	header := table.Row{""}
	var right []table.ColumnConfig
	for i, c := range t.Columns {
		header = append(header, c)
		right = append(right, table.ColumnConfig{Number: i + 2, Align: text.AlignRight})
	}
	w.AppendHeader(header)
	w.SetColumnConfigs(right)
	w.SetStyle(table.StyleLight)
	w.Style().Format.Header = text.FormatDefault
	for _, r := range t.Rows {
		row := table.Row{r.Label}
		for _, v := range r.Values {
			row = append(row, v.String())
		}
		w.AppendRow(row)
	}
	return w
}

// Text is the table for a terminal.
func (t Table) Text() string {
	return strings.TrimRight(fmt.Sprintf("%s\n%s\n%s", t.Title, t.writer().Render(), t.Note), "\n") + "\n"
}

// Markdown is the table for a document.
func (t Table) Markdown() string {
	t = t.withoutEmpty()
	return escaped(strings.TrimRight(fmt.Sprintf("### %s\n\n%s\n\n%s", t.Title, t.writer().RenderMarkdown(), t.Note), "\n") + "\n")
}

// Started reports whether one of its values is there.
func (t Table) Started() bool { return slices.ContainsFunc(t.Rows, Row.Started) }

// Started reports whether one of the row's values is there.
func (r Row) Started() bool {
	return slices.ContainsFunc(r.Values, func(v Value) bool { return v.Text == "" && !math.IsNaN(v.Ours.Mean) })
}

// withoutEmpty is the table without the rows of which nothing is finished, whose
// labels the note lists.
func (t Table) withoutEmpty() Table {
	var rows []Row
	var empty []string
	for _, r := range t.Rows {
		if r.Started() {
			rows = append(rows, r)
		} else {
			empty = append(empty, r.Label)
		}
	}
	if len(empty) > 0 {
		t.Rows, t.Note = rows, strings.TrimSpace("Not finished: "+strings.Join(empty, "; ")+".\n\n"+t.Note)
	}
	return t
}

// Compares reports whether the paper has a value in a column.
func (t Table) Compares(column int) bool {
	for _, r := range t.Rows {
		if column < len(r.Values) && r.Values[column].Paper != nil {
			return true
		}
	}
	return false
}
