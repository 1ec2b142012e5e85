package checkpoint

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"otfusion/models"
)

func field(elements ...string) string {
	return filepath.Join(append([]string{"testdata", "field"}, elements...)...)
}

// What people bring (testdata/field/README.md): each file is read as the network
// that it is, with what should be said of it.
func TestFieldFiles(t *testing.T) {
	const noPool = "no pool after the first convolution"
	for path, want := range map[string]struct {
		arch, guess, unused, dtype string
		input                      models.Shape
	}{
		"01-resnet18-maxpool/resnet18.pt":         {arch: "resnet18_bn", guess: noPool, dtype: "F16", input: models.Shape{C: 3, H: 32, W: 32}},
		"02-normalisation/totensor.pt":            {arch: "mlpnet", input: models.Shape{C: 1, H: 28, W: 28}},
		"04-extra-buffers/flop-counters.pt":       {arch: "resnet18_bn", unused: "total_ops", input: models.Shape{C: 3, H: 32, W: 32}},
		"05-averaged-model/swa.pt":                {arch: "resnet18_bn", unused: "n_averaged", input: models.Shape{C: 3, H: 32, W: 32}},
		"06-prefixes/compiled-ddp.pt":             {arch: "resnet18_bn", input: models.Shape{C: 3, H: 32, W: 32}},
		"06-prefixes/ddp-compiled.pt":             {arch: "resnet18_bn", input: models.Shape{C: 3, H: 32, W: 32}},
		"06-prefixes/lightning.ckpt":              {arch: "resnet18_bn", input: models.Shape{C: 3, H: 32, W: 32}},
		"07-beside-the-weights/best_acc1.pth.tar": {arch: "resnet18_bn", input: models.Shape{C: 3, H: 32, W: 32}},
		"07-beside-the-weights/onecycle.pt":       {arch: "resnet18_bn", input: models.Shape{C: 3, H: 32, W: 32}},
		"07-beside-the-weights/path.pt":           {arch: "resnet18_bn", input: models.Shape{C: 3, H: 32, W: 32}},
		"09-resnet20/resnet20.pt":                 {arch: "resnet20_bn", guess: noPool, input: models.Shape{C: 3, H: 32, W: 32}},
		"09-resnet20/resnet34.pth":                {arch: "resnet34_bn", guess: noPool, input: models.Shape{C: 3, H: 32, W: 32}},
		"10-vgg16/vgg11_bn.pth":                   {arch: "vgg11_bn", guess: "max pools", input: models.Shape{C: 3, H: 32, W: 32}},
		"10-vgg16/vgg13_bn.pth":                   {arch: "vgg13_bn", guess: "max pools", input: models.Shape{C: 3, H: 32, W: 32}},
		"10-vgg16/vgg16_bn.pth":                   {arch: "vgg16_bn", guess: "max pools", input: models.Shape{C: 3, H: 32, W: 32}},
		"11-vgg-three-linear/vgg11_bn-a.pt":       {arch: "vgg11_bn", guess: "max pools", input: models.Shape{C: 3, H: 32, W: 32}},
		"12-torchvision-resnet/resnet18-a.pth":    {arch: "resnet18_imagenet_bn", guess: "max pool 3×3 of stride 2 after", input: models.Shape{C: 3, H: 224, W: 224}},
		"15-reparametrised/masked.pt":             {arch: "mlpnet", input: models.Shape{C: 1, H: 28, W: 28}},
		"16-strides/channels_last.pt":             {arch: "resnet18_bn", input: models.Shape{C: 3, H: 32, W: 32}},
		"16-strides/expanded.pt":                  {arch: "resnet18_bn", input: models.Shape{C: 3, H: 32, W: 32}},
		"18-safetensors/plain.safetensors":        {arch: "mlpnet", input: models.Shape{C: 1, H: 28, W: 28}},
		"18-safetensors/i64-extra.safetensors":    {arch: "mlpnet", unused: "steps", input: models.Shape{C: 1, H: 28, W: 28}},
		"18-safetensors/scalar.safetensors":       {arch: "mlpnet", unused: "logit_scale", input: models.Shape{C: 1, H: 28, W: 28}},
		"19-output-dtype/a.pt":                    {arch: "mlpnet", dtype: "BF16", input: models.Shape{C: 1, H: 28, W: 28}},
		"20-norm-variants/bn-a.pt":                {arch: "resnet18_bn", input: models.Shape{C: 3, H: 32, W: 32}},
		"23-activations/tanh.pt":                  {arch: "mlpnet", guess: "activations ReLU", input: models.Shape{C: 1, H: 28, W: 28}},
		"24-other-keys/params.pt":                 {arch: "resnet18_bn", input: models.Shape{C: 3, H: 32, W: 32}},
		"25-output-path/a.pt":                     {arch: "mlpnet", input: models.Shape{C: 1, H: 28, W: 28}},
		"26-resnet18-mnist/resnet18-gray.pt":      {arch: "resnet18_bn", input: models.Shape{C: 1, H: 28, W: 28}},
	} {
		m, err := Read(field(path))
		if err != nil {
			t.Error(err)
			continue
		}
		if m.Arch.Name != want.arch || m.Arch.Input != want.input {
			t.Errorf("%s: read as %s with input %v, want %s with %v", path, m.Arch.Name, m.Arch.Input, want.arch, want.input)
		}
		if guess := m.Meta[MetaGuess]; guess == "" || !strings.Contains(guess, want.guess) {
			t.Errorf("%s: guess %q, want it to say %q", path, guess, want.guess)
		}
		if unused := m.Meta[MetaUnused]; (unused == "") != (want.unused == "") || !strings.Contains(unused, want.unused) {
			t.Errorf("%s: unused %q, want %q", path, unused, want.unused)
		}
		if m.Meta[MetaDType] != want.dtype {
			t.Errorf("%s: precision %q, want %q", path, m.Meta[MetaDType], want.dtype)
		}
	}
}

