package experiments

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"otfusion/data"
	"otfusion/experiments/report"
	"otfusion/experiments/runner"
	"otfusion/fusion"
	"otfusion/models/checkpoint"
)

func TestPlansAreTheSameWhateverIsFinished(t *testing.T) {
	for _, e := range All() {
		for _, scale := range []Scale{Smoke, Reduced, Paper} {
			tasks := e.Plan(scale)
			if len(tasks) == 0 {
				t.Errorf("%s at scale %s has no tasks", e.Name, scale)
			}
			ones := newPlanner(scale)
			ones.load = func(runner.Task) (runner.Result, bool) {
				return runner.Result{Outcome: runner.Outcome{Metrics: map[string]float64{"accuracy": 1}}}, true
			}
			e.Present(ones)
			for i := range tasks {
				if runner.ID(tasks[i]) != runner.ID(ones.Asked[i]) {
					t.Fatalf("%s at scale %s asks for other tasks once some are finished", e.Name, scale)
				}
			}
		}
	}
}

// runSmoke runs an experiment at smoke scale, on the datasets in dataDir, and
// presents it.
func runSmoke(t *testing.T, name, dataDir string) report.Section {
	t.Helper()
	if testing.Short() {
		t.Skip("trains networks")
	}
	store := runner.Store{Root: t.TempDir()}
	e, err := Find(name)
	if err != nil {
		t.Fatal(err)
	}
	failures, err := runner.Runner{Env: runner.Env{Store: store, Datasets: data.Kept(dataDir), Threads: 1}, Jobs: 2}.Run(context.Background(), e.Plan(Smoke))
	if err != nil || len(failures) > 0 {
		t.Fatal(failures, err)
	}
	s := NewSection(e, Smoke, store)
	if s.Missing > 0 {
		t.Fatalf("%d tasks missing", s.Missing)
	}
	wantRecords(t, store)
	return s
}

