package data

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"
)

// An imageFolder is a folder of pictures, sorted into train/ and test/, or
// val/ where there is no test/, and below these by class, as for torchvision's
// ImageFolder.
type imageFolder struct{ name, train, test string }

// findImageFolder looks for the folders, not for what is in them.
func findImageFolder(dir string) (f imageFolder, ok bool) {
	f = imageFolder{folderName(dir), filepath.Join(dir, "train"), filepath.Join(dir, "test")}
	if !isDir(f.test) {
		f.test = filepath.Join(dir, "val")
	}
	return f, isDir(f.train) && isDir(f.test)
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// maxClasses is how many classes a label of one byte tells apart.
const maxClasses = 256

// load reads both sets. The classes are the folders of train/, by name; the
// normalisation is that of the training images' pixels.
func (f imageFolder) load(ctx context.Context, s Source) (train, test *Dataset, err error) {
	classes, err := folders(f.train)
	if err != nil {
		return nil, nil, err
	}
	if len(classes) == 0 || len(classes) > maxClasses {
		return nil, nil, fmt.Errorf("data: %s: wanted a folder for each of 1 to %d classes, found %d", f.train, maxClasses, len(classes))
	}
	trainSet, err := f.list(ctx, f.train, classes)
	if err != nil {
		return nil, nil, err
	}
	testSet, err := f.list(ctx, f.test, classes)
	if err != nil {
		return nil, nil, err
	}
	shape, err := s.shapeOf(slices.Concat(trainSet.pictures, testSet.pictures))
	if err != nil {
		return nil, nil, err
	}
	if train, err = trainSet.read(ctx, f.name, classes, shape); err != nil {
		return nil, nil, err
	}
	if test, err = testSet.read(ctx, f.name, classes, shape); err != nil {
		return nil, nil, err
	}
	measured(train, test)
	return train, test, nil
}

// list inspects the pictures of one half, class after class.
func (f imageFolder) list(ctx context.Context, dir string, classes []string) (pictureSet, error) {
	names, err := folders(dir)
	if err != nil {
		return pictureSet{}, err
	}
	if len(names) == 0 {
		return pictureSet{}, fmt.Errorf("data: %s: wanted a folder of PNG or JPEG files for each class, found none", dir)
	}
	var set pictureSet
	for _, name := range names {
		folder := filepath.Join(dir, name)
		label := slices.Index(classes, name)
		if label < 0 {
			return pictureSet{}, fmt.Errorf("data: %s: wanted the classes of %s, found another", folder, f.train)
		}
		paths, err := picturesBelow(folder)
		if err != nil {
			return pictureSet{}, err
		}
		if len(paths) == 0 {
			return pictureSet{}, fmt.Errorf("data: %s: wanted PNG or JPEG files of the class, found none", folder)
		}
		set.paths = append(set.paths, paths...)
		set.labels = append(set.labels, slices.Repeat([]uint8{uint8(label)}, len(paths))...)
	}
	return set, set.inspect(ctx)
}

// loadPictures reads every picture below a folder as an image without a label.
func (s Source) loadPictures(ctx context.Context) (*Dataset, error) {
	paths, err := picturesBelow(s.Name)
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("data: %s: wanted PNG or JPEG files, found none", s.Name)
	}
	set := pictureSet{paths: paths}
	if err := set.inspect(ctx); err != nil {
		return nil, err
	}
	shape, err := s.shapeOf(set.pictures)
	if err != nil {
		return nil, err
	}
	d, err := set.read(ctx, folderName(s.Name), nil, shape)
	if err == nil {
		measured(d, d)
	}
	return d, err
}

// A pictureSet is files of pictures, with labels or without.
type pictureSet struct {
	paths    []string
	labels   []uint8
	pictures []picture
}

// inspect reads the headers.
func (s *pictureSet) inspect(ctx context.Context) error {
	s.pictures = make([]picture, len(s.paths))
	return inParallel(ctx, len(s.paths), func(i int) (err error) {
		s.pictures[i], err = inspect(s.paths[i])
		return err
	})
}

// A shape is that of an image, C×H×W.
type shape struct{ channels, height, width int }

// shapeOf is the shape that pictures are read in: that of all of them, unless s
// says another.
func (s Source) shapeOf(all []picture) (shape, error) {
	first := all[0]
	to := shape{s.Channels, first.height, first.width}
	if s.Channels == 0 {
		to.channels = 3
		if !slices.ContainsFunc(all, func(p picture) bool { return !p.grey }) {
			to.channels = 1
		}
	}
	if s.Size > 0 {
		to.height, to.width = s.Size, s.Size
		return to, nil
	}
	for _, p := range all {
		if p.width != first.width || p.height != first.height {
			return to, fmt.Errorf("data: %s is %d×%d pixels, %s %d×%d: images of different sizes want --size, to which they are resized",
				first.path, first.width, first.height, p.path, p.width, p.height)
		}
	}
	if max(to.height, to.width) > maxSide {
		return to, fmt.Errorf("data: %s is %d×%d pixels, wanted at most %d a side: resize them with --size", first.path, to.width, to.height, maxSide)
	}
	return to, nil
}

// read decodes the pictures.
func (s *pictureSet) read(ctx context.Context, name string, classes []string, to shape) (*Dataset, error) {
	d := &Dataset{
		Name: name, Channels: to.channels, Height: to.height, Width: to.width,
		Classes: len(classes), ClassNames: classes, Labels: s.labels,
	}
	if err := d.allocate(len(s.pictures)); err != nil {
		return nil, err
	}
	return d, inParallel(ctx, len(s.pictures), func(i int) error {
		img, err := s.pictures[i].decode()
		if err != nil {
			return err
		}
		if to.height != img.Rect.Dy() || to.width != img.Rect.Dx() {
			img = resize(img, to.height)
		}
		split(img, to.channels, d.Image(i))
		return nil
	})
}

// inParallel calls f for 0 … n−1, until one fails or ctx ends, and returns
// the first error.
func inParallel(ctx context.Context, n int, f func(i int) error) error {
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	const share = 64
	for first := 0; first < n; first += share {
		g.Go(func() error {
			for i := first; i < min(first+share, n); i++ {
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := f(i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}
