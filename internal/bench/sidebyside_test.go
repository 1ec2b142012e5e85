package bench

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
)

// steps are two rounds of scripts/sidebyside.sh, in seconds.
const steps = `vgg11.f32 0.25
vgg11.f32 0.27
vgg11.torch 0.6
vgg11.torch 0.7
vgg11.bf16 0.15
vgg11.torch_bf16 0.5
resnet18.f32 1.0
resnet18.torch 3.1
resnet18.bf16 0.5
resnet18.torch_bf16 2
mlpnet.f32 0.001
mlpnet.torch 0.004
mlpnet.torch_1 0.0024
`

func TestSideBySide(t *testing.T) {
	for _, c := range []struct{ amx, slower, below string }{
		{amx: "0"},
		{amx: "1"},
		{"0", "resnet18.f32 2", "ResNet18, f32: 2.07, wanted 2.10"},
		{"1", "resnet18.f32 1.2", "ResNet18, f32: 2.82, wanted 3.00"},
		{"0", "mlpnet.torch_1 0.002", "MLPNet, PyTorch's better thread count: 2.20, wanted 2.30"},
		{"1", "vgg11.bf16 0.18", "VGG11, bf16 : PyTorch, f32: 3.94, wanted 4.00"},
	} {
		table, complaint, code := sideBySide(t, c.amx, steps+c.slower)
		if !strings.Contains(table, "| VGG11, batch 128 | 0.260 s | 0.650 s | 2.5× |") || !strings.Contains(table, "| MLPNet, batch 64 | 1.00 ms | 4.00 ms | 4.0× |") {
			t.Errorf("amx %s, %s: table\n%s", c.amx, c.slower, table)
		}
		if wanted := min(len(c.below), 1); code != wanted || !strings.Contains(complaint, c.below) {
			t.Errorf("amx %s, %s: status %d, %q, wanted %d, %q", c.amx, c.slower, code, complaint, wanted, c.below)
		}
	}
}

// sideBySide is what scripts/sidebyside.awk makes of times.
func sideBySide(t *testing.T, amx, times string) (table, complaint string, code int) {
	awk, err := exec.LookPath("awk")
	if err != nil {
		t.Skip(err)
	}
	var out, complaints strings.Builder
	c := exec.Command(awk, "-v", "amx="+amx, "-f", "../../scripts/sidebyside.awk")
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(times), &out, &complaints
	var failed *exec.ExitError
	if err := c.Run(); errors.As(err, &failed) {
		code = failed.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	return out.String(), complaints.String(), code
}