// wantRecords wants every fusion that a task made to say how, and its result where
// the classes went.
func wantRecords(t *testing.T, s runner.Store) {
	t.Helper()
	wantOutputMaps(t, s)
	made, err := filepath.Glob(filepath.Join(s.Root, "tasks", "fuse-*", runner.ModelFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range made {
		m, err := checkpoint.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		if p, err := fusion.ProvenanceOf(m); err != nil || p == nil || len(p.Parents) < 2 || len(p.Options) == 0 {
			t.Errorf("%s: record %+v (%v)", path, p, err)
		}
	}
}

// wantOutputMaps wants the classes of a parent in the result of every task that
// aligns one: all that fuse or prune or follow a path, but not the vanilla average,
// and not by zip, which puts the outputs together.
func wantOutputMaps(t *testing.T, s runner.Store) {
	t.Helper()
	for _, kind := range []string{"fuse", "path", "prune"} {
		results, err := filepath.Glob(filepath.Join(s.Root, "tasks", kind+"-*", "result.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range results {
			content, err := os.ReadFile(path)
			var r runner.Result
			if err == nil {
				err = json.Unmarshal(content, &r)
			}
			aligned := !strings.Contains(string(content), `"vanilla"`) && !strings.Contains(string(content), `"zip"`)
			if err != nil || aligned && len(r.Series["classes_of_parent_0"])+len(r.Series["classes_of_parent_1"]) == 0 {
				t.Errorf("%s: series %v (%v)", path, r.Series, err)
			}
		}
	}
}

// A network expanded to twice its widths keeps its accuracy exactly.
func TestWidthsSmoke(t *testing.T) {
	s := runSmoke(t, "widths", "")
	row := s.Tables[0].Rows[0]
	if a, wide := row.Values[0].Ours.Mean, row.Values[2].Ours.Mean; row.Label != "ρ = ½" || a < 90 || math.Abs(a-wide) > 1e-9 {
		t.Errorf("%s: A has %.2f %%, in the wider network %.2f %%", row.Label, a, wide)
	}
}

func TestMNISTPairSmoke(t *testing.T) {
	s := runSmoke(t, "mnist-pair", "")
	rows := map[string]float64{}
	for _, r := range s.Tables[0].Rows {
		rows[r.Label] = r.Values[0].Ours.Mean
	}
	if a := rows["model A"]; a < 90 {
		t.Errorf("model A has %.2f %% after an epoch, want over 90", a)
	}
	if rows["OT, activations"] <= rows["vanilla average"] {
		t.Errorf("OT by activations %.2f is not above vanilla averaging %.2f", rows["OT, activations"], rows["vanilla average"])
	}
	path := s.Figures[0].Curves[0]
	if math.Abs(path.Y[0].Mean-rows["model A"]) > 1e-9 || math.Abs(path.Y[10].Mean-rows["model B"]) > 1e-9 {
		t.Error("the vanilla path does not lead from A to B")
	}
	checkFiles(t, s)
}

// checkFiles writes a section and looks at what is there.
func checkFiles(t *testing.T, s report.Section) {
	t.Helper()
	dir := t.TempDir()
	if err := s.Write(dir); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"table.md": "| model A |", "table.csv": "model A,", "figure-1.svg": "<svg", "figure-1.png": "PNG", "report.html": "<svg",
	} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.Contains(string(content), want) {
			t.Errorf("%s lacks %q (%v)", name, want, err)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "results.json"))
	if err != nil || !json.Valid(text) {
		t.Errorf("results.json: %v, valid JSON %v", err, json.Valid(text))
	}
}

// Zipped, networks that know five digits each know all ten better than averaged
// or aligned; teaching helps.
func TestSpecialistsSmoke(t *testing.T) {
	s := runSmoke(t, "specialists", "")
	rows := map[string]float64{}
	for _, r := range s.Tables[0].Rows {
		rows[r.Label] = r.Values[0].Ours.Mean
		if a, others := r.Values[1].Ours.Mean, r.Values[2].Ours.Mean; math.Abs(r.Values[0].Ours.Mean-(a+others)/2) > 2 {
			t.Errorf("%s: %.2f %% of all classes, %.2f and %.2f of the halves", r.Label, r.Values[0].Ours.Mean, a, others)
		}
	}
	if zip := rows[zippedRow]; zip < 80 || zip < rows[otActivations]+20 || rows[zippedPart] < 80 || rows[zippedThen] < rows["ensemble"]-2 {
		t.Errorf("zipped: %v", rows)
	}
}

// With all channels apart a network answers as the ensemble does, with some apart
// better than with none.
func TestBudgetSmoke(t *testing.T) {
	s := runSmoke(t, "budget", "")
	rows := map[string]report.Row{}
	for _, r := range s.Tables[0].Rows {
		rows[r.Label] = r
	}
	oneShot := func(label string) float64 { return rows[label].Values[1].Ours.Mean }
	if d := math.Abs(oneShot("r = 1") - oneShot("ensemble")); !(d <= sameAsEnsemble) {
		t.Errorf("with all channels apart %.2f %%, the ensemble %.2f", oneShot("r = 1"), oneShot("ensemble"))
	}
	if cost := rows["r = 1"].Values[0].Ours.Mean; !(oneShot("r = 0") < oneShot("r = 1")) || !(cost > 1.9) {
		t.Errorf("r = 0: %.2f %%, r = 1: %.2f %% at %.2f times the cost", oneShot("r = 0"), oneShot("r = 1"), cost)
	}
}

// Taught by its parents for an epoch, the fusion is at least as good as a
// network that begins with random parameters.
func TestOneNetworkSmoke(t *testing.T) {
	s := runSmoke(t, "one-network", "")
	rows := map[string]float64{}
	for _, r := range s.Tables[0].Rows {
		rows[r.Label] = r.Values[1].Ours.Mean
	}
	if best := rows[fromBest]; best < 90 || best < rows["from random parameters"] {
		t.Errorf("taught without labels: %v", rows)
	}
	if curves := s.Figures[0].Curves; len(curves) != 6 || len(curves[5].Y) != 1 || !(curves[5].Y[0].Mean > 90) {
		t.Errorf("%d curves of agreement, want 6, that of best above 90: %+v", len(curves), curves)
	}
}
