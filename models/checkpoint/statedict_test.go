package checkpoint

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"otfusion/models"
)

// value is a Python value: a tensor's first value, a dict, or opcodes.
type value any

type item struct {
	key   string
	value value
}

// checkpointOf is a zip checkpoint of a dict. Each number in it stands for a
// tensor of shape [1, 2] that holds it twice.
func checkpointOf(t testing.TB, items ...item) []byte {
	t.Helper()
	records := map[string]string{}
	var p pickler
	p.WriteString("\x80\x02")
	var write func(v value)
	write = func(v value) {
		switch v := v.(type) {
		case int:
			key := fmt.Sprint(len(records))
			records["data/"+key] = string(F32.encode([]float32{float32(v), float32(v)}))
			p.tensor(key, models.ParamSpec{Shape: []int{1, 2}}, F32)
		case []item:
			p.WriteString("}(")
			for _, i := range v {
				p.text(i.key)
				write(i.value)
			}
			p.WriteString("u")
		case string:
			p.WriteString(v)
		}
	}
	write(items)
	p.WriteString(".")
	records["data.pkl"] = p.String()
	return archive(t, records)
}

func model(n int) []item { return []item{{"fc.weight", n}} }

func keyed(file []byte, key string) (*models.Model, error) {
	c, err := readContents(bytes.NewReader(file), int64(len(file)), key)
	if err != nil {
		return nil, err
	}
	return c.model(Options{})
}

// Where the state dict is looked for, and what wins.
func TestStateDictKeys(t *testing.T) {
	adam := []item{{"state", []item{{"0", []item{{"exp_avg", 9}}}}}, {"param_groups", "]"}}
	for name, c := range map[string]struct {
		file []item
		key  string
		want float32
	}{
		"bare":                     {model(1), "", 1},
		"beside a tensor":          {[]item{{"mean", 9}, {"state_dict", model(1)}}, "", 1},
		"known before any":         {[]item{{"other", model(9)}, {"net", model(1)}}, "", 1},
		"state_dict before ema":    {[]item{{"ema", model(9)}, {"state_dict", model(1)}}, "", 1},
		"ema alone":                {[]item{{"ema", model(1)}, {"epoch", "K\x01"}}, "", 1},
		"known within known":       {[]item{{"model", []item{{"state_dict", model(1)}}}}, "", 1},
		"the only one":             {[]item{{"weights of mine", model(1)}, {"epoch", "K\x01"}}, "", 1},
		"the only one, deeper":     {[]item{{"a", []item{{"b", model(1)}}}}, "", 1},
		"chosen":                   {[]item{{"g", model(9)}, {"d", model(1)}}, "d", 1},
		"chosen against the known": {[]item{{"state_dict", model(9)}, {"ema", model(1)}}, "ema", 1},
		"chosen by a path":         {[]item{{"nets", []item{{"g", model(9)}, {"d", model(1)}}}}, "nets.d", 1},
		"chosen, a key with a dot": {[]item{{"v1.0", model(1)}, {"v2.0", model(9)}}, "v1.0", 1},
		"beside an optimizer":      {[]item{{"state_dict", model(1)}, {"optimizer", adam}}, "", 1},
		"unknown beside a tensor":  {[]item{{"best_acc", 9}, {"netG", model(1)}}, "", 1},
		"beside a history":         {[]item{{"history", []item{{"loss", 9}}}, {"netG", model(1)}}, "", 1},
		"with a dict inside":       {[]item{{"fc.weight", 1}, {"extra", model(9)}}, "", 1},
		"beside one like it":       {[]item{{"state_dict", []item{{"meta", "C\x01a"}, {"fc.weight", 1}}}, {"ema", []item{{"meta", "C\x01a"}, {"fc.weight", 9}}}}, "", 1},
		"chosen by a prefix":       {[]item{{"state_dict", []item{{"net_ema.fc.weight", 9}, {"net.fc.weight", 1}}}}, "net", 1},
		"a dict of some class":     {[]item{{"state_dict", "cmy.module\nConfig\n)\x81"}, {"inner", model(1)}}, "", 1},
	} {
		m, err := keyed(checkpointOf(t, c.file...), c.key)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := m.Params["fc.weight"].Data; !slices.Equal(got, []float32{c.want, c.want}) {
			t.Errorf("%s: read the tensor of %v, want of %v", name, got, c.want)
		}
	}
	for name, c := range map[string]struct {
		file []item
		key  string
		want []string
	}{
		"two":               {[]item{{"g", model(1)}, {"d", model(2)}}, "", []string{`tensors lie under "g", "d"; choose with --key`}},
		"wrong key":         {[]item{{"g", model(1)}}, "x", []string{`no dict under the key "x"; its keys are "g"`}},
		"key of a number":   {[]item{{"g", model(1)}, {"n", "K\x01"}}, "n", []string{`no dict under the key "n"`}},
		"key without":       {[]item{{"g", model(1)}, {"h", []item{{"n", "K\x01"}}}}, "h", []string{`no tensors under the key "h"`}},
		"a module":          {[]item{{"model", "c__main__\nNet\n)\x81"}}, "", []string{`an object of class __main__.Net under "model"`, remedy}},
		"nothing":           {[]item{{"epoch", "K\x01"}}, "", []string{`holds no tensors of floats; its keys are "epoch"`, remedy}},
		"names that double": {[]item{{"module.fc.weight", 1}, {"fc.weight", 2}}, "", []string{"parameter fc.weight: appears twice once the wrappers' prefixes are taken off"}},
	} {
		_, err := keyed(checkpointOf(t, c.file...), c.key)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		wantError(t, err, c.want...)
	}
	_, err := keyed(stFile(`{}`), "ema")
	wantError(t, err, `a safetensors file has no key "ema"`)
}

