package checkpoint

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"strings"
)

// torchExtra is the record of a zip checkpoint that holds what safetensors
// holds as metadata; PyTorch passes over it.
const torchExtra = "extra/otfusion.json"

// readTorchZip reads the format of torch.save since version 1.6: a zip archive
// with a pickle, and each storage in a record of its own.
func readTorchZip(r io.ReaderAt, size int64, key string) (*contents, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("a PyTorch checkpoint that is cut, at %d bytes: its end is missing (%w); download or copy it again", size, err)
	}
	records, err := torchRecords(archive)
	if err != nil {
		return nil, err
	}
	f := newTorchFile(size)
	f.fetch = func(s *torchStorage) ([]byte, error) { return records.storage(s) }
	object, err := records.object(f)
	if err != nil {
		return nil, err
	}
	c, err := f.contents(object, key)
	if err != nil || records[torchExtra] == nil {
		return c, err
	}
	return c, records.takeMeta(c)
}

// zipRecords are a checkpoint's records by name, without the folder that they
// all lie in.
type zipRecords map[string]*zip.File

func torchRecords(archive *zip.Reader) (zipRecords, error) {
	const object = "data.pkl"
	folder := ""
	for _, f := range archive.File {
		if before, ok := strings.CutSuffix(f.Name, "/"+object); ok {
			folder = before + "/"
		}
	}
	records := zipRecords{}
	for _, f := range archive.File {
		name, inside := strings.CutPrefix(f.Name, folder)
		if records[name] != nil {
			return nil, fmt.Errorf("record %q appears twice", name)
		}
		if inside {
			records[name] = f
		}
	}
	switch {
	case records["constants.pkl"] != nil || records["model.json"] != nil:
		return nil, fmt.Errorf("a TorchScript archive, which holds code; load it with torch.jit.load and %s", remedy)
	case records[object] == nil:
		return nil, foreignZip(archive)
	}
	return records, nil
}

// foreignZip names the likely cause of an archive that PyTorch did not write.
func foreignZip(archive *zip.Reader) error {
	for _, f := range archive.File {
		switch path.Ext(f.Name) {
		case ".npy":
			return fmt.Errorf("NumPy arrays (.npz); make tensors of them by their names and %s", remedy)
		case ".h5", ".keras":
			return fmt.Errorf("a Keras model; load it there, copy the weights into a PyTorch module, and %s", remedy)
		case ".pt", ".pth", ".ckpt", ".safetensors", ".bin":
			return fmt.Errorf("a zip archive with %q in it; unpack it first", f.Name)
		}
	}
	return fmt.Errorf("a zip archive without PyTorch's data.pkl")
}

// object is what the archive's pickle builds.
func (z zipRecords) object(f *torchFile) (any, error) {
	if z["byteorder"] != nil {
		order, err := z.read("byteorder", 16)
		if err != nil {
			return nil, err
		}
		if string(order) != "little" {
			return nil, fmt.Errorf("byte order %q, wanted \"little\"", order)
		}
	}
	raw, err := z.read("data.pkl", maxPickle)
	if err != nil {
		return nil, err
	}
	p, err := readPickle(bufio.NewReader(bytes.NewReader(raw)))
	if err != nil {
		return nil, err
	}
	return unpickle(p, f.storage)
}

func (z zipRecords) storage(s *torchStorage) ([]byte, error) {
	raw, err := z.read("data/"+s.key, s.bytes())
	if err == nil && int64(len(raw)) != s.bytes() {
		err = fmt.Errorf("wanted %d bytes, found %d", s.bytes(), len(raw))
	}
	return raw, err
}

func (z zipRecords) takeMeta(c *contents) error {
	raw, err := z.read(torchExtra, maxHeader)
	if err != nil {
		return err
	}
	var meta map[string]string
	if err := json.Unmarshal(raw, &meta); err != nil {
		return fmt.Errorf("%s: %w", torchExtra, err)
	}
	return c.takeMeta(meta)
}

// read returns a record of at most so many bytes, and checks its CRC. PyTorch
// stores records as they are; one that is compressed is refused, since it can
// be far larger than the file.
func (z zipRecords) read(name string, most int64) ([]byte, error) {
	f := z[name]
	switch {
	case f == nil:
		return nil, fmt.Errorf("record %q is missing", name)
	case f.Method != zip.Store || f.UncompressedSize64 != f.CompressedSize64:
		return nil, fmt.Errorf("record %q is compressed, which PyTorch does not do; load it in Python and %s", name, remedy)
	case f.UncompressedSize64 > uint64(most):
		return nil, fmt.Errorf("record %q has %d bytes, wanted at most %d", name, f.UncompressedSize64, most)
	}
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("record %q: %w", name, err)
	}
	defer r.Close()
	var raw bytes.Buffer
	raw.Grow(int(f.UncompressedSize64) + bytes.MinRead)
	if _, err := raw.ReadFrom(r); err != nil {
		return nil, fmt.Errorf("record %q: %w", name, err)
	}
	return raw.Bytes(), nil
}
