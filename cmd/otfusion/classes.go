package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"otfusion/internal/smallfile"
	"otfusion/models"
)

// classFlags say what models' outputs mean that were trained elsewhere.
type classFlags struct {
	Classes string `placeholder:"LISTS" help:"What classes the models know, where their files do not say: a:0-4,b:5-9 or a:cat+dog,b:cow+hen for the first and the second model, or a JSON file with a list of names for each. As many names as outputs name these; fewer are those of the named or numbered outputs that the model was trained on."`
}

// maxClassFile bounds the size of a file of classes in bytes.
const maxClassFile = 1 << 20

// name gives the models the classes of the flag.
func (f classFlags) name(ms ...*models.Model) error {
	if f.Classes == "" {
		return nil
	}
	lists, err := f.lists(len(ms))
	if err != nil {
		return usage("--classes: %w", err)
	}
	for k, list := range lists {
		if list == nil {
			continue
		}
		if err := nameOutputs(ms[k], list); err != nil {
			return usage("--classes: model %d: %w", k, err)
		}
	}
	return nil
}

// lists are the names of each of n models, nil for one that is not named.
func (f classFlags) lists(n int) ([][]string, error) {
	lists := make([][]string, n)
	if _, err := os.Stat(f.Classes); err == nil {
		text, err := smallfile.Read(f.Classes, maxClassFile)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, &lists); err != nil || len(lists) != n {
			return nil, fmt.Errorf("%s: wanted a JSON list of %d lists of names, one for each model (%v)", f.Classes, n, err)
		}
		return lists, nil
	}
	for _, part := range strings.Split(f.Classes, ",") {
		model, names, found := strings.Cut(part, ":")
		k := -1
		if found && len(model) == 1 {
			k = int(model[0]) - 'a'
		}
		if k < 0 || k >= n || lists[k] != nil {
			return nil, fmt.Errorf("wanted a:…,b:… with each of %d models once, or a JSON file that is there, found %q", n, part)
		}
		lists[k] = spelledOut(names)
	}
	return lists, nil
}

// spelledOut are names joined by +, 0-4 standing for five numbers.
func spelledOut(text string) []string {
	const most = 1000
	var names []string
	for _, word := range strings.Split(text, "+") {
		from, to, isRange := strings.Cut(word, "-")
		first, errFirst := strconv.Atoi(from)
		last, errLast := strconv.Atoi(to)
		if !isRange || errFirst != nil || errLast != nil || first < 0 || last < first || last-first >= most {
			names = append(names, word)
			continue
		}
		for c := first; c <= last; c++ {
			names = append(names, strconv.Itoa(c))
		}
	}
	return names
}

// unnamed is the indices of the models whose outputs have no names.
func unnamed(ms []*models.Model) []int {
	var all []int
	for k, m := range ms {
		if names, _, err := m.Classes(); names == nil && err == nil {
			all = append(all, k)
		}
	}
	return all
}

// wantNames refuses models of different numbers of outputs where one has no names
// for its own, as nobody knows which of them are the same.
func wantNames(paths []string, ms []*models.Model) error {
	nameless := unnamed(ms)
	for k, m := range ms {
		if len(nameless) == 0 || m.Arch.Classes() == ms[0].Arch.Classes() {
			continue
		}
		return usage("--classes: %s has %d outputs and %s has %d: wanted names of each model's classes, such as a:0-4,b:5-9, found none in %s",
			paths[0], ms[0].Arch.Classes(), paths[k], m.Arch.Classes(), paths[nameless[0]])
	}
	return nil
}

// sayUnnamed notes which models' outputs are taken for the same classes in order.
func (g *globals) sayUnnamed(paths []string, ms []*models.Model) {
	switch nameless := unnamed(ms); len(nameless) {
	case 0:
	case len(ms):
		g.note("no file names its classes: all models' outputs were taken for the same ones, in order; --classes names them")
	default:
		for _, k := range nameless {
			g.note("%s does not name its classes: its outputs were taken for those of the other models, in order; --classes names them", paths[k])
		}
	}
}

// nameOutputs names all of a model's outputs, or says which of them it knows.
func nameOutputs(m *models.Model, list []string) error {
	for i, name := range list {
		if name == "" || slices.Contains(list[:i], name) {
			return fmt.Errorf("wanted different names, found %q", list)
		}
	}
	outputs := m.Arch.Classes()
	if len(list) == outputs {
		m.SetClasses(list, list)
		return nil
	}
	names, _, err := m.Classes()
	if err != nil {
		return err
	}
	if names == nil {
		names = numbered(outputs)
	}
	for _, name := range list {
		if !slices.Contains(names, name) {
			return fmt.Errorf("wanted a name for each of %d outputs or some of %q, found %q", outputs, names, list)
		}
	}
	m.SetClasses(names, list)
	return nil
}
