package checkpoint

import (
	"fmt"
	"slices"
	"strings"

	"otfusion/models"
)

// unwrap takes off what stands before the names of a network's parameters, to a
// fixed point: the wrappers of PyTorch, wherever they stand, and every prefix
// that is common to all names.
func (c *contents) unwrap() error {
	if err := c.rename(withoutWrappers); err != nil {
		return err
	}
	for {
		prefix := c.commonPrefix()
		if prefix == "" {
			return nil
		}
		if err := c.rename(func(name string) string { return strings.TrimPrefix(name, prefix) }); err != nil {
			return err
		}
	}
}

// unwrapTo takes off no more than it must for the names to be the architecture's.
func (c *contents) unwrapTo(arch *models.Arch) error {
	specs, err := arch.Params()
	if err != nil {
		return err
	}
	missing := func() bool {
		return slices.ContainsFunc(specs, func(p models.ParamSpec) bool {
			_, ok := c.params[p.Name]
			return !ok
		})
	}
	if missing() {
		err = c.rename(withoutWrappers)
	}
	for err == nil && missing() && c.commonPrefix() != "" {
		prefix := c.commonPrefix()
		err = c.rename(func(name string) string { return strings.TrimPrefix(name, prefix) })
	}
	return err
}

// withoutWrappers is a name without the parts that DataParallel, torch.compile,
// FSDP and activation checkpointing put into it.
func withoutWrappers(name string) string {
	parts := strings.Split(name, ".")
	last := len(parts) - 1
	kept := slices.DeleteFunc(slices.Clone(parts[:last]), func(part string) bool {
		return slices.Contains([]string{"module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"}, part)
	})
	return strings.Join(append(kept, parts[last]), ".")
}

// commonPrefix is the first part, with its dot, of all the names that matter,
// where each has at least a layer's name after it; else "".
func (c *contents) commonPrefix() string {
	prefix := ""
	for _, name := range c.names {
		if t := c.params[name]; len(t.Data) <= 1 || negligible(name, t) {
			continue
		}
		first, rest, _ := strings.Cut(name, ".")
		if first += "."; !strings.Contains(rest, ".") || prefix != "" && first != prefix {
			return ""
		}
		prefix = first
	}
	return prefix
}

// rename gives every tensor another name; no two may become one.
func (c *contents) rename(to func(string) string) error {
	renamed := newContents()
	for _, name := range c.names {
		other := to(name)
		if _, twice := renamed.params[other]; twice {
			return fmt.Errorf("parameter %s: appears twice once the wrappers' prefixes are taken off", other)
		}
		renamed.add(other, c.dtypes[name], c.params[name])
	}
	for name, kind := range c.others {
		renamed.others[to(name)] = kind
	}
	c.names, c.params, c.dtypes, c.others = renamed.names, renamed.params, renamed.dtypes, renamed.others
	return nil
}
