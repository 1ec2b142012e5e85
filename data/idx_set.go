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
}

// An idxHalf is the paths of the images and the labels.
type idxHalf struct{ images, labels string }

func (h idxHalf) whole() bool { return h.images != "" && h.labels != "" }

// idxName is how the files are called: train-images-idx3-ubyte.gz,
// t10k-labels.idx1-ubyte, emnist-letters-test-images-idx3-ubyte.gz.
var idxName = regexp.MustCompile(`^(?:(.+)-)?(train|t10k|test)[-.](images|labels)[-.]idx[13][-.]ubyte(?:\.gz)?$`)

// findIDX returns the sets of IDX files in a folder, by the prefix of their
// names, "" where they have none. A plain file is preferred to a compressed one.
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
	maps.DeleteFunc(sets, func(_ string, s *idxSet) bool { return !s.train.whole() || !s.test.whole() })
	return sets, nil
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

// choose takes the set with the prefix, or the only one where none is asked for.
func choose(sets map[string]*idxSet, path, prefix string) (*idxSet, error) {
	set := sets[prefix]
	prefixes := slices.Sorted(maps.Keys(sets))
	if set == nil && prefix == "" && len(prefixes) > 0 {
		if len(prefixes) > 1 {
			return nil, fmt.Errorf("data: %s holds several datasets: name one of %s", path, filepath.Join(path, "{"+strings.Join(prefixes, ",")+"}"))
		}
		set = sets[prefixes[0]]
	}
	if set != nil {
		set.name = folderName(path)
	}
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
