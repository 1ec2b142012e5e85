package report

import (
	"bytes"
	"encoding/xml"
	"io"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// rich is a report with everything that a report can show.
func rich() Report {
	x := []float64{2, 10, 25, 50, 100, 200}
	rising := func(from, to, sd float64) []Stat {
		var stats []Stat
		for i := range x {
			stats = append(stats, Stat{Mean: to - (to-from)*math.Exp(-float64(i)), SD: sd / float64(i+1), N: 5})
		}
		return stats
	}
	holes := rising(20, 93, 8)
	holes[3] = Summarize()
	samples := Figure{
		Title: "Accuracy over the number of samples.", XLabel: "samples m", YLabel: "test accuracy, %", LogX: true, Note: "The paper's means are dashed.",
		Curves: []Curve{
			{Name: "exact", X: x, Y: rising(24, 96.2, 12)}, {Name: "exact, paper", X: x, Y: rising(24, 95, 0), Dashed: true},
			{Name: "λ = 0.05", X: x, Y: rising(30, 95, 6)}, {Name: "λ = 0.05, paper", X: x, Y: rising(28, 94, 0), Dashed: true},
			{Name: "λ = 0.1", X: x, Y: holes}, {Name: "weights < rows", X: x, Y: rising(70, 90, 2)}, {Name: "not finished", X: x, Y: make([]Stat, 0)},
		},
	}
	path := Figure{Title: "Loss on the way.", XLabel: "weight of B", YLabel: "test loss, nats", Curves: []Curve{
		{Name: "vanilla average", X: []float64{0, .2, .4, .6, .8, 1}, Y: rising(.08, 1.9, .2)}, {Name: "OT, activations, shared maps, batch norm reset", X: []float64{0, .2, .4, .6, .8, 1}, Y: rising(.08, .12, .02)},
	}}
	empty := Figure{Title: "Nothing yet.", XLabel: "x", YLabel: "y", Curves: []Curve{{Name: "c", X: x, Y: make([]Stat, 0)}}}
	wide := Table{Title: "Width: accuracy in % of the MNIST test set, and how far below the better parent", Note: "Scale reduced, one pair per width, activations of 200 samples: parents 10 epochs, the last one kept.",
		Columns: []string{"A", "B", "ensemble", "vanilla", "OT", "gap of vanilla, %", "gap of OT, %"}}
	for _, label := range []string{"[40 20 10]", "[200 100 50]", "[400 200 100]"} {
		row := Row{Label: label}
		for i := range wide.Columns {
			row.Values = append(row.Values, Against(Stat{Mean: 98.5 - 3*float64(i), SD: .31, N: 3}, 97.25-float64(i)))
		}
		wide.Rows = append(wide.Rows, row)
	}
	pairs := Table{Title: "Two VGG11 on CIFAR-10, test accuracy in %", Columns: []string{"one-shot", "fine-tuned"}, Note: "One pair.", Rows: []Row{
		{"model A", []Value{Against(Summarize(89.71), 90.31), Against(Summarize(89.9), 90.29)}},
		{"ensemble of A and B", []Value{Against(Summarize(91.02), 91.34), Words("two networks")}},
		{"vanilla average", []Value{Against(Summarize(10.4), 17.02), Against(Summarize(), 90.39)}},
		{"activations by cosine, shared maps, regression (best)", []Value{Ours(Summarize(87.3, 88.1)), Ours(Summarize(.0342))}},
	}}
	runs := []Run{{"train-0123456789abcdef", 3120, "onednn 2.6.3, 2 threads", "43500fb1c2d3", time.Date(2031, 5, 4, 3, 2, 1, 0, time.UTC), false},
		{"fuse-0123456789abcdef", 2.5, "portable Go, 2 threads", "43500fb1c2d3+changes", time.Date(2031, 5, 6, 3, 2, 1, 0, time.UTC), true}}
	return Report{Absent: []string{"timing", "methods"}, Sections: []Section{
		{Name: "table1", Title: "Pairs of VGG11 and ResNet18 on CIFAR-10", Source: "Table 1", Scale: "reduced", Command: "otfusion experiment run table1 --scale reduced", Missing: 3, Damaged: []string{"train-feedfeedfeedfeed"}, Runs: runs,
			Content: Content{Note: "Parents have two seeds.", Tables: []Table{pairs}, Figures: []Figure{path}, Claims: []Claim{
				{Source: "Table 1", Criterion: "OT ≥ min(A, B) − 5", Text: "two VGG11 fuse to within 5 points of the parents, the vanilla average stays under 40 %.", Verdict: Reproduced, Evidence: "parents 89.71 and 89.50, vanilla 10.40, OT 85.10"},
				{Source: "Table 1", Criterion: "OT > max(A, B)", Text: "VGG11: the fine-tuned fusion beats the fine-tuned vanilla average and both fine-tuned parents.", Verdict: Open, Evidence: "its runs are not finished"},
			}}},
		{Name: "ablations", Title: "What fusion depends on, on MNIST", Source: "Tables S1–S4, S11; figure S2", Scale: "reduced", Command: "otfusion experiment run ablations --scale reduced", Runs: runs,
			Content: Content{Tables: []Table{wide}, Figures: []Figure{samples, path, empty}, Claims: []Claim{
				{Source: "Tables S2–S4", Criterion: "exact ≥ λ = 0.05", Note: "Five draws.", Text: "With 200 samples the exact solver is at least as good as λ = 0.05, and that as λ = 0.1.", Verdict: NotReproduced, Evidence: "exact 96.20, λ = 0.05 96.31, λ = 0.1 95.02"},
				{Source: "Tables S2, S3", Criterion: "25 samples > vanilla", Text: "More samples help; 25 already beat vanilla averaging.", Verdict: Reproduced, Evidence: "24.00 with 2 samples, 86.43 with 25, 96.20 with 200; vanilla 49.59"},
			}}},
	}}
}

// TestPageShowsEverything also leaves the page where REPORT_PREVIEW says, to be
// looked at.
func TestPageShowsEverything(t *testing.T) {
	page, err := rich().HTML()
	if err != nil {
		t.Fatal(err)
	}
	if preview := os.Getenv("REPORT_PREVIEW"); preview != "" {
		if err := os.WriteFile(preview, page, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text := string(page)
	for _, want := range []string{
		"89.71", "(90.31)", "two networks", "–", "0.034", " ± 0.31", // values
		"Parents have two seeds.",
		"✓ 2", "✗ 1", "○ 1", "exact 96.20, λ = 0.05 96.31", "Criterion: exact ≥ λ = 0.05", "(Tables S2–S4)", "Five draws.", // claims
		"2 of 5 tasks finished, 1 damaged", "train-feedfeedfeedfeed", "52m3s", "2031-05-04 to 2031-05-06", "portable Go", "43500fb1c2d3&#43;changes", "; 1 task is of inputs that were computed again since",
		"otfusion experiment run table1 --scale reduced", "Nothing is finished of: timing, methods", "None of its points is finished",
		"prefers-color-scheme: dark", "width=device-width", `href="#ablations-reduced"`, `id="ablations-reduced"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if n := strings.Count(text, "<svg"); n != 3 {
		t.Errorf("the page has %d drawings, want 3", n)
	}
}

// The note of all tables stands before them, wherever they are read.
func TestNoteOfAllTablesComesFirst(t *testing.T) {
	s := rich().Sections[0]
	for name, text := range map[string]string{"Markdown": s.Markdown(), "text": s.Text()} {
		if note, table := strings.Index(text, s.Note), strings.Index(text, s.Tables[0].Title); note < 0 || table < note {
			t.Errorf("%s: the note is at %d, the table at %d", name, note, table)
		}
	}
}

func TestPageIsSelfContained(t *testing.T) {
	page, err := rich().HTML()
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{`src=`, `<link`, `<script`, `@import`, `url(`, `xlink`} {
		if bytes.Contains(page, []byte(bad)) {
			t.Errorf("the page has %q", bad)
		}
	}
	for _, address := range regexp.MustCompile(`https?://[^"<]*`).FindAllString(string(page), -1) {
		if address != "https://arxiv.org/abs/1910.05653" {
			t.Errorf("the page refers to %s", address)
		}
	}
	seen := map[string]bool{}
	for _, id := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(string(page), -1) {
		if seen[id[1]] {
			t.Errorf("two elements have the id %s", id[1])
		}
		seen[id[1]] = true
	}
}

// TestPageParses checks that every element that opens closes.
func TestPageParses(t *testing.T) {
	page, err := rich().HTML()
	if err != nil {
		t.Fatal(err)
	}
	d := xml.NewDecoder(bytes.NewReader(page))
	d.Entity = xml.HTMLEntity
	d.AutoClose = xml.HTMLAutoClose
	d.Strict = true
	for {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestReportDecidesAClaimByTheLargestScaleThatCan(t *testing.T) {
	section := func(scale string, v Verdict) Section {
		return Section{Name: "x", Scale: scale, Content: Content{Claims: []Claim{{Text: "c", Verdict: v}}}}
	}
	for _, c := range []struct{ paper, reduced, want Verdict }{
		{Open, Reproduced, Reproduced}, {NotReproduced, Reproduced, NotReproduced}, {Reproduced, Open, Reproduced}, {Open, Open, Open},
	} {
		s := Report{Sections: []Section{section("paper", c.paper), section("reduced", c.reduced)}}
		if f := s.Claims(); len(f) != 1 || f[0].Verdict != c.want {
			t.Errorf("paper %s, reduced %s: got %v, want %s", c.paper, c.reduced, f, c.want)
		}
	}
}

func TestSectionText(t *testing.T) {
	text := rich().Sections[1].Text()
	for _, want := range []string{"✗ not reproduced", "✓ reproduced", "exact 96.20", "criterion: exact ≥ λ = 0.05", "(Tables S2–S4)", "ablations at scale reduced: all 2 tasks finished"} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q:\n%s", want, text)
		}
	}
}
