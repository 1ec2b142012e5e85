//go:build onednn && cgo

package nn

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"otfusion/models/nn/kernel"
)

// oneDNN reads this variable once, at the first use: hence a process of its own.
const isaVariable = "DNNL_MAX_CPU_ISA"

// Without AVX-512 a recipe in bfloat16 runs on the portable engine, and who asks
// for oneDNN is told why not.
func TestBFloat16WithoutAVX512(t *testing.T) {
	if os.Getenv(isaVariable) != "AVX2" {
		c := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		c.Env = append(os.Environ(), isaVariable+"=AVX2")
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v:\n%s", err, out)
		}
		return
	}
	e, err := Options{Batch: 1, Threads: 1, Precision: kernel.BF16}.engine()
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if !strings.HasPrefix(e.Name(), "portable Go") {
		t.Errorf("runs on %s, want the portable engine", e.Name())
	}
	if _, err := (Options{Batch: 1, Precision: kernel.BF16, Engine: "onednn"}).engine(); err == nil || !strings.Contains(err.Error(), "AVX-512") {
		t.Errorf("oneDNN says %v, want that AVX-512 is missing", err)
	}
}
