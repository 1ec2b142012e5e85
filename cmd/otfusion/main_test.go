package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"otfusion/internal/build"
	"otfusion/internal/golden"
	"otfusion/models"
	"otfusion/models/checkpoint"
)

// answer is what one call of the program gave.
type answer struct {
	status         int
	stdout, stderr string
}

func call(args ...string) answer {
	var stdout, stderr bytes.Buffer
	status := run(context.Background(), args, &stdout, &stderr)
	return answer{status, stdout.String(), stderr.String()}
}

// callJSON wants success, exactly one JSON object on standard output, and
// returns it.
func callJSON[T any](t *testing.T, args ...string) T {
	t.Helper()
	a := call(append(args, "--json", "-q")...)
	if a.status != exitOK || a.stderr != "" {
		t.Fatalf("%q: status %d, stderr %q", args, a.status, a.stderr)
	}
	var v T
	d := json.NewDecoder(strings.NewReader(a.stdout))
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%q: %v in %q", args, err, a.stdout)
	}
	if d.More() {
		t.Fatalf("%q: more than one JSON value in %q", args, a.stdout)
	}
	return v
}

// wantRefusal wants the status and one line of standard error with all words.
func wantRefusal(t *testing.T, a answer, status int, words ...string) {
	t.Helper()
	if a.status != status || a.stdout != "" {
		t.Errorf("status %d and stdout %q, want %d and nothing", a.status, a.stdout, status)
	}
	if strings.Count(a.stderr, "\n") != 1 || !strings.HasPrefix(a.stderr, "otfusion: ") {
		t.Errorf("stderr %q, want one line of otfusion", a.stderr)
	}
	for _, w := range words {
		if !strings.Contains(a.stderr, w) {
			t.Errorf("stderr %q, want it to contain %q", a.stderr, w)
		}
	}
}

// released returns the paths of the two released MLPNets.
func released(t *testing.T) (a, b string) {
	t.Helper()
	if testing.Short() {
		t.Skip("evaluates on all of MNIST")
	}
	pair := golden.ReleasedMLPNets(t, "safetensors")
	return pair[0], pair[1]
}

// network writes a small network with random parameters.
func network(t *testing.T, dir, name, family string, seed uint64, o models.Options) string {
	t.Helper()
	a, err := models.Build(family, o)
	if err != nil {
		t.Fatal(err)
	}
	m, err := models.New(a)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Initialize(seed); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	if err := checkpoint.Write(path, m); err != nil {
		t.Fatal(err)
	}
	return path
}

// listing is every path below a folder.
func listing(t *testing.T, dir string) string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		paths = append(paths, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(paths, "\n")
}

func TestHelpOfEveryCommand(t *testing.T) {
	for _, command := range []string{"", "data", "experiment", "bench"} {
		wantHelp(t, command)
	}
	for _, command := range []string{"train", "finetune", "fuse", "average", "eval", "check", "prune", "fold-bn", "convert", "info", "merge", "distill",
		"data fetch", "data info", "experiment list", "experiment run", "experiment manifest", "experiment report", "experiment migrate", "bench train", "bench layers"} {
		lines := exampleLines(wantHelp(t, command))
		if len(lines) == 0 {
			t.Errorf("%s --help: no example", command)
		}
		for _, line := range lines {
			if !strings.HasPrefix(line+" ", command+" ") {
				t.Errorf("%s --help: the example is of %q", command, line)
			}
			wantParsed(t, line)
		}
	}
}

func wantHelp(t *testing.T, command string) string {
	t.Helper()
	a := call(append(strings.Fields(command), "--help")...)
	if a.status != exitOK || a.stderr != "" || !strings.HasPrefix(a.stdout, "Usage: otfusion "+command) {
		t.Errorf("%s --help: status %d, stderr %q, stdout %.40q", command, a.status, a.stderr, a.stdout)
	}
	return a.stdout
}

// exampleLines are the command lines in a help text, without the program's name.
func exampleLines(help string) []string {
	var lines []string
	for line := range strings.Lines(help) {
		if rest, ok := strings.CutPrefix(line, "    otfusion "); ok {
			lines = append(lines, strings.TrimSpace(rest))
		}
	}
	return lines
}

// wantParsed fails where a command line has a flag or a choice that is not there.
func wantParsed(t *testing.T, line string) {
	t.Helper()
	parser, err := newParser(new(cli))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(strings.Fields(line)); err != nil {
		t.Errorf("example %q: %v", line, err)
	}
}

// A program that does not know its revision says so before it computes results.
func TestUnknownRevisionIsSaid(t *testing.T) {
	if build.Revision() != build.Unknown {
		t.Skip("this build knows its revision")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var stdout, stderr bytes.Buffer
	run(ctx, strings.Fields("experiment run mnist-pair --scale smoke --results "+filepath.Join(t.TempDir(), "results")), &stdout, &stderr)
	if !strings.Contains(stderr.String(), "the revision of this program is unknown") {
		t.Errorf("stderr %q", stderr.String())
	}
}

// An interrupted command says what is true of it.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	dir := t.TempDir()
	a := network(t, dir, "a.safetensors", "mlpnet", 1, models.Options{Hidden: []int{6}})
	for _, c := range []struct{ args, words string }{
		{"train --recipe smoke --hidden 8 -q --out " + filepath.Join(dir, "run"), "interrupted after step 0 |the same run continues there"},
		{"finetune " + a + " --recipe smoke -q --out " + filepath.Join(dir, "tuned"), "interrupted; the same command continues from what was saved, or starts again"},
		{"distill " + a + " --teachers " + a + " --recipe smoke -q --out " + filepath.Join(dir, "taught"), "interrupted; the same command continues"},
		{"merge " + a + " " + a + " --recipe smoke -q --out " + filepath.Join(dir, "merged.safetensors"), "interrupted; the same command continues"},
		{"eval " + a, "interrupted; nothing was written"},
		{"fuse " + a + " " + a + " --out " + filepath.Join(dir, "fused.safetensors"), "interrupted; nothing was written"},
		{"info " + a, "interrupted; nothing was written"},
		{"bench train --steps 100000", "interrupted; nothing was written"},
		{"bench layers --arch resnet18", "interrupted; nothing was written"},
		{"experiment run mnist-pair --scale smoke -q --results " + filepath.Join(dir, "results"), "finished tasks and the states of trainings are kept"},
	} {
		var stdout, stderr bytes.Buffer
		status := run(ctx, strings.Fields(c.args), &stdout, &stderr)
		wantRefusal(t, answer{status, stdout.String(), stderr.String()}, exitFailure, strings.Split(c.words, "|")...)
	}
}
