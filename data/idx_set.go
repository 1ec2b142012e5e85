package data

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"
)

// An idxSet is the four IDX files of a dataset in a folder.
type idxSet struct {
	name          string
	train, test   idxHalf
	classNames    []string  // nil: the labels' numbers
	mean, std     []float32 // nil: those of the training set's pixels
	trainN, testN int       // number of images; 0: any
	missing       []string  // paths of those of the four files that are not there
}

// An idxHalf is the paths of the images and the labels.
type idxHalf struct{ images, labels string }

// idxName is how the files are called: train-images-idx3-ubyte.gz,
// t10k-labels.idx1-ubyte, emnist-letters-test-images-idx3-ubyte.gz.
var idxName = regexp.MustCompile(`^(?:(.+)-)?(train|t10k|test)[-.](images|labels)[-.]idx[13][-.]ubyte(?:\.gz)?$`)

// findIDX returns the sets of IDX files in a folder, whole or not, by the prefix
// of their names, "" where they have none. A plain file is preferred to a
// compressed one.
func findIDX(dir string) (map[string]*idxSet, error) {
	if !isDir(dir) {
		return nil, nil
	}
	entries, err := os.ReadDir(dir) // in alphabetical order, so that .gz comes last
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	sets := map[string]*idxSet{}
	for _, e := range entries {
		match := idxName.FindStringSubmatch(e.Name())
		if match == nil {
			continue
		}
		prefix := match[1]
		if sets[prefix] == nil {
			sets[prefix] = &idxSet{}
		}
		if file := sets[prefix].file(match[2], match[3]); *file == "" {
			*file = filepath.Join(dir, e.Name())
		}
	}
	for prefix, s := range sets {
		s.missing = s.lacks(dir, prefix)
	}
	return sets, nil
}

// lacks returns the paths of the files that were not found, called as MNIST's
// are, or with a prefix as EMNIST's.
func (s *idxSet) lacks(dir, prefix string) (paths []string) {
	test := "t10k"
	if prefix != "" {
		prefix, test = prefix+"-", "test"
	}
	for _, half := range []string{"train", test} {
		for content, ending := range map[string]string{"images": "-images-idx3-ubyte", "labels": "-labels-idx1-ubyte"} {
			if *s.file(half, content) == "" {
				paths = append(paths, filepath.Join(dir, prefix+half+ending))
			}
		}
	}
	slices.Sort(paths)
	return paths
}

// file is where the path of one of the four files is kept.
func (s *idxSet) file(half, content string) *string {
	h := &s.test
	if half == "train" {
		h = &s.train
	}
	if content == "labels" {
		return &h.labels
	}
	return &h.images
}

// idxFolder returns the set of IDX files that a path means: those in the folder
// or in raw/ below it, as torchvision leaves them, or, where it is no folder,
// those in its parent that start with its last element: gzip/emnist-letters.
// It is nil where there is none.
func idxFolder(path string) (*idxSet, error) {
	dir, prefix := path, ""
	if !isDir(path) {
		dir, prefix = filepath.Split(path)
		dir = filepath.Clean(dir)
	}
	for _, d := range []string{dir, filepath.Join(dir, "raw")} {
		sets, err := findIDX(d)
		if err != nil {
			return nil, err
		}
		if set, err := choose(sets, path, prefix); set != nil || err != nil {
			return set, err
		}
	}
	return nil, nil
}

// choose takes the set with the prefix, or the only whole one where none is
// asked for.
func choose(sets map[string]*idxSet, path, prefix string) (*idxSet, error) {
	prefixes := slices.Sorted(maps.Keys(sets))
	whole := slices.DeleteFunc(slices.Clone(prefixes), func(p string) bool { return len(sets[p].missing) > 0 })
	switch {
	case slices.Contains(whole, prefix):
	case prefix == "" && len(whole) > 1:
		return nil, fmt.Errorf("data: %s holds several datasets: name one of %s", path, filepath.Join(path, "{"+strings.Join(whole, ",")+"}"))
	case prefix == "" && len(whole) == 1:
		prefix = whole[0]
	case prefix == "" && len(prefixes) > 0:
		prefix = prefixes[0]
	}
	set := sets[prefix]
	if set == nil {
		return nil, nil
	}
	if len(set.missing) > 0 {
		return nil, fmt.Errorf("data: %s: wanted four IDX files, plain or compressed, found none called %s", path, strings.Join(set.missing, ", "))
	}
	set.name = folderName(path)
	return set, nil
}

// load reads both halves. Classes are counted from 0 to the largest label of
// the training set, as torchvision counts them.
func (s *idxSet) load() (train, test *Dataset, err error) {
	var g errgroup.Group
	g.Go(func() (err error) { train, err = s.read(s.train, s.trainN); return err })
	g.Go(func() (err error) { test, err = s.read(s.test, s.testN); return err })
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	if train.Height != test.Height || train.Width != test.Width {
		return nil, nil, fmt.Errorf("data: %s: training images are %d×%d, test images %d×%d", s.name, train.Height, train.Width, test.Height, test.Width)
	}
	names := s.classNames
	if names == nil {
		names = numbered(1 + int(slices.Max(train.Labels)))
	}
	for _, d := range []*Dataset{train, test} {
		d.Classes, d.ClassNames, d.Mean, d.Std = len(names), names, s.mean, s.std
	}
	if s.mean == nil {
		measured(train, test)
	}
	if err := train.check(); err != nil {
		return nil, nil, err
	}
	return train, test, test.check()
}

// numbered names n classes by their numbers.
func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	return names
}

// read reads one half; n is the number of images to be there, 0: any.
func (s *idxSet) read(h idxHalf, n int) (*Dataset, error) {
	shape, images, err := readIDX(h.images, 3)
	if err != nil {
		return nil, err
	}
	count, labels, err := readIDX(h.labels, 1)
	if err != nil {
		return nil, err
	}
	switch {
	case len(images) == 0:
		return nil, fmt.Errorf("data: %s: wanted images, found %v", h.images, shape)
	case count[0] != shape[0]:
		return nil, fmt.Errorf("data: %s: wanted a label for each of %d images, found %d", h.labels, shape[0], count[0])
	case n > 0 && shape[0] != n:
		return nil, fmt.Errorf("data: %s: wanted the %d images of %s, found %d", h.images, n, s.name, shape[0])
	}
	return &Dataset{Name: s.name, Channels: 1, Height: shape[1], Width: shape[2], Images: images, Labels: labels}, nil
}
