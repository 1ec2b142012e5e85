package fusion

import (
	"os/exec"
	"strings"
	"testing"
)

// A program that fuses by weights links neither Gorgonia nor C.
func TestFusionNeedsNoEngine(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "otfusion/fusion").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	deps := strings.Fields(string(out))
	if len(deps) < 20 {
		t.Fatalf("go list found %v only", deps)
	}
	for _, d := range deps {
		if strings.Contains(d, "gorgonia") || strings.HasPrefix(d, "otfusion/models/nn") || d == "runtime/cgo" {
			t.Errorf("fusion imports %s", d)
		}
	}
}
