package experiments

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// layout lists what the experiments show at paper scale apart from numbers: the
// tables with their rows and columns, the curves, and the claims with their
// sources and criteria.
func layout() string {
	var b strings.Builder
	for _, e := range All() {
		fmt.Fprintf(&b, "# %s: %s (%s)\n", e.Name, e.Title, e.Source)
		c := e.Present(newPlanner(Paper))
		for _, t := range c.Tables {
			fmt.Fprintf(&b, "table: %s\n  columns: %s\n", t.Title, strings.Join(t.Columns, " | "))
			for _, r := range t.Rows {
				fmt.Fprintf(&b, "  row: %s\n", r.Label)
			}
		}
		for _, f := range c.Figures {
			fmt.Fprintf(&b, "figure: %s\n", f.Title)
			for _, curve := range f.Curves {
				fmt.Fprintf(&b, "  curve: %s\n", curve.Name)
			}
		}
		for _, claim := range c.Claims {
			fmt.Fprintf(&b, "claim: %s\n  source: %s\n  criterion: %s\n", claim.Text, claim.Source, claim.Criterion)
		}
	}
	return b.String()
}

// A label, a source or a criterion is changed on purpose only: UPDATE_LAYOUT=1
// writes the file anew.
func TestLayout(t *testing.T) {
	path := filepath.Join("testdata", "layout.txt")
	got := layout()
	if os.Getenv("UPDATE_LAYOUT") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, lines := strings.Split(string(text), "\n"), strings.Split(got, "\n")
	for i := range max(len(want), len(lines)) {
		if i >= len(want) || i >= len(lines) || want[i] != lines[i] {
			t.Fatalf("%s:%d: wanted %q, found %q", path, i+1, want[min(i, len(want)-1)], lines[min(i, len(lines)-1)])
		}
	}
}

// A claim says where the paper has it, and what decides.
func TestClaimsAreComplete(t *testing.T) {
	for _, e := range All() {
		for _, scale := range []Scale{Reduced, Paper} {
			for _, c := range e.Present(newPlanner(scale)).Claims {
				if c.Source == "" || c.Text == "" || c.Criterion == "" {
					t.Errorf("%s, scale %s: %+v", e.Name, scale, c)
				}
			}
		}
	}
}
