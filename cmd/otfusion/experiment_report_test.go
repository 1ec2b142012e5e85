package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"otfusion/experiments"
	"otfusion/experiments/runner"
)

// someResults is a folder in which one task of mnist-pair is finished.
func someResults(t *testing.T) string {
	t.Helper()
	e, err := experiments.Find("mnist-pair")
	if err != nil {
		t.Fatal(err)
	}
	store := runner.Store{Root: t.TempDir()}
	task := e.Plan(experiments.Smoke)[0]
	if err := os.MkdirAll(store.Dir(task), 0o755); err != nil {
		t.Fatal(err)
	}
	r := runner.Result{Outcome: runner.Outcome{Metrics: map[string]float64{"accuracy": 93.25}}}
	if err := store.Save(task, r); err != nil {
		t.Fatal(err)
	}
	return store.Root
}

func TestReportOfEverything(t *testing.T) {
	if testing.Short() {
		t.Skip("draws the figures of every experiment")
	}
	results := someResults(t)
	document := filepath.Join(t.TempDir(), "results.md")
	report := callJSON[anObject](t, "experiment", "report", "--results", results, "--markdown", document)
	wantKeys(t, report, "sections", "absent", "report", "markdown")
	for _, path := range []string{filepath.Join(results, "report.html"), document} {
		content, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(content), "93.25") {
			t.Errorf("%s lacks the accuracy (%v)", path, err)
		}
	}
}

func TestReportOfOneExperiment(t *testing.T) {
	results := someResults(t)
	a := call("experiment", "report", "mnist-pair", "--scale", "smoke", "--results", results)
	page := filepath.Join(results, "mnist-pair", "smoke", "report.html")
	if a.status != exitOK || !strings.Contains(a.stdout, "93.25") || !strings.HasSuffix(a.stdout, page+"\n") {
		t.Fatalf("status %d, stdout %q, stderr %q", a.status, a.stdout, a.stderr)
	}
	if _, err := os.Stat(page); err != nil {
		t.Error(err)
	}
}

func TestReportRefusals(t *testing.T) {
	if testing.Short() {
		t.Skip("draws the figures of every experiment")
	}
	results := someResults(t)
	before := listing(t, results)
	for _, c := range []struct {
		args   string
		status int
		words  string
	}{
		{"--results " + t.TempDir(), exitFailure, "nothing is finished"},
		{"mnist-pair --results " + results, exitFailure, "nothing of mnist-pair|reduced|otfusion experiment run mnist-pair --scale reduced"},
		{"nonesuch --results " + results, exitUsage, "nonesuch"},
		{"--scale smoke --results " + results, exitUsage, "--scale smoke"},
		{"mnist-pair --markdown x.md --results " + results, exitUsage, "--markdown|mnist-pair"},
	} {
		wantRefusal(t, call(append([]string{"experiment", "report"}, strings.Fields(c.args)...)...), c.status, strings.Split(c.words, "|")...)
	}
	if after := listing(t, results); after != before {
		t.Errorf("files changed from\n%s\nto\n%s", before, after)
	}
}
