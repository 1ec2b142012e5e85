package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"otfusion/models"
	"otfusion/models/checkpoint"
)

// mustAndCheck ends both programs.
const mustAndCheck = `
func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
`

// byWeights and byActivations are programs of another module, as docs/library.md
// shows them.
const byWeights = `package main

import (
	"context"
	"log"
	"os"

	"otfusion/fusion"
	"otfusion/models"
	"otfusion/models/checkpoint"
)

func main() {
	parents := []*models.Model{must(checkpoint.Read(os.Args[1])), must(checkpoint.Read(os.Args[2]))}
	fused, _, err := fusion.Fuse(context.Background(), parents, fusion.Options{Reference: fusion.Last})
	check(err)
	check(checkpoint.Write(os.Args[3], fused))
}
` + mustAndCheck

const byActivations = `package main

import (
	"context"
	"log"
	"os"

	"otfusion/data"
	"otfusion/fusion"
	"otfusion/models"
	"otfusion/models/checkpoint"
	"otfusion/models/nn"
)

func main() {
	parents := []*models.Model{must(checkpoint.Read(os.Args[1])), must(checkpoint.Read(os.Args[2]))}
	images, _, err := data.Load("mnist", "")
	check(err)
	options := must(fusion.Preset("best"))
	options.Samples = must(images.Samples(must(data.Sample(images.Len(), 200, 0)))) // seed 0
	options.Record = nn.Recorder("", 0)                                             // the best engine there is, all cores
	fused, _, err := fusion.Fuse(context.Background(), parents, options)
	check(err)
	check(checkpoint.Write(os.Args[3], fused))
}
` + mustAndCheck

// Another module requires this one from a checkout and fuses, without C.
func TestAnotherModuleFuses(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	document, err := os.ReadFile(filepath.Join(root, "docs", "library.md"))
	if err != nil || !strings.Contains(string(document), byWeights) || !strings.Contains(string(document), byActivations) {
		t.Errorf("docs/library.md (%v) does not show the programs of this test", err)
	}
	dir := t.TempDir()
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "go.sum", string(sums))
	command := func(name string, args ...string) string {
		c := exec.Command(name, args...)
		c.Dir, c.Env = dir, append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=mod", "GOWORK=off")
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
		return string(out)
	}
	command("go", "mod", "init", "scratch")
	command("go", "mod", "edit", "-require=otfusion@v0.0.0", "-replace=otfusion="+root)
	a, out := network(t, dir, "a.safetensors", "mlpnet", 1, models.Options{Hidden: []int{6}}), filepath.Join(dir, "fused.safetensors")
	for _, program := range []string{byWeights, byActivations} {
		write(t, dir, "main.go", program)
		command("go", "build", "-o", "scratch", ".")
		if printed := command("./scratch", a, a, out); printed != "" {
			t.Errorf("printed %q", printed)
		}
		if fused, err := checkpoint.Read(out); err != nil || fused.Arch.Name != "mlpnet" {
			t.Errorf("the fusion is not there: %v", err)
		}
		if err := os.Remove(out); err != nil {
			t.Fatal(err)
		}
	}
}
