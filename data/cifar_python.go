package data

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/nlpodyssey/gopickle/types"
	"golang.org/x/sync/errgroup"
)

// A cifarPython describes one of CIFAR's Python versions, which torchvision
// downloads: pickles of a dict with the pixels and the classes.
type cifarPython struct {
	folder      string
	pixels      int // values of an image
	train, test []string
	labels      string // key of the classes
	most        int    // images in one file
}

func cifar10Python() cifarPython {
	return cifarPython{
		folder: "cifar-10-batches-py", pixels: 3 * cifarSide * cifarSide,
		train: []string{"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"},
		test:  []string{"test_batch"}, labels: "labels", most: 10000,
	}
}

func cifar100Python() cifarPython {
	return cifarPython{
		folder: "cifar-100-python", pixels: 3 * cifarSide * cifarSide,
		train: []string{"train"},
		test:  []string{"test"}, labels: "fine_labels", most: 50000,
	}
}

// locate returns the folder with the pickles: p.folder in dir, or dir itself;
// "" where they lie in neither.
func (p cifarPython) locate(dir string) string {
	for _, d := range []string{filepath.Join(dir, p.folder), dir} {
		missing := func(name string) bool {
			info, err := os.Stat(filepath.Join(d, name))
			return err != nil || info.IsDir() // a folder of images has train/ and test/ too
		}
		if !slices.ContainsFunc(slices.Concat(p.train, p.test), missing) {
			return d
		}
	}
	return ""
}

// load reads both sets from their folder. Unlike the binary version's, the
// files say how many images they have.
func (p cifarPython) load(ctx context.Context, l cifarLayout, folder string) (train, test *Dataset, err error) {
	var g errgroup.Group
	g.Go(func() (err error) { train, err = p.read(ctx, l, folder, p.train); return err })
	g.Go(func() (err error) { test, err = p.read(ctx, l, folder, p.test); return err })
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	return train, test, nil
}

// read appends the images of the files.
func (p cifarPython) read(ctx context.Context, l cifarLayout, folder string, files []string) (*Dataset, error) {
	d := l.dataset(0)
	for _, name := range files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		path := filepath.Join(folder, name)
		images, labels, err := p.readFile(path)
		if err != nil {
			return nil, fmt.Errorf("data: %s: %s: %w", l.name, path, err)
		}
		d.Images, d.Labels = append(d.Images, images...), append(d.Labels, labels...)
	}
	return d, d.check()
}

// readFile reads one pickle. Its size is checked first: bytes may take two in a
// pickle, and an image's other fields, such as its file's name, a few dozen.
func (p cifarPython) readFile(path string) (images string, labels []uint8, err error) {
	f, size, err := openRegular(path)
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	if most := int64(p.most) * int64(2*p.pixels+256); size > most {
		return "", nil, fmt.Errorf("wanted a pickle of at most %d bytes, found %d", most, size)
	}
	content := make([]byte, size)
	if _, err := io.ReadFull(f, content); err != nil {
		return "", nil, err
	}
	return p.parse(content)
}

// parse reads the content of a pickle.
func (p cifarPython) parse(content []byte) (images string, labels []uint8, err error) {
	object, err := unpickle(content)
	if err != nil {
		return "", nil, err
	}
	dict, ok := object.(*types.Dict)
	if !ok {
		return "", nil, fmt.Errorf("wanted a dict, found %T", object)
	}
	pixels, ok := lookUp(dict, "data").(*byteArray)
	if !ok || len(pixels.shape) != 2 || pixels.shape[1] != p.pixels {
		return "", nil, fmt.Errorf("wanted %q to be an array of N×%d bytes, found %T", "data", p.pixels, lookUp(dict, "data"))
	}
	classes, ok := lookUp(dict, p.labels).(*types.List)
	if !ok || len(*classes) != pixels.shape[0] {
		return "", nil, fmt.Errorf("wanted %q to be a list of %d classes, found %T", p.labels, pixels.shape[0], lookUp(dict, p.labels))
	}
	for i, c := range *classes {
		class, ok := c.(int)
		if !ok || class < 0 || class > 255 {
			return "", nil, fmt.Errorf("image %d: wanted the number of a class, found %v", i, c)
		}
		labels = append(labels, uint8(class))
	}
	return pixels.data, labels, nil
}

// lookUp is the value of a key, which Python writes as text or as bytes; nil
// where there is none.
func lookUp(d *types.Dict, key string) any {
	for _, e := range *d {
		switch k := e.Key.(type) {
		case string:
			if k == key {
				return e.Value
			}
		case []byte:
			if string(k) == key {
				return e.Value
			}
		}
	}
	return nil
}