// Objects of any class beside the weights build nothing and hide nothing.
func TestHarmlessObjects(t *testing.T) {
	for name, object := range map[string]string{
		"path":             "cpathlib\nPosixPath\n(X\x01\x00\x00\x00/tR",
		"date":             "cdatetime\ndatetime\n(C\x0a\x07\xe6\x01\x01\x00\x00\x00\x00\x00\x00tR",
		"dtype":            "ctorch\nfloat32\n",
		"device":           "ctorch\ndevice\n(X\x03\x00\x00\x00cputR",
		"namespace":        "ctypes\nSimpleNamespace\n)\x81}b",
		"scheduler":        "ctorch.optim.lr_scheduler\nCosineAnnealingLR\n)\x81}X\x05\x00\x00\x00T_maxK\x0asb",
		"bound method":     "c__builtin__\ngetattr\n(ctorch.optim.lr_scheduler\nOneCycleLR\nX\x0e\x00\x00\x00_annealing_costR",
		"numpy random":     "cnumpy.random._pickle\n__randomstate_ctor\n(X\x07\x00\x00\x00MT19937tR",
		"default dict":     "ccollections\ndefaultdict\n(c__builtin__\nlist\ntR(X\x01\x00\x00\x00aK\x01u",
		"enum of a class":  "cpackage.config\nMode\n(K\x01tR",
		"set":              "c__builtin__\nset\n(]tR",
		"list of a class":  "cpackage\nList\n)\x81(K\x01K\x02e",
		"quantised tensor": "ctorch._utils\n_rebuild_qtensor\n(NNNNNNNtR",
		"sparse tensor":    "ctorch._utils\n_rebuild_sparse_tensor\n(NNtR",
		"bytearray":        "\x96\x02\x00\x00\x00\x00\x00\x00\x00ab",
	} {
		m, err := keyed(checkpointOf(t, item{"before", object}, item{"state_dict", model(1)}, item{"after", object}), "")
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if m.Params["fc.weight"].Data[0] != 1 {
			t.Errorf("%s: read %v", name, m.Params)
		}
	}
}

