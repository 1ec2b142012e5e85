package train

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"otfusion/internal/smallfile"
	"otfusion/models"
)

//go:embed recipes/*.yaml
var embedded embed.FS

// Purpose is what a recipe is for; a recipe file has a section for each.
type Purpose string

// The purposes.
const (
	FromScratch Purpose = "train"
	FineTuning  Purpose = "finetune" // from an existing model
	Distilling  Purpose = "distill"  // from an existing model, by teachers
)

func purposes() []Purpose { return []Purpose{FromScratch, FineTuning, Distilling} }

// recipeFile is a YAML file of recipes. Their keys are "architecture/dataset",
// "default/dataset" or "default".
type recipeFile struct {
	Train    map[string]Recipe `yaml:"train"`
	Finetune map[string]Recipe `yaml:"finetune"`
	Distill  map[string]Recipe `yaml:"distill"`
}

func (f recipeFile) section(p Purpose) map[string]Recipe {
	switch p {
	case FineTuning:
		return f.Finetune
	case Distilling:
		return f.Distill
	}
	return f.Train
}

// maxRecipeFile bounds the size of a recipe file in bytes.
const maxRecipeFile = 1 << 20

// RecipeNames lists the built-in recipes.
func RecipeNames() []string {
	entries, _ := embedded.ReadDir("recipes") // embedded: cannot fail
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = strings.TrimSuffix(e.Name(), ".yaml")
	}
	return names
}

// LoadRecipe finds the recipe of an architecture and a dataset. The name is a
// built-in one or the path of a YAML file (it ends in .yaml or .yml, or has a
// slash). Without an entry for the architecture, that of the first of its
// [models.BaseNames] counts. The datasets fashion-mnist, cifar100 and others fall
// back to mnist, to cifar10, and to both, whichever the architecture has; last
// come "default/cifar10", say, for architectures that are not named, and
// "default". Unknown keys, impossible values and a second YAML document are errors
// that name file, line and key.
func LoadRecipe(name string, purpose Purpose, arch, dataset string) (Recipe, error) {
	recipes, file, err := readRecipeFile(name)
	if err != nil {
		return Recipe{}, err
	}
	return recipes.find(file, purpose, candidates(arch, dataset))
}

