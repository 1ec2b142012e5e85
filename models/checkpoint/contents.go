package checkpoint

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"otfusion/models"
)

// contents are what a file holds, before anything is known of the network.
type contents struct {
	names  []string // of the parameters, in the best order the file tells
	params map[string]models.Tensor
	meta   map[string]string
	arch   *models.Arch // nil where the file does not tell
}

// maxLen bounds the values of one tensor, as models does, so that no product of
// sizes overflows.
const maxLen = 1 << 31

// wanted tells parameters from PyTorch's counters, which no network computes
// with.
func wanted(name string) bool { return !strings.HasSuffix(name, "num_batches_tracked") }

// add takes a parameter in.
func (c *contents) add(name string, t models.Tensor) {
	c.names = append(c.names, name)
	c.params[name] = t
}

// unwrap strips the prefixes that PyTorch's wrappers put before every name.
func (c *contents) unwrap() {
	for _, prefix := range []string{"module.", "_orig_mod."} { // DataParallel, torch.compile
		if slices.ContainsFunc(c.names, func(n string) bool { return !strings.HasPrefix(n, prefix) }) {
			continue
		}
		bare := map[string]models.Tensor{}
		for i, name := range c.names {
			c.names[i] = strings.TrimPrefix(name, prefix)
			bare[c.names[i]] = c.params[name]
		}
		c.params = bare
	}
}

// model gives the parameters the architecture that is passed, or else the
// file's, or else the one they look like.
func (c *contents) model(arch *models.Arch) (*models.Model, error) {
	c.unwrap()
	if arch == nil {
		arch = c.arch
	}
	if arch == nil {
		inferred, err := c.infer()
		if err != nil {
			return nil, err
		}
		arch = inferred
	}
	m := &models.Model{Arch: arch, Params: c.params, Meta: c.meta}
	return m, m.Check()
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
