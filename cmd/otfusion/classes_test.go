package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"otfusion/models"
)

// outputs are models with so many outputs, named 0, 1, … where named.
func outputs(t *testing.T, named bool, counts ...int) []*models.Model {
	t.Helper()
	var ms []*models.Model
	for _, n := range counts {
		a, err := models.Build("mlpnet", models.Options{Hidden: []int{2}, Classes: n})
		if err != nil {
			t.Fatal(err)
		}
		m, err := models.New(a)
		if err != nil {
			t.Fatal(err)
		}
		if named {
			m.SetClasses(numbered(n), numbered(n))
		}
		ms = append(ms, m)
	}
	return ms
}

func TestClassesOfTheFlag(t *testing.T) {
	file := filepath.Join(t.TempDir(), "classes.json")
	if err := os.WriteFile(file, []byte(`[["cat", "dog"], ["cow", "hen", "3"]]`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		flag    string
		outputs []int
		named   bool
		names   []string // of the models, with the classes seen behind a slash
	}{
		{"", []int{2}, false, []string{"/"}},
		{"a:cat+dog,b:cow+hen+3", []int{2, 3}, false, []string{"cat dog/cat dog", "cow hen 3/cow hen 3"}},
		{file, []int{2, 3}, true, []string{"cat dog/cat dog", "cow hen 3/cow hen 3"}},
		{"a:0-1,b:2-4", []int{5, 5}, false, []string{"0 1 2 3 4/0 1", "0 1 2 3 4/2 3 4"}},
		{"b:0-1+3", []int{5, 5}, true, []string{"0 1 2 3 4/0 1 2 3 4", "0 1 2 3 4/0 1 3"}},
		{"a:1-3", []int{3}, true, []string{"1 2 3/1 2 3"}},
	} {
		ms := outputs(t, c.named, c.outputs...)
		if err := (classFlags{c.flag}).name(ms...); err != nil {
			t.Errorf("%s: %v", c.flag, err)
			continue
		}
		for k, want := range c.names {
			names, seen, err := ms[k].Classes()
			if got := strings.Join(names, " ") + "/" + strings.Join(seen, " "); err != nil || got != want {
				t.Errorf("%s: model %d has %q (%v), want %q", c.flag, k, got, err, want)
			}
		}
	}
}

func TestWrongClassesOfTheFlag(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for flag, want := range map[string]string{
		"cat":                  "each of 2 models once",
		"c:0-1":                "each of 2 models once",
		"a:0-1,a:2":            "each of 2 models once",
		"a:0+0":                "wanted different names",
		"a:0-4":                "wanted a name for each of 3 outputs or some of",
		"b:cat":                `some of ["0" "1" "2"]`,
		file("list", `["a"]`):  "a JSON list of 2 lists",
		file("one", `[["a"]]`): "a JSON list of 2 lists",
		file("empty", ""):      "a JSON list of 2 lists",
		file("huge", strings.Repeat(" ", maxClassFile+1)): "at most",
	} {
		err := classFlags{flag}.name(outputs(t, false, 3, 3)...)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want one line with %q", flag, err, want)
		}
	}
	if got := spelledOut("5-3+x-y+0-99999"); !slices.Equal(got, []string{"5-3", "x-y", "0-99999"}) {
		t.Errorf("names %q", got)
	}
}

// Nobody knows which outputs of 3 are which of 5 unless both have names.
func TestUnnamedOutputsOfOtherNumbersAreRefused(t *testing.T) {
	dir := t.TempDir()
	three := network(t, dir, "three.safetensors", "mlpnet", 1, models.Options{Hidden: []int{6}, Classes: 3})
	five := network(t, dir, "five.safetensors", "mlpnet", 2, models.Options{Hidden: []int{6}, Classes: 5})
	out := filepath.Join(dir, "out.safetensors")
	for _, args := range [][]string{
		{"fuse", three, five, "--out", out}, {"average", three, five, "--out", out}, {"merge", three, five, "--out", out},
		{"eval", three, five, "--ensemble"}, {"fuse", three, five, "--classes", "a:x+y+z", "--out", out},
	} {
		t.Run(strings.Join(args[:1], " "), func(t *testing.T) {
			wantRefusal(t, call(args...), exitUsage, "--classes: ", "three.safetensors has 3 outputs", "five.safetensors has 5", "a:0-4,b:5-9")
		})
	}
	if a := call("fuse", three, five, "--classes", "a:x+y+z,b:v+w+x+y+z", "--out", out); a.status != exitOK {
		t.Errorf("with names: %+v", a)
	}
}
