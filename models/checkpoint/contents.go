package checkpoint

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"otfusion/models"
)

// contents are what a file holds, before anything is known of the network.
type contents struct {
	names  []string // of the tensors: as the network made them, or sorted
	sorted bool     // the file does not tell in which order they were made
	params map[string]models.Tensor
	dtypes map[string]DType  // of the tensors in the file
	others map[string]string // tensors that are no floats, and what they are
	meta   map[string]string
	arch   *models.Arch // nil where the file does not tell
}

func newContents() *contents {
	return &contents{params: map[string]models.Tensor{}, dtypes: map[string]DType{},
		others: map[string]string{}, meta: map[string]string{}}
}

// maxLen bounds the values of one tensor, as models does, so that no product of
// sizes overflows.
const maxLen = 1 << 31

// counter tells the counters of PyTorch's batch norms, which every file has.
func counter(name string) bool { return strings.HasSuffix(name, "num_batches_tracked") }

// add takes a tensor in.
func (c *contents) add(name string, d DType, t models.Tensor) {
	c.names = append(c.names, name)
	c.params[name], c.dtypes[name] = t, d
}

// model gives the parameters the architecture that is asked for, or else the
// file's, or else the one they look like. Tensors that no layer uses are left
// out and named in the metadata, unless a network could not do without them.
func (c *contents) model(o Options) (*models.Model, error) {
	if err := c.multiplyOut(); err != nil {
		return nil, err
	}
	arch, err := c.architecture(o)
	if err != nil {
		return nil, err
	}
	m := &models.Model{Arch: arch, Params: c.params, Meta: c.meta}
	if err := c.setAside(m); err != nil {
		return nil, c.explain(m, err)
	}
	if err := m.Check(); err != nil {
		if shaped(m) { // values are wrong, of whatever architecture
			return nil, err
		}
		return nil, c.explain(m, err)
	}
	return m, nil
}

// shaped tells whether all parameters are there, of the right shapes.
func shaped(m *models.Model) bool {
	specs, _ := m.Arch.Params() // known to be without an error
	return !slices.ContainsFunc(specs, func(p models.ParamSpec) bool {
		t, ok := m.Params[p.Name]
		return !ok || !slices.Equal(t.Shape, p.Shape)
	})
}

// architecture is the one that the parameters are read as.
func (c *contents) architecture(o Options) (*models.Arch, error) {
	arch, guessed := c.arch, c.meta[MetaGuess] != ""
	switch {
	case o.Arch != nil:
		arch = o.Arch
		delete(c.meta, MetaGuess)
	case arch != nil && o.Assume != (Assumptions{}) && !guessed:
		return nil, fmt.Errorf("the file says its architecture, %s: there is nothing to assume", arch.Name)
	case arch != nil && o.Assume.NormEpsilon != 0:
		return nil, fmt.Errorf("this program wrote the file: its variances hold the norms' epsilon, so none can be assumed")
	case arch == nil || o.Assume != (Assumptions{}):
		return c.infer(o.Assume)
	}
	return arch, c.unwrapTo(arch)
}

// setAside leaves out the tensors that are not part of the architecture. Only
// such as no layer can need are: single values, as profilers and averages leave
// them, but not trained ones; masks of pruning, and what belongs to a loss.
func (c *contents) setAside(m *models.Model) error {
	specs, err := m.Arch.Params()
	if err != nil {
		return err
	}
	used := map[string]models.Tensor{}
	dtype := DType("")
	for _, p := range specs {
		if t, ok := c.params[p.Name]; ok {
			used[p.Name] = t
			dtype = Widest(dtype, c.dtypes[p.Name])
		}
	}
	unused := slices.Collect(maps.Keys(c.others))
	for _, name := range c.names {
		if _, ok := used[name]; ok {
			continue
		}
		if !negligible(name, c.params[name]) {
			return fmt.Errorf("parameter %s of shape %v: not part of arch %s", name, c.params[name].Shape, m.Arch.Name)
		}
		unused = append(unused, name)
	}
	m.Params = used
	c.note(unused, dtype)
	return nil
}

// note keeps in the metadata what a person should know of the file.
func (c *contents) note(unused []string, dtype DType) {
	delete(c.meta, MetaUnused)
	delete(c.meta, MetaDType)
	if dtype != F32 && dtype != "" {
		c.meta[MetaDType] = string(dtype)
	}
	slices.SortFunc(unused, naturalOrder)
	if len(unused) > 0 {
		c.meta[MetaUnused] = abridged(unused, 12)
	}
}

// negligible tells tensors that no layer computes with.
func negligible(name string, t models.Tensor) bool {
	first, _, _ := strings.Cut(name, ".")
	return len(t.Data) == 0 || len(t.Data) == 1 && !trained(name) || strings.HasSuffix(name, "_mask") ||
		slices.Contains([]string{"criterion", "loss", "loss_fn", "loss_func", "loss_function"}, first)
}

// trained tells the single values that a layer computes with: the slope of a
// PReLU, the gain of a branch that starts at zero (ReZero, SkipInit, Fixup). One
// of no layer, as logit_scale, is the loss's.
func trained(name string) bool {
	dot := strings.LastIndex(name, ".")
	last := strings.ToLower(name[dot+1:])
	return dot >= 0 && slices.ContainsFunc([]string{"weight", "bias", "alpha", "beta", "gamma", "gain", "scale", "slope", "temperature"},
		func(word string) bool { return strings.Contains(last, word) })
}

// explain says of a failure what the file has in the parameter's place, and
// where the architecture was inferred that it was, and the way out.
func (c *contents) explain(m *models.Model, err error) error {
	specs, _ := m.Arch.Params()
	for _, p := range specs {
		if kind, ok := c.others[p.Name]; ok {
			return fmt.Errorf("parameter %s: values are %s, wanted F32, F16, BF16 or F64", p.Name, kind)
		}
	}
	if _, guessed := c.meta[MetaGuess]; guessed {
		return fmt.Errorf("looks like %s, but %w; %s", m.Arch.Name, err, wayOut)
	}
	return err
}

// abridged lists names, not all where there are many.
func abridged(names []string, most int) string {
	list := slices.Clone(names[:min(most, len(names))])
	if more := len(names) - most; more > 0 {
		list = append(list, fmt.Sprintf("%d more", more))
	}
	return strings.Join(list, ", ")
}

// naturalOrder compares names with numbers in them by value, so that fc2 comes
// before fc10.
func naturalOrder(a, b string) int {
	restA, restB := a, b
	for restA != "" && restB != "" {
		var x, y int
		x, restA = leading(restA)
		y, restB = leading(restB)
		if x != y {
			return cmp.Compare(x, y)
		}
	}
	return cmp.Or(cmp.Compare(len(restA), len(restB)), cmp.Compare(a, b))
}

// leading splits off the number that s starts with, or else the byte, which
// comes out above every number.
func leading(s string) (int, string) {
	rest := strings.TrimLeft(s, "0123456789")
	n, err := strconv.ParseInt(s[:len(s)-len(rest)], 10, 32)
	if err != nil {
		return math.MaxInt32 + 1 + int(s[0]), s[1:]
	}
	return int(n), rest
}
