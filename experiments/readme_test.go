package experiments

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"otfusion/experiments/runner"
)

// Every accuracy in README.md's tables is a recorded one, of the row that the
// table names.
func TestReadmeResults(t *testing.T) {
	readme, results := document(t, "README.md"), document(t, "docs/results.md")
	original := document(t, "cmd/otfusion/golden_test.go")
	// docs/results.md leaves the scale of make demo out, docs/results has it.
	demo := NewSection(mnistPair(), Reduced, runner.Store{Root: filepath.Join("..", "docs", "results")}).Markdown()
	rows := 0
	for marker, recorded := range map[string]func(row, column string) string{
		"\nTwo MLPNets on MNIST, accuracy in %": func(row, _ string) string {
			return lineOf(demo, "### Accuracy of two MLPNets", row)
		},
		"authors' own two MNIST checkpoints": func(row, _ string) string {
			return lineWith(original, map[string]string{
				"model 0, model 1": "want := []float64", "ensemble": `"ensemble", pair[2]`, "vanilla average": "want := []float64",
				"OT by weights": `{"", `, "OT by weights, rows of unit length": `{"--preset paper-wts", `, "model 0 after alignment, alone": `{"--proportions 1,0", `,
			}[row])
		},
		"\nPairs on CIFAR-10": func(row, column string) string {
			return lineOf(results, "### Two "+row+" on CIFAR-10", column) +
				lineOf(results, "### Two "+row+", one-shot", map[string]string{"OT, weights": "paper-wts"}[column])
		},
		"\nTaught by its parents": func(row, column string) string {
			return lineOf(results, "### One network of "+column+", test accuracy", row)
		},
		"\nTwo MLPNets, one of the digits 0 to 4": func(_, column string) string {
			return lineOf(results, "### One network of two MLPNets on MNIST, digits 0–4", column)
		},
	} {
		table := tableBelow(readme, marker)
		for _, row := range table[min(2, len(table)):] {
			rows++
			for i, cell := range row {
				found := accuracies(recorded(row[0], table[0][i]))
				for _, a := range accuracies(cell) {
					if !slices.Contains(found, a) {
						t.Errorf("README.md, table %q, row %q: %s is not recorded", marker, row[0], a)
					}
				}
			}
		}
	}
	if all := len(regexp.MustCompile(`(?m)^\|.*\d\d\.\d\d`).FindAllString(readme, -1)); all != rows {
		t.Errorf("README.md has %d rows of accuracies, %d of them were compared", all, rows)
	}
}

func document(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func accuracies(text string) []string { return regexp.MustCompile(`\d+\.\d+`).FindAllString(text, -1) }

// lineWith is the first line that contains a text.
func lineWith(text, part string) string {
	for line := range strings.Lines(text) {
		if part != "" && strings.Contains(line, part) {
			return line
		}
	}
	return ""
}

// lineOf is a row of the table below a heading.
func lineOf(text, heading, label string) string {
	for _, row := range tableBelow(text, heading) {
		if row[0] == label {
			return strings.Join(row, " ")
		}
	}
	return ""
}

// tableBelow is the cells of the first table below a marker: its header, a line
// of dashes, its rows. What a label has in parentheses is left out.
func tableBelow(text, marker string) (rows [][]string) {
	_, text, _ = strings.Cut(text, marker)
	_, text, _ = strings.Cut(text, "\n|")
	text, _, _ = strings.Cut(text, "\n\n")
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.Trim(line, "|\n"), "|")
		for i, c := range cells {
			cells[i] = strings.ReplaceAll(strings.TrimSpace(c), "`", "")
		}
		cells[0], _, _ = strings.Cut(cells[0], " (")
		rows = append(rows, cells)
	}
	return rows
}
