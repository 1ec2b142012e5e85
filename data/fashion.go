package data

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Fashion-MNIST (Xiao et al. 2017, https://github.com/zalandoresearch/fashion-mnist):
// 28×28 grey images of clothes, as many as MNIST has.
const fashionName = "fashion-mnist"

// debianFashion is where Debian's package dataset-fashion-mnist puts the files.
const debianFashion = "/usr/share/datasets/fashion-mnist"

// fashionFiles are the four files as published, with their MD5 sums.
func fashionFiles() []publishedFile {
	const site = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
	return []publishedFile{
		{site, "train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"},
		{site, "train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"},
		{site, "t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"},
		{site, "t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"},
	}
}

// A publishedFile is a file at site+name.
type publishedFile struct{ site, name, md5 string }

// loadFashion reads Fashion-MNIST from dir, where fetch leaves it, torchvision's
// folder in dir, or Debian's package.
func loadFashion(dir string) (train, test *Dataset, err error) {
	set, err := findFashion(dir, debianFashion)
	if err != nil {
		return nil, nil, err
	}
	return set.load()
}

// findFashion returns the first whole set of files.
func findFashion(dir, system string) (*idxSet, error) {
	for _, d := range []string{filepath.Join(dir, fashionName), filepath.Join(dir, "FashionMNIST", "raw"), system} {
		sets, err := findIDX(d)
		if err != nil {
			return nil, err
		}
		if set := sets[""]; set != nil && len(set.missing) == 0 {
			set.name, set.classNames = fashionName, fashionClasses()
			set.mean, set.std = []float32{0.2860}, []float32{0.3530}
			set.trainN, set.testN = 60000, 10000
			return set, nil
		}
	}
	return nil, fmt.Errorf("data: %s: wanted its four IDX files in %s, found them neither there nor in %s; "+
		"fetch them with \"otfusion data fetch %s\", or install Debian's package dataset-fashion-mnist",
		fashionName, filepath.Join(dir, fashionName), system, fashionName)
}

func fashionClasses() []string {
	return []string{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"}
}

// fetchFiles downloads those of the files that are not in the folder, one after
// the other.
func fetchFiles(ctx context.Context, name, folder string, files []publishedFile, d downloader) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("data: fetch %s: %w", name, err)
	}
	for _, f := range files {
		if err := f.fetch(ctx, folder, d); err != nil {
			return fetchError(name, f.site+f.name, folder, err)
		}
	}
	return nil
}

// fetch downloads a file, unless it is there, and checks its sum before it gets
// its name.
func (f publishedFile) fetch(ctx context.Context, folder string, d downloader) error {
	target, part := filepath.Join(folder, f.name), filepath.Join(folder, "."+f.name+".part")
	if _, err := os.Stat(target); err == nil {
		return nil
	}
	if err := d.download(ctx, f.site+f.name, part); err != nil {
		return err
	}
	if err := checkMD5(part, f.md5); err != nil {
		return errors.Join(err, os.Remove(part))
	}
	return os.Rename(part, target)
}
