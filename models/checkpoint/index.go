package checkpoint

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
)

// maxIndex bounds the JSON that lists the tensors of several files.
const maxIndex = 16 << 20

// readIndex reads a model of several files, of which the open one says in JSON
// which tensor lies where: {"weight_map": {"fc.weight": "model-00001-of-00002.safetensors"}}.
func readIndex(f file, key string) (*contents, error) {
	if f.size > maxIndex {
		return nil, fmt.Errorf("JSON of %d bytes, wanted an index of at most %d", f.size, maxIndex)
	}
	text, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	var index struct {
		Weights map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(text, &index); err != nil {
		return nil, fmt.Errorf("not an index in JSON: %w", err)
	}
	if len(index.Weights) == 0 {
		return nil, fmt.Errorf("JSON without a weight_map, which the index of a model has (an architecture goes to --arch)")
	}
	return gather(filepath.Dir(f.Name()), index.Weights, key)
}

// gather takes from each file of a folder the tensors that it is said to hold.
func gather(folder string, weights map[string]string, key string) (*contents, error) {
	of := map[string][]string{} // the tensors of each file
	for _, name := range slices.SortedFunc(maps.Keys(weights), naturalOrder) {
		shard := weights[name]
		if filepath.Base(shard) != shard || !filepath.IsLocal(shard) {
			return nil, fmt.Errorf("tensor %s lies in %q, wanted a file of the index's folder", name, shard)
		}
		of[shard] = append(of[shard], name)
	}
	whole := newContents()
	whole.sorted = true
	for _, shard := range slices.SortedFunc(maps.Keys(of), naturalOrder) {
		c, err := readShard(filepath.Join(folder, shard), key)
		if err != nil {
			return nil, err
		}
		if err := whole.take(c, of[shard]); err != nil {
			return nil, fmt.Errorf("%s: %w", shard, err)
		}
		for _, name := range c.names {
			if _, listed := weights[name]; !listed {
				whole.others[name] = "not in the index"
			}
		}
	}
	slices.SortFunc(whole.names, naturalOrder)
	return whole, nil
}

func readShard(path, key string) (*contents, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	c, err := readContents(f, f.size, key)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return c, nil
}

// take moves tensors of those names from c.
func (whole *contents) take(c *contents, names []string) error {
	for _, name := range names {
		if t, ok := c.params[name]; ok {
			whole.add(name, c.dtypes[name], t)
		} else if kind, ok := c.others[name]; ok {
			whole.others[name] = kind
		} else if !counter(name) {
			return fmt.Errorf("tensor %s is missing", name)
		}
	}
	if whole.arch == nil {
		whole.arch = c.arch
	}
	maps.Copy(whole.meta, c.meta)
	return nil
}