// What cannot be read: one line that names the likely cause and the way out.
func TestFieldRefusals(t *testing.T) {
	for path, want := range map[string][]string{
		"08-whole-model/whole.pt":                     {"an object of class", "save torch.save(model.state_dict(), ...)"},
		"13-small-cnn/mnist-example.pt":               {"cannot be told from parameters", "--arch"},
		"13-small-cnn/mnist-example-old.pt":           {"cannot be told from parameters", "--arch"},
		"13-small-cnn/cifar-tutorial.pt":              {"cannot be told from parameters", "--arch"},
		"17-not-a-checkpoint/cut.pt":                  {"is cut", "download or copy it again"},
		"17-not-a-checkpoint/lfs-pointer.safetensors": {"Git LFS pointer", "git lfs pull"},
		"17-not-a-checkpoint/page.pth":                {"a web page", "download the file itself"},
		"20-norm-variants/group-norm.pt":              {"bn1 has a weight but no running_mean", "group", "--arch"},
	} {
		_, err := Read(field(path))
		wantError(t, err, append(want, path)...)
	}
}

// A person's own architecture is the one that is inferred, whatever its layers
// without parameters are called.
func TestFieldArchitectures(t *testing.T) {
	for file, json := range map[string]string{
		"11-vgg-three-linear/vgg11_bn-a.pt":    "11-vgg-three-linear/arch.json",
		"12-torchvision-resnet/resnet18-a.pth": "12-torchvision-resnet/resnet18.json",
	} {
		want, err := ReadArch(field(json))
		if err != nil {
			t.Fatal(err)
		}
		m, err := Read(field(file))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := nameless(m.Arch), nameless(want); got != want {
			t.Errorf("%s: inferred\n%s\nwant\n%s", file, got, want)
		}
		if with, err := ReadWith(field(file), Options{Arch: want}); err != nil || with.Meta[MetaGuess] != "" {
			t.Errorf("%s with its architecture: %v, guess %q", file, err, with.Meta[MetaGuess])
		}
	}
	arch, err := ReadArch(field("13-small-cnn/mnist-example.json"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ReadWith(field("13-small-cnn/mnist-example.pt"), Options{Arch: arch}); err != nil {
		t.Error(err)
	}
}

// nameless is an architecture with layers called by their place, but for
// dropouts, which change nothing in a network that is trained.
func nameless(a *models.Arch) string {
	place, count := map[string]int{}, 0
	var b strings.Builder
	fmt.Fprintln(&b, a.Input)
	for _, l := range a.Layers {
		if l.Op == models.Dropout {
			place[l.Name] = place[l.Inputs[0]]
			continue
		}
		count++
		place[l.Name] = count
		var inputs []int
		for _, in := range l.Inputs {
			inputs = append(inputs, place[in])
		}
		l.Name, l.Inputs = "", nil
		fmt.Fprintln(&b, inputs, fmt.Sprintf("%+v", l))
	}
	return b.String()
}

// What parameters cannot show can be told without an architecture in full.
func TestAssumptions(t *testing.T) {
	a, err := ParseAssumptions([]string{"stem-pool=yes", "input=3x32x32", "activation=ReLU"})
	if err != nil {
		t.Fatal(err)
	}
	m, err := ReadWith(field("01-resnet18-maxpool/resnet18.pt"), Options{Assume: a})
	if err != nil {
		t.Fatal(err)
	}
	pool, ok := m.Arch.Layer("maxpool")
	if !ok || pool.Kernel != 3 || pool.Stride != 2 || pool.Padding != 1 {
		t.Errorf("pool %+v, want 3×3 of stride 2", pool)
	}
	if strings.Contains(m.Meta[MetaGuess], "pool") || strings.Contains(m.Meta[MetaGuess], "input") {
		t.Errorf("guess %q says what was told", m.Meta[MetaGuess])
	}
	for _, wrong := range []string{"stem-pool", "stem-pool=maybe", "input=3", "input=0x1x1", "activation=", "depth=3", "norm-epsilon=0", "norm-epsilon=2", "norm-epsilon=NaN"} {
		_, err := ParseAssumptions([]string{wrong})
		wantError(t, err, wrong, "activation=OPERATION, input=CxHxW, stem-pool=yes|no, zero-padding=sides|end or norm-epsilon=NUMBER up to 1")
	}
}
