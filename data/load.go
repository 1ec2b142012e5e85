package data

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Names lists the datasets that [Load] knows by name.
func Names() []string { return []string{"mnist", fashionName, "cifar10", "cifar100"} }

// A Source says which dataset to load, and how.
type Source struct {
	Name     string // one of [Names], or the path of a folder
	Dir      string // where the named datasets lie; empty: [DefaultDir]
	Size     int    // images are resized to Size×Size; 0: they keep their size
	Channels int    // 1: images become grey, 3: colour, 0: they stay as they are; pictures in a folder become grey if all of them are
}

// Load returns the training and test set of the named dataset, as
// [Source.Load] does.
func Load(name, dir string) (train, test *Dataset, err error) {
	return Source{Name: name, Dir: dir}.Load(context.Background())
}

// Load returns a training and a test set. MNIST is inside the binary.
// Fashion-MNIST is read from dir/fashion-mnist, CIFAR from its folder in dir, or
// from dir itself, in the binary or the Python version. A folder has
//   - train/ and test/ (or val/), with a folder of PNG and JPEG files for each
//     class, as for torchvision's ImageFolder,
//   - or the four IDX files of a relative of MNIST,
//   - or a version of CIFAR.
//
// A name that is neither known nor a folder's is an [UnknownError]. A file that
// is missing or not what it should be is an error that says what was wanted and
// found. It is ctx.Err() where ctx ends first.
func (s Source) Load(ctx context.Context) (train, test *Dataset, err error) {
	load, err := s.loader()
	if err != nil {
		return nil, nil, err
	}
	if train, test, err = load(ctx); err != nil {
		return nil, nil, err
	}
	if train, err = train.shaped(ctx, s.Channels, s.Size); err != nil {
		return nil, nil, err
	}
	if test, err = test.shaped(ctx, s.Channels, s.Size); err != nil {
		return nil, nil, err
	}
	test.Mean, test.Std = train.Mean, train.Std // where they had to be measured
	return train, test, nil
}

// LoadUnlabelled returns images without labels: the training images of a
// dataset, or every PNG and JPEG file below a folder that holds none.
func (s Source) LoadUnlabelled(ctx context.Context) (*Dataset, error) {
	load, err := s.loader()
	if err == nil {
		train, _, err := load(ctx)
		if err != nil {
			return nil, err
		}
		if train, err = train.shaped(ctx, s.Channels, s.Size); err != nil {
			return nil, err
		}
		return train.Unlabelled(), nil
	}
	if _, none := errors.AsType[*noDatasetError](err); !none {
		return nil, err
	}
	return s.loadPictures(ctx)
}

// LoadImages is [Source.Load], but takes a folder of pictures without classes
// too: its images have no labels, and there is no test set.
func (s Source) LoadImages(ctx context.Context) (train, test *Dataset, err error) {
	_, err = s.loader()
	if _, none := errors.AsType[*noDatasetError](err); none {
		train, err = s.loadPictures(ctx)
		return train, nil, err
	}
	return s.Load(ctx)
}

// A loader reads a training and a test set.
type loader func(ctx context.Context) (train, test *Dataset, err error)

// loader finds out what s is, and reads no images yet.
func (s Source) loader() (loader, error) {
	if s.Size < 0 || s.Size > maxSide {
		return nil, fmt.Errorf("data: wanted images of 1 to %d pixels a side, found %d", maxSide, s.Size)
	}
	if !slices.Contains(Names(), s.Name) {
		return s.folderLoader()
	}
	if s.Name == "mnist" {
		return func(context.Context) (train, test *Dataset, err error) { return loadMNIST() }, nil
	}
	dir, err := orDefault(s.Dir)
	if err != nil {
		return nil, err
	}
	if s.Name == fashionName {
		return func(context.Context) (train, test *Dataset, err error) { return loadFashion(dir) }, nil
	}
	layout, err := layoutOf(s.Name)
	return func(ctx context.Context) (train, test *Dataset, err error) { return layout.load(ctx, dir) }, err
}

// folderLoader finds out what kind of dataset a folder holds.
func (s Source) folderLoader() (loader, error) {
	if f, ok := findImageFolder(s.Name); ok {
		return func(ctx context.Context) (train, test *Dataset, err error) { return f.load(ctx, s) }, nil
	}
	if set, err := idxFolder(s.Name); err != nil || set != nil {
		return func(context.Context) (train, test *Dataset, err error) { return set.load() }, err
	}
	for _, l := range []cifarLayout{cifar10(), cifar100()} {
		if l.there(s.Name) || l.python.locate(s.Name) != "" {
			return func(ctx context.Context) (train, test *Dataset, err error) { return l.load(ctx, s.Name) }, nil
		}
	}
	info, err := os.Stat(s.Name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !strings.ContainsRune(s.Name, filepath.Separator):
		return nil, &UnknownError{s.Name}
	case err != nil:
		return nil, fmt.Errorf("data: dataset: %w", err)
	case !info.IsDir():
		return nil, fmt.Errorf("data: dataset: %s: wanted a folder, found a file; unpack it if it is an archive", s.Name)
	}
	return nil, &noDatasetError{s.Name, archiveIn(s.Name)}
}

// An UnknownError is the name of no dataset.
type UnknownError struct{ Name string }

func (e *UnknownError) Error() string {
	return fmt.Sprintf("data: dataset: wanted one of %s, or a folder, found %q", strings.Join(Names(), ", "), e.Name)
}

// A noDatasetError is a folder that holds no dataset.
type noDatasetError struct{ folder, archive string }

func (e *noDatasetError) Error() string {
	if e.archive != "" {
		return fmt.Sprintf("data: dataset: %s holds the archive %s: unpack it first", e.folder, e.archive)
	}
	return fmt.Sprintf("data: dataset: %s: wanted train/ and test/ (or val/) with a folder for each class, MNIST's four IDX files, or %s, found none of them",
		e.folder, cifar10Python().folder)
}

// archiveIn names an archive in a folder, "" where there is none.
func archiveIn(dir string) string {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		for _, ending := range []string{".tar.gz", ".tgz", ".tar", ".zip"} {
			if strings.HasSuffix(e.Name(), ending) {
				return e.Name()
			}
		}
	}
	return ""
}

// folderName is what a dataset in a folder is called: the folder's name, or its
// parent's where torchvision called it raw.
func folderName(path string) string {
	if full, err := filepath.Abs(path); err == nil {
		path = full
	}
	if name := filepath.Base(path); name != "raw" {
		return name
	}
	return filepath.Base(filepath.Dir(path))
}

// DefaultDir returns where datasets lie: $OTFUSION_DATA if set, else otfusion
// in the user's cache folder ($XDG_CACHE_HOME on Linux).
func DefaultDir() (string, error) {
	if dir := os.Getenv("OTFUSION_DATA"); dir != "" {
		return dir, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("data: no default data folder, set OTFUSION_DATA: %w", err)
	}
	return filepath.Join(cache, "otfusion"), nil
}

func orDefault(dir string) (string, error) {
	if dir != "" {
		return dir, nil
	}
	return DefaultDir()
}
