package fusion

import (
	"context"
	"encoding/json"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"otfusion/fusion/ot"
	"otfusion/models"
	"otfusion/models/checkpoint"
)

// record is what a model says of its making.
func record(t *testing.T, m *models.Model) *Provenance {
	t.Helper()
	p, err := ProvenanceOf(m)
	if err != nil || p == nil {
		t.Fatalf("record %v, error %v", p, err)
	}
	return p
}

// trained is a model with metadata as training leaves it.
func trained(t *testing.T, seed uint64) *models.Model {
	m := build(t, "vgg11_bn", models.Options{Width: 1. / 16}, seed)
	m.Meta = map[string]string{"seed": "7", "recipe": `{"epochs":10}`, "recipe_name": `"laptop"`}
	return m
}

// Whatever makes a model says so, and names the parents with what they say.
func TestEveryModelMadeHasARecord(t *testing.T) {
	a, b := trained(t, 1), trained(t, 2)
	pair := []*models.Model{a, b}
	made := map[string]func() (*models.Model, error){
		"fuse":    func() (*models.Model, error) { m, _, err := Fuse(context.Background(), pair, Options{}); return m, err },
		"average": func() (*models.Model, error) { return Average(pair, nil) },
		"prune":   func() (*models.Model, error) { return Prune(a, Pruning{Fraction: .5}) },
		"fold-bn": func() (*models.Model, error) { return FoldBatchNorm(a) },
		"permute": func() (*models.Model, error) { m, _, err := Permute(a, 3); return m, err },
	}
	for operation, make := range made {
		m, err := make()
		if err != nil {
			t.Fatal(err)
		}
		p := record(t, m)
		parents := pair
		if operation != "fuse" && operation != "average" {
			parents = pair[:1]
		}
		if p.Schema != 1 || p.Operation != operation || p.Revision == "" || len(p.Parents) != len(parents) || p.Omitted != 0 {
			t.Errorf("%s: record %+v", operation, p)
		}
		for k, key := range p.Parents {
			var found Ancestor
			if err := json.Unmarshal(p.Ancestors[key], &found); err != nil {
				t.Fatal(err)
			}
			if found.Fingerprint != parents[k].Fingerprint() || found.Arch != "vgg11_bn" || string(found.Meta["recipe"]) != `{"epochs":10}` || string(found.Meta["seed"]) != `"7"` {
				t.Errorf("%s: parent %d is recorded as %+v", operation, k, found)
			}
		}
		if goName := regexp.MustCompile(`"[A-Z][A-Za-z]*":`).FindString(m.Meta[ProvenanceKey]); goName != "" {
			t.Errorf("%s: the record has the key %s", operation, goName)
		}
	}
}

// A record has the options as they hold, not as they were given.
func TestRecordsHaveTheResolvedOptions(t *testing.T) {
	a, b := trained(t, 1), trained(t, 2)
	o := preset(t, "best")
	o.Samples, o.SamplesFrom, o.Record = noise(a.Arch.Input, 5, 1), "noise", newPlainNetwork
	o.Solver = ot.Sinkhorn{Reg: .5, MaxIterations: 100}
	fused, report, err := Fuse(context.Background(), []*models.Model{a, b}, o)
	if err != nil {
		t.Fatal(err)
	}
	p := record(t, fused)
	want := `{"preset":"best","align":"acts","cost":"cosine","normalize_rows":false,"match_inputs":false,"residual":"group","transport_output":false,` +
		`"preserve_scale":false,"reference":1,"proportions":[0.5,0.5],"consensus":true,"passes":1,"descent":0,"samples_from":"noise","repair":"regress","align_samples":2000,` +
		`"solver":{"name":"sinkhorn","settings":{"reg":0.5,"max_iterations":100}},"samples":5}`
	if string(p.Options) != want {
		t.Errorf("options\n%s, want\n%s", p.Options, want)
	}
	if len(p.Maps.Groups) != len(report.Groups) || p.Maps.Groups[0].Cost != report.Groups[0].Cost || p.Maps.Groups[0].Seconds != 0 {
		t.Errorf("maps %+v, want those of %+v", p.Maps, report)
	}
	if !slices.Equal(p.Notes, report.Notes) || len(p.Notes) != 3 {
		t.Errorf("notes %q, want those of the report, %q", p.Notes, report.Notes)
	}
}

