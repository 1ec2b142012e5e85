package main

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"otfusion/models"
	"otfusion/models/checkpoint"
)

// write makes a file of a test.
func write(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// evilPickle is a pickle after PyTorch's magic number and protocol version,
// that would call os.system.
const evilPickle = "\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.cos\nsystem\nX\x06\x00\x00\x00exit 1\x85R."

func TestHostileFiles(t *testing.T) {
	dir := t.TempDir()
	good := network(t, dir, "good.safetensors", "mlpnet", 1, models.Options{Hidden: []int{6}})
	raw, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	lying := binary.LittleEndian.AppendUint64(nil, 1<<62)
	changed := append([]byte{}, raw...)
	changed[len(changed)-1] ^= 1
	model, err := checkpoint.Read(good)
	if err != nil {
		t.Fatal(err)
	}
	model.Params["fc1.weight"].Data[0] = float32(math.NaN())
	if err := checkpoint.WriteTensors(filepath.Join(dir, "nan"), model.Params, nil); err != nil {
		t.Fatal(err)
	}
	nan, err := os.ReadFile(filepath.Join(dir, "nan"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []struct{ name, content, words string }{
		{"truncated.safetensors", string(raw[:len(raw)-100]), "the file is cut"},
		{"header.safetensors", string(raw[:40]), "header"},
		{"lying.safetensors", string(lying) + string(raw[8:]), "the header says it has 4611686018427387904 bytes"},
		{"changed.safetensors", string(changed), "does not match its digest"},
		{"nan.safetensors", string(nan), "is NaN"},
		{"empty.safetensors", "", "an empty file"},
		{"evil.pt", evilPickle, "nothing was executed"},
	} {
		path, out := write(t, dir, f.name, f.content), filepath.Join(dir, "out.safetensors")
		before := listing(t, dir)
		for _, args := range [][]string{
			{"info", path}, {"eval", path}, {"convert", path, out}, {"check", good, path}, {"prune", path, "--out", out}, {"fold-bn", path, "--out", out},
			{"fuse", path, good, "--out", out}, {"average", good, path, "--out", out}, {"finetune", path, "--recipe", "smoke", "--out", out},
		} {
			t.Run(args[0]+" "+f.name, func(t *testing.T) {
				wantRefusal(t, call(args...), exitFailure, f.name, f.words)
				if after := listing(t, dir); after != before {
					t.Errorf("files changed from\n%s\nto\n%s", before, after)
				}
			})
		}
	}
}

func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	a := network(t, dir, "a.safetensors", "mlpnet", 1, models.Options{Hidden: []int{6, 5}})
	b := network(t, dir, "b.safetensors", "mlpnet", 2, models.Options{Hidden: []int{6, 5}})
	deep := network(t, dir, "deep.safetensors", "mlpnet", 3, models.Options{Hidden: []int{6, 5, 4}})
	wide := network(t, dir, "wide.safetensors", "mlpnet", 5, models.Options{Hidden: []int{7, 5}})
	conv := network(t, dir, "conv.safetensors", "lenet", 6, models.Options{})
	small := network(t, dir, "small.safetensors", "lenet", 7, models.Options{Input: models.Shape{C: 1, H: 16, W: 16}})
	broken := write(t, dir, "broken.json", `{"name": "x", "layers": [`)
	far := write(t, dir, "far.json", "[0, 60000]")
	words := write(t, dir, "words.json", `["one"]`)
	below := filepath.Join(broken, "x") // cannot exist, even for root
	out := filepath.Join(dir, "out.safetensors")
	for _, c := range []struct {
		args   string
		status int
		words  string // separated by |
	}{
		{"", exitUsage, "expected one of"},
		{"frobnicate", exitUsage, "frobnicate"},
		{"--frobnicate", exitUsage, "unknown flag --frobnicate"},
		{"info --threads -1", exitUsage, "--threads|-1"},
		{"info --compute abacus", exitUsage, `one of "onednn","portable"|abacus`},
		{"fuse A B", exitUsage, "--out"},
		{"fuse A --out OUT", exitUsage, "two or more models, found 1"},
		{"fuse A B --out OUT --proportions 0,0", exitUsage, "--proportions|positive|[0 0]"},
		{"fuse A B --out OUT --proportions NaN,1", exitUsage, "--proportions|positive"},
		{"fuse A B --out OUT --proportions 1,2,3", exitUsage, "--proportions|wanted 2 weights, found 3"},
		{"fuse A B --out OUT --align acts", exitUsage, "--dataset"},
		{"fuse A B --out OUT --repair regress", exitUsage, "--dataset"},
		{"fuse A B --out OUT --align acts --dataset mnist --samples 60001", exitFailure, "--samples|60000|60001"},
		{"fuse A B --out OUT --align acts --dataset mnist --samples 0", exitUsage, "--samples"},
		{"fuse A B --out OUT --align acts --dataset mnist --sample-indices BROKEN", exitFailure, "broken.json|JSON list of integers"},
		{"fuse A B --out OUT --align acts --dataset mnist --sample-indices WORDS", exitFailure, "words.json|JSON list of integers"},
		{"fuse A B --out OUT --align acts --dataset mnist --sample-indices FAR", exitFailure, "far.json|number 1|60000"},
		{"fuse A B --out OUT --align acts --dataset mnist --sample-indices MISSING", exitFailure, "no such file"},
		{"fuse A B --out OUT --align acts --samples-from nowhere", exitUsage, "--samples-from|nowhere"},
		{"fuse A B --out OUT --align zip --dataset mnist --budget 0.5", exitFailure, "zip wants|found a budget of 0.5"},
		{"fuse A B --out OUT --align zip --dataset mnist --passes 4", exitFailure, "zip wants|found 4 passes"},
		{"fuse A B --out OUT --up-to relu1", exitFailure, "up to relu1|found alignment by wts"},
		{"fuse A B --out OUT --mean 0,0,0 --std 1,1,1", exitUsage, "--mean, --std|one for each of 1 channels, found 3"},
		{"convert A OUT --mean 0,0,0 --std 1,1,1", exitUsage, "--mean, --std|one for each of 1 channels, found 3"},
		{"fuse A B --out OUT --classes none.json", exitUsage, "--classes|JSON file that is there|none.json"},
		{"fuse A B --out OUT --align magic", exitUsage, `one of "wts","acts"|magic`},
		{"fuse A B --out OUT --preset magic", exitUsage, "--preset|magic"},
		{"fuse A B --out OUT --reference 7", exitUsage, "--reference|0 to 1|7"},
		{"fuse A B --out OUT --reference first", exitUsage, "--reference|first"},
		{"fuse A B --out OUT --passes=-1", exitUsage, "--passes|-1"},
		{"fuse A B --out OUT --descent=-1", exitUsage, "--descent|-1"},
		{"fuse A B --out OUT --budget 1.5", exitUsage, "--budget|from 0 to 1, found 1.5"},
		{"fuse A B --out OUT --budget=-0.5", exitUsage, "--budget|from 0 to 1, found -0.5"},
		{"fuse A B --out OUT --budget NaN", exitUsage, "--budget|from 0 to 1, found NaN"},
		{"fuse A B --out OUT --budget 0.001", exitFailure, "budget: wanted|found 0.001"},
		{"fuse A B --out OUT --solver sinkhorn --reg 0", exitUsage, "--reg|0"},
		{"fuse A B --out FOLDER", exitUsage, "--out|the name of a file, found the folder"},
		{"fuse A B --out=", exitUsage, "--out|wanted a name"},
		{"convert A FOLDER", exitUsage, "out|the name of a file, found the folder"},
		{"fuse A B --out OUT --align acts --dataset mnist --sample-indices FOLDER", exitFailure, "--sample-indices|regular file, found a folder"},
		{"fuse A B --out BELOW.safetensors", exitFailure, "not a directory"},
		{"fuse A B --out MISSING/x.safetensors", exitFailure, "no such file or directory"},
		{"fuse A DEEP --out OUT", exitFailure, "depth|8 layers|6"},
		{"fuse A CONV --out OUT", exitFailure, "layer flatten|Conv2D|Flatten"},
		{"average A --out OUT", exitUsage, "two or more models"},
		{"average A B --out OUT --proportions 0,0", exitUsage, "--proportions|positive"},
		{"average A WIDE --out OUT", exitFailure, "fc1|weight|[7 784]|[6 784]"},
		{"check A", exitUsage, "two or more models"},
		{"check A DEEP", exitFailure, "depth"},
		{"eval MISSING", exitFailure, "no such file"},
		{"eval A --dataset svhn", exitUsage, `--dataset|mnist, fashion-mnist, cifar10, cifar100|a folder|svhn`},
		{"eval A --dataset ./svhn", exitFailure, "no such file"},
		{"eval A --dataset DIR", exitFailure, "train/ and test/|IDX|cifar-10-batches-py"},
		{"eval A --dataset BROKEN", exitFailure, "broken.json|wanted a folder"},
		{"eval A --size=-1", exitFailure, "1 to 4096|-1"},
		{"eval A --mean 0", exitUsage, "--mean, --std|as many stds"},
		{"eval A --mean 0 --std 0", exitUsage, "--mean, --std|positive stds"},
		{"eval A --mean 0,0,0 --std 1,1,1", exitUsage, "--mean, --std|1 channels, found 3"},
		{"fuse A B --out OUT --align acts --dataset mnist --samples-from DIR", exitUsage, "--samples-from|--dataset"},
		{"fuse A B --out OUT --align acts --samples-from MISSING", exitFailure, "no such file"},
		{"fuse A B --out OUT --align acts --samples-from DIR", exitFailure, "PNG or JPEG|found none"},
		{"fuse A B --out OUT --size 8", exitUsage, "--size|--dataset"},
		{"fuse A B --out OUT --dataset mnist --sample-indices FAR --samples 10", exitUsage, "--sample-indices|--samples"},
		{"fuse A B --out OUT --dataset mnist --sample-indices FAR --seed 1", exitUsage, "--sample-indices|--seed"},
		{"fuse A B --out OUT --sample-indices FAR", exitUsage, "--sample-indices|--dataset"},
		{"train --part thirds --out OUT", exitUsage, "--part|thirds|classes:"},
		{"train --part classes:0-10 --out OUT", exitUsage, "--part|0 to 9|0-10"},
		{"train --part shares:1+1 --out OUT", exitUsage, "--part|1/2"},
		{"train --mean 0 --out OUT", exitUsage, "--mean, --std"},
		{"eval A --dataset cifar10 --data-dir MISSING", exitFailure, "otfusion data fetch cifar10|--data-dir"},
		{"eval A --weights 1", exitUsage, "--weights|--ensemble"},
		{"eval A B --ensemble --weights 1", exitUsage, "--weights|wanted 2 weights, found 1"},
		{"data info svhn", exitUsage, "svhn"},
		{"data fetch svhn", exitUsage, "svhn"},
		{"data info cifar100 --data-dir MISSING", exitFailure, "otfusion data fetch cifar100|--data-dir"},
		{"train --arch alexnet --out OUT", exitUsage, `found "alexnet"|mlpnet`},
		{"train --arch BROKEN --recipe smoke --out OUT", exitFailure, "broken.json|not an architecture"},
		{"train --arch BROKEN --width 2 --out OUT", exitUsage, "--arch|--width"},
		{"train --arch lenet --hidden 5 --out OUT", exitUsage, "--hidden|mlpnet|lenet"},
		{"train --hidden 0 --out OUT", exitUsage, "positive hidden widths|[0]"},
		{"train --width 100 --out OUT", exitUsage, "width multiplier above 0 and at most 64|100"},
		{"train --threads 100000 --out OUT", exitUsage, "--threads|1 to 1024|100000"},
		{"train --recipe FOLDER --out OUT", exitUsage, "wanted a regular file, found a folder"},
		{"train --out=", exitUsage, `--out|wanted a name`},
		{"train --width 0 --out OUT", exitUsage, "--width|0"},
		{"train --recipe nouvelle --out OUT", exitUsage, "recipe|laptop|nouvelle"},
		{"train --epochs=-1 --out OUT", exitUsage, "epochs|-1"},
		{"train --lr=-1 --out OUT", exitUsage, "lr|-1"},
		{"train --save-every=-1s --out OUT", exitUsage, "--save-every|-1s"},
		{"train --recipe smoke --out BELOW", exitFailure, "not a directory"},
		{"merge A --out OUT", exitUsage, "two"},
		{"merge A B --labels 1 --out OUT", exitUsage, "--labels|below 1, found 1"},
		{"merge A CONV --recipe smoke --out OUT", exitFailure, "layer flatten|Conv2D|Flatten"},
		{"merge CONV SMALL --recipe smoke --out OUT", exitFailure, "the same images|conv.safetensors of 1×28×28|small.safetensors of 1×16×16"},
		{"distill SMALL --teachers CONV --recipe smoke --out OUT", exitFailure, "the same images|small.safetensors of 1×16×16|conv.safetensors of 1×28×28"},
		{"distill A --teachers= --out OUT", exitUsage, "--teachers|one model or more, found none"},
		{"distill A --teachers B --labels 1 --out OUT", exitUsage, "--labels|below 1, found 1"},
		{"distill A --teachers B --temperature=-2 --out OUT", exitUsage, "--temperature|-2"},
		{"distill A --recipe smoke --teachers B --temperature 1e300 --out OUT", exitFailure, "temperature|1e-06 to 1e+06|1e+300"},
		{"finetune A --recipe smoke --lr 1e300 --out OUT", exitUsage, "lr|float32|1e+300"},
		{"distill A --teachers B --weights 1,2 --out OUT", exitUsage, "--weights|wanted 1 weights, found 2"},
		{"prune A --fraction 1 --out OUT", exitUsage, "--fraction|1"},
		{"prune A --layers fc9 --out OUT", exitFailure, "fc9"},
		{"convert A OUT --arch BROKEN", exitFailure, "broken.json|not an architecture"},
		{"experiment run nonesuch", exitUsage, "nonesuch|mnist-pair"},
		{"experiment run mnist-pair --scale huge", exitUsage, "huge|smoke, reduced or paper"},
		{"experiment run mnist-pair --scale smoke --jobs 0", exitUsage, "--jobs|1 to 1024|0"},
		{"experiment run mnist-pair --scale smoke --jobs 2000000", exitUsage, "--jobs|1 to 1024|2000000"},
		{"experiment run mnist-pair --scale smoke --results BELOW", exitFailure, "not a directory"},
		{"bench train --arch alexnet", exitUsage, "alexnet"},
		{"bench train --batch=-1", exitUsage, "--batch|-1"},
		{"bench train --batch 1000000000000", exitUsage, "--batch|1 to 65536|1000000000000"},
		{"bench train --steps 0", exitUsage, "--steps|0"},
		{"bench train --steps 1000000000000000", exitUsage, "--steps|1 to 1048576"},
	} {
		t.Run(c.args, func(t *testing.T) {
			if testing.Short() && (strings.Contains(c.args, "--dataset mnist") || strings.Contains(c.args, "--recipe smoke")) {
				t.Skip("reads all of MNIST")
			}
			args := strings.Fields(strings.NewReplacer("DEEP", deep, "WIDE", wide, "CONV", conv, "SMALL", small, "BROKEN", broken, "FAR", far,
				"WORDS", words, "BELOW", below, "OUT", out, "FOLDER", dir, "MISSING", filepath.Join(dir, "missing"), "DIR", dir).Replace(c.args))
			for i, word := range args {
				switch word {
				case "A":
					args[i] = a
				case "B":
					args[i] = b
				}
			}
			before := listing(t, dir)
			wantRefusal(t, call(args...), c.status, strings.Split(c.words, "|")...)
			if after := listing(t, dir); after != before {
				t.Errorf("files changed from\n%s\nto\n%s", before, after)
			}
		})
	}
}

// File names may have anything in them: an error stays one line without escapes.
func TestNamesOfFilesAreSafeToPrint(t *testing.T) {
	a := call("info", filepath.Join(t.TempDir(), "bad\x1b[31m\n.pt"))
	wantRefusal(t, a, exitFailure, "bad\uFFFD[31m\uFFFD.pt")
	if strings.ContainsRune(a.stderr, '\x1b') {
		t.Errorf("stderr %q has an escape", a.stderr)
	}
}

// Metadata that does not fit the network is refused with the file's name, as is a
// network without finite logits.
func TestMetadataAndLogitsThatMakeNoSense(t *testing.T) {
	dir := t.TempDir()
	good := network(t, dir, "good.safetensors", "mlpnet", 1, models.Options{Hidden: []int{6}})
	bad := func(name string, change func(*models.Model)) string {
		m, err := checkpoint.Read(good)
		if err != nil {
			t.Fatal(err)
		}
		change(m)
		path := filepath.Join(dir, name)
		if err := checkpoint.Write(path, m); err != nil {
			t.Fatal(err)
		}
		return path
	}
	classes := bad("classes.safetensors", func(m *models.Model) { m.SetClasses([]string{"0", "1"}, nil) })
	wantRefusal(t, call("info", classes), exitFailure, "classes.safetensors", "a name for each of 10 outputs, found 2")
	wantRefusal(t, call("fuse", good, classes, "--out", filepath.Join(dir, "out.pt")), exitFailure, "classes.safetensors")
	huge := bad("huge.safetensors", func(m *models.Model) {
		for _, p := range m.Params {
			for i := range p.Data {
				p.Data[i] = 1e30
			}
		}
	})
	wantRefusal(t, call("check", huge, good, "--json"), exitFailure, "logits are not finite")
}

func TestFullStandardOutput(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full here:", err)
	}
	defer full.Close()
	for _, args := range [][]string{{"info"}, {"info", "--json"}} {
		var stderr strings.Builder
		if status := run(t.Context(), args, full, &stderr); status != exitFailure || !strings.Contains(stderr.String(), "no space left") {
			t.Errorf("%q: status %d, stderr %q", args, status, stderr.String())
		}
	}
}