func readRecipeFile(name string) (recipes recipeFile, file string, err error) {
	if strings.ContainsAny(name, `/\`) || strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml") {
		text, err := smallfile.Read(name, maxRecipeFile)
		if err != nil {
			return recipeFile{}, name, fmt.Errorf("train: recipe: %w", err)
		}
		recipes, err = parseRecipeFile(text, name)
		return recipes, name, err
	}
	known, err := builtIn()
	if err != nil {
		return recipeFile{}, "", err
	}
	recipes, ok := known[name]
	if !ok {
		err = fmt.Errorf("train: recipe: wanted one of %s or a YAML file, found %q", strings.Join(RecipeNames(), ", "), name)
	}
	return recipes, name + ".yaml", err
}

// builtIn parses the built-in recipes by name, once: an experiment asks for
// hundreds.
var builtIn = sync.OnceValues(func() (map[string]recipeFile, error) {
	known := map[string]recipeFile{}
	for _, name := range RecipeNames() {
		file := name + ".yaml"
		text, err := embedded.ReadFile(path.Join("recipes", file))
		if err != nil {
			return nil, err
		}
		if known[name], err = parseRecipeFile(text, file); err != nil {
			return nil, err
		}
	}
	return known, nil
})

// candidates lists the keys under which a recipe may stand, best first.
func candidates(arch, dataset string) []string {
	var keys []string
	for _, d := range append([]string{dataset}, related(dataset)...) {
		for _, n := range models.BaseNames(arch) {
			keys = append(keys, n+"/"+d)
		}
	}
	keys = append(keys, "default/"+dataset)
	if dataset == "cifar100" {
		keys = append(keys, "default/cifar10")
	}
	return append(keys, "default")
}

// related are the datasets whose recipes serve for another.
func related(dataset string) []string {
	switch dataset {
	case "mnist", "cifar10":
		return nil
	case "cifar100":
		return []string{"cifar10"}
	case "fashion-mnist":
		return []string{"mnist"}
	}
	return []string{"mnist", "cifar10"}
}

// find is the recipe of the first of the keys that the purpose's section has.
func (f recipeFile) find(file string, purpose Purpose, keys []string) (Recipe, error) {
	section := f.section(purpose)
	for _, key := range keys {
		if r, ok := section[key]; ok {
			return r, nil
		}
	}
	known := strings.Join(slices.Sorted(maps.Keys(section)), ", ")
	return Recipe{}, fmt.Errorf("train: recipe %s: %s: wanted an entry %q or \"default\", found %q", file, purpose, keys[0], known)
}

// parseRecipeFile reads a file and checks every recipe of it.
func parseRecipeFile(text []byte, file string) (recipeFile, error) {
	var recipes recipeFile
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&recipes); err != nil && err != io.EOF {
		return recipes, yamlError(file, err)
	}
	if err := checkEnd(decoder, file); err != nil {
		return recipes, err
	}
	var nodes yaml.Node
	if err := yaml.Unmarshal(text, &nodes); err != nil {
		return recipes, yamlError(file, err)
	}
	if err := checkIntegers(&nodes, file); err != nil {
		return recipes, err
	}
	for _, p := range purposes() {
		section := recipes.section(p)
		for _, key := range slices.Sorted(maps.Keys(section)) {
			section[key] = section[key].withDefaults()
			if err := section[key].Validate(); err != nil {
				return recipes, fieldError(file, &nodes, []string{string(p), key}, err)
			}
		}
	}
	return recipes, nil
}

// checkEnd refuses a second document, which nothing would read.
func checkEnd(d *yaml.Decoder, file string) error {
	var second yaml.Node
	switch err := d.Decode(&second); {
	case err == io.EOF:
		return nil
	case err != nil:
		return yamlError(file, err)
	}
	return fmt.Errorf("train: recipe %s:%d: wanted one YAML document, found a second", file, second.Line)
}

// yamlError puts the file and the line in front of what yaml says.
func yamlError(file string, err error) error {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	var typed *yaml.TypeError
	if errors.As(err, &typed) {
		message = typed.Errors[0]
	}
	message = regexp.MustCompile(`^line (\d+): `).ReplaceAllString(message, "$1: ")
	message = regexp.MustCompile(`^(\d+: )field (\S+) not found in type .*`).ReplaceAllString(message, `${1}unknown key "$2"`)
	if !regexp.MustCompile(`^\d+: `).MatchString(message) { // yaml says no line
		message = " " + message
	}
	return fmt.Errorf("train: recipe %s:%s", file, message)
}

// fieldError puts the file, the line and the path of keys in front of a
// [FieldError].
func fieldError(file string, nodes *yaml.Node, section []string, err error) error {
	var field *FieldError
	if !errors.As(err, &field) {
		return fmt.Errorf("train: recipe %s: %w", file, err)
	}
	keys := append(section, strings.Split(field.Field, ".")...)
	return fmt.Errorf("train: recipe %s:%d: %s: %w", file, line(nodes, keys), strings.Join(section, ": "), err)
}

// line is where the last of nested keys stands, or as many of them as are there.
func line(n *yaml.Node, keys []string) int {
	if n.Kind == yaml.DocumentNode {
		return line(n.Content[0], keys)
	}
	for i := 0; n.Kind == yaml.MappingNode && len(keys) > 0 && i < len(n.Content); i += 2 {
		if n.Content[i].Value == keys[0] {
			return max(n.Content[i].Line, line(n.Content[i+1], keys[1:]))
		}
	}
	return 0
}

// checkIntegers refuses fractions for numbers that are counted, which yaml
// would cut off.
func checkIntegers(n *yaml.Node, file string) error {
	counted := []string{"epochs", "batch", "images", "validation", "warmup", "every", "milestones"}
	for i, child := range n.Content {
		if err := checkIntegers(child, file); err != nil {
			return err
		}
		if n.Kind != yaml.MappingNode || i%2 == 0 || !slices.Contains(counted, n.Content[i-1].Value) {
			continue
		}
		for _, v := range append(child.Content, child) {
			if v.Tag == "!!float" {
				return fmt.Errorf("train: recipe %s:%d: %s: wanted an integer, found %s", file, v.Line, n.Content[i-1].Value, v.Value)
			}
		}
	}
	return nil
}
