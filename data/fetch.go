package data

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// An archive is a .tar.gz at an address, with its MD5 sum as published there.
type archive struct{ url, md5 string }

// Fetch downloads the named dataset from its official address into dir (empty
// means [DefaultDir]), checks it, and unpacks the files that [Load] reads. It
// does nothing where they already lie in dir, and for MNIST. An interrupted download
// is resumed by the next call. progress, if not nil, is told the bytes done
// and their total, −1 if unknown. Without network the error says how to use a
// local copy instead. Two processes must not fetch into one folder at a time.
func Fetch(ctx context.Context, name, dir string, progress func(done, total int64)) error {
	if name == "mnist" {
		return nil
	}
	dir, err := orDefault(dir)
	if err != nil {
		return err
	}
	d := downloader{stall: time.Minute, progress: progress}
	if name == fashionName {
		return fetchFiles(ctx, name, filepath.Join(dir, fashionName), fashionFiles(), d)
	}
	layout, err := layoutOf(name)
	if err != nil {
		return err
	}
	return layout.fetch(ctx, dir, d)
}

func (l cifarLayout) fetch(ctx context.Context, dir string, d downloader) error {
	if l.whole(l.locate(dir)) {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("data: fetch %s: %w", l.name, err)
	}
	part := filepath.Join(dir, "."+l.folder+".tar.gz.part")
	if err := d.download(ctx, l.archive.url, part); err != nil {
		return fetchError(l.name, l.archive.url, l.folder, err)
	}
	if err := checkMD5(part, l.archive.md5); err != nil {
		return errors.Join(fetchError(l.name, l.archive.url, l.folder, err), os.Remove(part))
	}
	if err := l.unpack(part, dir); err != nil {
		return fmt.Errorf("data: fetch %s: %w", l.name, err)
	}
	return os.Remove(part)
}

// fetchError adds to err what the user can do about it; folder is what a copy
// of the dataset is called.
func fetchError(name, url, folder string, err error) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, errInterrupted):
		return fmt.Errorf("data: fetch %s: %s: %w; fetch again to resume", name, url, err)
	case errors.Is(err, errUnreachable):
		return fmt.Errorf("data: fetch %s: %s: %w; without network, give --data-dir (or OTFUSION_DATA) a folder that holds a copy of %s",
			name, url, err, folder)
	}
	return fmt.Errorf("data: fetch %s: %s: %w", name, url, err)
}

func checkMD5(path, want string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := md5.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		return fmt.Errorf("wanted MD5 %s, found %s; the download is discarded", want, got)
	}
	return nil
}

// unpack moves the batch files of the archive at path to l.folder in dir. They
// are complete and synced before the first of them gets its name.
func (l cifarLayout) unpack(path, dir string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	staging := filepath.Join(dir, "."+l.folder+".unpacking")
	if err := os.RemoveAll(staging); err != nil { // what a killed run left
		return err
	}
	if err := os.Mkdir(staging, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(staging)
	sizes := map[string]int64{}
	for _, b := range l.files() {
		sizes[b.name] = l.fileSize(b)
	}
	if err := untar(f, l.folder, sizes, staging); err != nil {
		return err
	}
	folder := filepath.Join(dir, l.folder)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for name := range sizes {
		if err := os.Rename(filepath.Join(staging, name), filepath.Join(folder, name)); err != nil {
			return err
		}
	}
	return nil
}