// Tensors in other wrappings are tensors, and kinds that are not read say so
// where a layer needs them.
func TestWrappedTensors(t *testing.T) {
	tensor := func(build string) string {
		var p pickler
		p.tensor("0", models.ParamSpec{Shape: []int{1, 2}}, F32)
		plain := p.String()
		args, _ := strings.CutPrefix(plain, "ctorch._utils\n_rebuild_tensor_v2\n")
		args, _ = strings.CutSuffix(args, "R")
		switch build {
		case "parameter":
			return "ctorch._utils\n_rebuild_parameter\n(" + plain + "\x88ccollections\nOrderedDict\n)RtR"
		case "parameter with state":
			return "ctorch._utils\n_rebuild_parameter_with_state\n(" + plain + "\x88ccollections\nOrderedDict\n)R}tR"
		case "subclass":
			return "ctorch._tensor\n_rebuild_from_type_v2\n(ctorch._utils\n_rebuild_tensor_v2\ncpackage\nTensor\n" + args + "}tR"
		}
		return plain
	}
	for _, build := range []string{"plain", "parameter", "parameter with state", "subclass"} {
		var p pickler
		p.WriteString("\x80\x02}(")
		p.text("fc.weight")
		p.WriteString(tensor(build) + "u.")
		m, err := readBytes(archive(t, map[string]string{"data.pkl": p.String(), "data/0": string(F32.encode([]float32{3, 4}))}))
		if err != nil || !slices.Equal(m.Params["fc.weight"].Data, []float32{3, 4}) {
			t.Errorf("%s: %v, %v", build, m, err)
		}
	}
	for opcodes, want := range map[string]string{
		"ctorch._utils\n_rebuild_qtensor\n(NNNNNNNtR":                                 "parameter fc.weight: values are qtensor, wanted F32",
		"ctorch._utils\n_rebuild_tensor_v3\n(NK\x00))\x89Nctorch\nfloat8_e4m3fn\n}tR": "parameter fc.weight: values are torch.float8_e4m3fn, wanted F32",
	} {
		_, err := keyed(checkpointOf(t, item{"state_dict", []item{{"fc.weight", opcodes}, {"fc2.weight", 1}}}), "")
		wantError(t, err, want)
	}
}

// Prefixes are taken off to a fixed point, not more than a given architecture
// allows, and never a layer's own name.
func TestPrefixes(t *testing.T) {
	for name, c := range map[string]struct {
		names []string
		want  []string
	}{
		"DataParallel":      {[]string{"module.fc1.weight", "module.fc2.weight"}, []string{"fc1.weight", "fc2.weight"}},
		"both, either way":  {[]string{"_orig_mod.module.fc1.weight", "_orig_mod.module.fc2.weight"}, []string{"fc1.weight", "fc2.weight"}},
		"within":            {[]string{"net.0._orig_mod.weight", "net.1.module.weight"}, []string{"0.weight", "1.weight"}},
		"Lightning":         {[]string{"model.net.fc1.weight", "model.net.fc2.weight"}, []string{"fc1.weight", "fc2.weight"}},
		"one layer":         {[]string{"fc.weight"}, []string{"fc.weight"}},
		"one layer, inside": {[]string{"a.b.fc.weight"}, []string{"fc.weight"}},
		"different":         {[]string{"body.fc1.weight", "head.fc2.weight"}, []string{"body.fc1.weight", "head.fc2.weight"}},
	} {
		c0 := newContents()
		for _, n := range c.names {
			c0.add(n, F32, models.NewTensor(2, 2))
		}
		if err := c0.unwrap(); err != nil || !slices.Equal(c0.names, c.want) {
			t.Errorf("%s: %v (%v), want %v", name, c0.names, err, c.want)
		}
	}
	c := newContents()
	c.add("net.layers.0.weight", F32, models.NewTensor(2, 2))
	arch := &models.Arch{Input: models.Shape{C: 2, H: 1, W: 1}, Layers: []models.Layer{{Name: "layers.0", Op: models.Linear, Inputs: []string{models.InputName}, Out: 2}}}
	m, err := c.model(Options{Arch: arch})
	if err != nil || m.Params["layers.0.weight"].Data == nil {
		t.Errorf("with an architecture: %v", err)
	}
}
