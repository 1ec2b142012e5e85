package train

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"runtime"
	"slices"
	"strings"

	"otfusion/internal/build"
	"otfusion/models"
)

// identity is everything that decides what a run computes. Two runs of one
// identity, on the same machine with as many threads, end with the same bits.
type identity struct {
	Arch       *models.Arch          `json:"arch"`
	Recipe     Recipe                `json:"recipe"`
	RecipeName string                `json:"recipe_name,omitempty"`
	Seed       uint64                `json:"seed"`
	Data       dataIdentity          `json:"data"`
	Normalised *models.Normalisation `json:"normalised,omitempty"` // nil: as Data.Raw says, or unknown
	Initial    string                `json:"initial,omitempty"`    // fingerprint of the model that is fine-tuned
	Distill    *distillIdentity      `json:"distill,omitempty"`
}

// dataIdentity names a dataset and the fingerprints of its parts.
type dataIdentity struct {
	Name       string `json:"name"`
	Train      string `json:"train"`
	Validation string `json:"validation,omitempty"`
	Test       string `json:"test,omitempty"`
	Raw        bool   `json:"raw,omitempty"`  // pixels of 0 to 255 to train on, not normalised ones
	Part       string `json:"part,omitempty"` // of the dataset, as the command line spells it
}

func (c Config) identity() identity {
	id := identity{
		Arch: c.Arch, Recipe: c.Recipe, RecipeName: c.RecipeName, Seed: c.Seed,
		Data: dataIdentity{Name: c.Data.Train.Name, Train: c.Data.Train.Fingerprint(), Raw: c.Data.Train.Raw(), Part: c.Part}, Distill: c.Distill.identity(),
		Normalised: c.normalisation(),
	}
	if nonEmpty(c.Data.Test) {
		id.Data.Test = c.Data.Test.Fingerprint()
	}
	if nonEmpty(c.Data.Validation) {
		id.Data.Validation = c.Data.Validation.Fingerprint()
	}
	if c.Initial != nil {
		id.Initial = c.Initial.Fingerprint()
	}
	return id
}

// differences lists, as "seed: 1 there, 2 here", where two identities differ.
func differences(there, here identity) []string {
	return differ("", plain(there), plain(here))
}

// plain is an identity as JSON knows it, numbers with all their digits.
func plain(id identity) (decoded map[string]any) {
	d := json.NewDecoder(strings.NewReader(encode(id)))
	d.UseNumber()
	if err := d.Decode(&decoded); err != nil {
		panic(err) // it has just been encoded
	}
	return decoded
}

func differ(path string, there, here any) []string {
	if all, bothLists := differInLists(path, there, here); bothLists {
		return all
	}
	a, isObject := there.(map[string]any)
	b, both := here.(map[string]any)
	if !isObject || !both {
		if reflect.DeepEqual(there, here) {
			return nil
		}
		return []string{fmt.Sprintf("%s: %s there, %s here", path, brief(there), brief(here))}
	}
	keys := maps.Clone(a)
	maps.Copy(keys, b)
	var all []string
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		inner := key
		if path != "" {
			inner = path + "." + key
		}
		all = append(all, differ(inner, a[key], b[key])...)
	}
	return all
}

// differInLists compares two lists of one length, entry by entry.
func differInLists(path string, there, here any) (all []string, ok bool) {
	a, isList := there.([]any)
	b, both := here.([]any)
	if !isList || !both || len(a) != len(b) {
		return nil, false
	}
	for i := range a {
		all = append(all, differ(fmt.Sprintf("%s[%d]", path, i), a[i], b[i])...)
	}
	return all, true
}

// brief prints a value of JSON in a few characters.
func brief(x any) string {
	switch x := x.(type) {
	case nil:
		return "none"
	case []any:
		return fmt.Sprintf("%d entries", len(x))
	case map[string]any:
		return "one"
	case string:
		if len(x) > 12 {
			return x[:12] + "…"
		}
	}
	return fmt.Sprint(x)
}

// environment is where a run, or part of it, was computed.
type environment struct {
	Compute  string `json:"compute"` // such as "onednn 2.6.3"
	Threads  int    `json:"threads"`
	Platform string `json:"platform"` // such as "linux/amd64"
	Revision string `json:"revision"` // of this program's source
}

func (c Config) environment(compute string) environment {
	return environment{compute, c.Threads, runtime.GOOS + "/" + runtime.GOARCH, build.Revision()}
}
