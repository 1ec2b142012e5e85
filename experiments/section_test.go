package experiments

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"otfusion/experiments/report"
	"otfusion/experiments/runner"
)

// note is a task that is finished by saving a result.
type note struct{ Name string }

func (note) Kind() string          { return "note" }
func (n note) String() string      { return n.Name }
func (note) Inputs() []runner.Task { return nil }
func (note) Run(context.Context, *runner.Workspace) (runner.Outcome, error) {
	return runner.Outcome{}, nil
}

// noted is an experiment whose table has one row for each of its notes.
func noted(name string, notes ...string) Experiment {
	return Experiment{Name: name, Title: "About " + name, Source: "Table 9", Present: func(l *Loader) report.Content {
		t := report.Table{Title: "Accuracy, %", Columns: []string{"value"}, Note: "Scale " + string(l.Scale) + "."}
		known := 0.0
		for _, n := range notes {
			x := l.Metric(note{name + n + string(l.Scale)}, "accuracy")
			t.Rows = append(t.Rows, report.Row{Label: n, Values: []report.Value{report.Against(report.Summarize(x), 96.21)}})
			known += x
		}
		return report.Content{Tables: []report.Table{t}, Claims: []report.Claim{report.Claim{Source: "Table 9", Text: "Notes are kept."}.Judge(report.Measured("sum", known).Above(report.Constant(0)))}}
	}}
}

// finish saves the result of a note.
func finish(t *testing.T, s runner.Store, name string, accuracy float64) {
	t.Helper()
	err := os.MkdirAll(s.Dir(note{name}), 0o755)
	if err == nil {
		err = s.Save(note{name}, runner.Result{
			Outcome: runner.Outcome{Metrics: map[string]float64{"accuracy": accuracy}}, Seconds: 90, Compute: "onednn 9.9, 2 threads",
			Revision: "abc123", Finished: time.Date(2031, 5, 4, 3, 2, 1, 0, time.UTC),
		})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func reported(t *testing.T, s runner.Store, list ...Experiment) report.Report {
	t.Helper()
	r, err := NewReport(list, s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestReportTakesWhatIsStarted(t *testing.T) {
	store := runner.Store{Root: t.TempDir()}
	finish(t, store, "doneasmoke", 91.5)
	finish(t, store, "doneareduced", 92.5)
	finish(t, store, "halfareduced", 93.5)
	finish(t, store, "halfasmoke", 94.5)
	s := reported(t, store, noted("done", "a"), noted("half", "a", "b"), noted("none", "a"))
	var got []string
	for _, section := range s.Sections {
		got = append(got, section.Anchor())
	}
	if want := "done-reduced half-reduced half-smoke"; strings.Join(got, " ") != want {
		t.Errorf("sections are %v, want %s: a complete larger scale hides a smaller one", got, want)
	}
	if len(s.Absent) != 1 || s.Absent[0] != "none" {
		t.Errorf("absent are %v, want none", s.Absent)
	}
	if tally := s.Tally(); tally[report.Reproduced] != 1 || tally[report.Open] != 1 || tally.Total() != 2 {
		t.Errorf("claims are %v, want one of each experiment", tally)
	}
}

// A scale has no section of its own as long as all that is finished of it is
// shared with a smaller one.
func TestALargerScaleNeedsATaskOfItsOwn(t *testing.T) {
	shared := Experiment{Name: "shared", Present: func(l *Loader) report.Content {
		l.Metric(note{"parent"}, "accuracy")
		l.Metric(note{"own" + string(l.Scale)}, "accuracy")
		return report.Content{}
	}}
	store := runner.Store{Root: t.TempDir()}
	sections := func() string {
		var list []string
		for _, s := range reported(t, store, shared).Sections {
			list = append(list, s.Scale)
		}
		return strings.Join(list, " ")
	}
	for _, step := range []struct{ finished, want string }{
		{"parent", "smoke"}, {"ownreduced", "reduced"}, {"ownpaper", "paper"},
	} {
		finish(t, store, step.finished, 90)
		if got := sections(); got != step.want {
			t.Errorf("with %s the sections are %q, want %q", step.finished, got, step.want)
		}
	}
}

func TestReportOfNothingIsAnError(t *testing.T) {
	_, err := NewReport([]Experiment{noted("none", "a")}, runner.Store{Root: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "nothing is finished") {
		t.Errorf("got %v, want that nothing is finished", err)
	}
}

func TestReportTellsOfDamage(t *testing.T) {
	store := runner.Store{Root: t.TempDir()}
	finish(t, store, "xareduced", 95)
	finish(t, store, "xbreduced", 95)
	if err := os.WriteFile(filepath.Join(store.Dir(note{"xbreduced"}), "result.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := reported(t, store, noted("x", "a", "b")).Sections[0]
	if want := "1 of 2 tasks finished, 1 damaged and to be done again"; s.Progress() != want {
		t.Errorf("got %q, want %q", s.Progress(), want)
	}
	if f := s.Claims[0]; f.Verdict != report.Open {
		t.Errorf("the claim is %s, want open", f.Verdict)
	}
}

func TestScalesDoNotOverwriteEachOther(t *testing.T) {
	store := runner.Store{Root: t.TempDir()}
	dirs := map[string]bool{}
	for _, scale := range []Scale{Smoke, Reduced, Paper} {
		dirs[NewSection(noted("x", "a"), scale, store).Dir()] = true
	}
	if len(dirs) != 3 {
		t.Errorf("three scales write to %v", dirs)
	}
}

func TestMarkdownSaysWhatIsThereAndWhatIsNot(t *testing.T) {
	store := runner.Store{Root: t.TempDir()}
	finish(t, store, "xareduced", 93.5)
	s := reported(t, store, noted("x", "a", "b"), noted("y", "a"))
	path := filepath.Join(t.TempDir(), "results.md")
	if err := s.WriteMarkdown(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"overwrites", "otfusion experiment report --markdown", "# Results", "## About x, scale reduced",
		"1 of 2 tasks finished", "onednn 9.9, 2 threads", "abc123", "2031-05-04", "1m30s",
		"| a | 93.50 (96.21) |", "Not finished: b.", "**Of 1 claim of the paper, 1 open.**", "○ open", "Nothing is finished of: y.",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the document lacks %q:\n%s", want, text)
		}
	}
}