// An alignment's models record the weights that they were made with.
func TestAnAlignmentRecordsItsWeights(t *testing.T) {
	a, b := trained(t, 1), trained(t, 2)
	alignment, err := Align(context.Background(), []*models.Model{a, b}, Options{Repair: ResetBatchNorm, Samples: noise(a.Arch.Input, 3, 1), Record: newPlainNetwork})
	if err != nil {
		t.Fatal(err)
	}
	m, err := alignment.Average(1, 3)
	if err != nil {
		t.Fatal(err)
	}
	if options := string(record(t, m).Options); !strings.Contains(options, `"proportions":[0.25,0.75]`) || !strings.Contains(options, `"repair":"none"`) {
		t.Errorf("options %s", options)
	}
	again, err := alignment.Average(1, 3)
	if err != nil || !maps.Equal(again.Meta, m.Meta) {
		t.Errorf("the same average has another record, or error %v", err)
	}
}

// Each ancestor is stored once: twenty fusions with itself leave a model that
// is written and read, with twenty ancestors.
func TestTwentyFusionsWithItself(t *testing.T) {
	m := build(t, "mlpnet", models.Options{Hidden: []int{3}}, 1)
	var sizes []int
	for range 20 {
		fused, _, err := Fuse(context.Background(), []*models.Model{m, m}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "fused.safetensors")
		if err := checkpoint.Write(path, fused); err != nil {
			t.Fatal(err)
		}
		if m, err = checkpoint.Read(path); err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(m.Meta[ProvenanceKey]))
	}
	p := record(t, m)
	if len(p.Ancestors) != 20 || p.Omitted != 0 || p.Parents[0] != p.Parents[1] {
		t.Errorf("%d ancestors, %d omitted, parents %v", len(p.Ancestors), p.Omitted, p.Parents)
	}
	if first, last := sizes[2]-sizes[1], sizes[19]-sizes[18]; last != first {
		t.Errorf("sizes %v, want them to grow by %d each time", sizes, first)
	}
}

func TestRecordsAreBounded(t *testing.T) {
	grandparent := build(t, "mlpnet", models.Options{Hidden: []int{3}}, 1)
	grandparent.Meta["notes"] = strings.Repeat("x", maxAncestors)
	parent, err := Average([]*models.Model{grandparent, grandparent}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if p := record(t, parent); p.Omitted != 1 || len(p.Ancestors) != 0 || len(p.Parents) != 2 {
		t.Errorf("%d ancestors, %d omitted, want the large one omitted", len(p.Ancestors), p.Omitted)
	}
	child, err := Average([]*models.Model{parent, parent}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if p := record(t, child); p.Omitted != 1 || len(p.Ancestors) != 1 {
		t.Errorf("%d ancestors, %d omitted, want the parent and one omitted", len(p.Ancestors), p.Omitted)
	}
}

// Files may say anything: a record that is not what its key says is dropped,
// and what is no record is kept as it is.
func TestForeignRecords(t *testing.T) {
	m := build(t, "mlpnet", models.Options{Hidden: []int{3}}, 1)
	for _, text := range []string{
		`{"schema":1,"operation":"fuse","parents":["a"],"ancestors":{"a":{"fingerprint":"forged"}}}`,
		`{"schema":9,"parents":["a"]}`, `{`, `[1]`, "\xff\x00", `{"a":"` + "\xff" + `"}`, ``,
	} {
		m.Meta = map[string]string{ProvenanceKey: text, "otfusion.made": `{"command":"fuse"}`}
		fused, err := Average([]*models.Model{m, m}, nil)
		if err != nil {
			t.Fatal(err)
		}
		p := record(t, fused)
		if p.Ancestors["a"] != nil || p.Ancestors[p.Parents[0]] == nil {
			t.Errorf("%q: record %+v", text, p)
		}
		if err := checkpoint.Write(filepath.Join(t.TempDir(), "m.safetensors"), fused); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestAModelFromElsewhereHasNoRecord(t *testing.T) {
	if p, err := ProvenanceOf(build(t, "mlpnet", models.Options{}, 1)); p != nil || err != nil {
		t.Errorf("record %v, error %v", p, err)
	}
}
