package checkpoint

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/nlpodyssey/safetensors"

	"otfusion/models"
)

// The keys of a file's metadata that are ours or PyTorch's; the others are the
// model's Meta.
const (
	metaArch   = "otfusion.arch"
	metaFormat = "format"
)

// maxHeader bounds the header, whose decoding takes several times its size.
const maxHeader = 16 << 20

// writeSafetensors writes the parameters as F32, with the Arch and the Meta in
// the file's metadata.
func writeSafetensors(w io.Writer, m *models.Model) error {
	meta, err := metadata(m)
	if err != nil {
		return err
	}
	return serialize(w, m.Params, meta)
}

// metadata is what a file says beside the parameters: the Meta and the Arch.
func metadata(m *models.Model) (map[string]string, error) {
	arch, err := json.Marshal(m.Arch)
	if err != nil {
		return nil, err
	}
	meta := map[string]string{}
	for key, value := range m.Meta {
		if !utf8.ValidString(key) || !utf8.ValidString(value) {
			return nil, fmt.Errorf("metadata %q is not UTF-8", key)
		}
		meta[key] = value
	}
	meta[metaArch], meta[metaFormat] = string(arch), "pt"
	return meta, nil
}

func serialize(w io.Writer, tensors map[string]models.Tensor, meta map[string]string) error {
	views := map[string]view{}
	for name, t := range tensors {
		views[name] = view{t}
	}
	return safetensors.SerializeToWriter(views, meta, w)
}

// view shows a tensor to the safetensors library.
type view struct{ models.Tensor }

func (v view) DType() safetensors.DType { return safetensors.F32 }
func (v view) DataLen() uint64          { return 4 * uint64(len(v.Tensor.Data)) }
func (v view) Data() []byte             { return encode(v.Tensor.Data) }

func (v view) Shape() []uint64 {
	shape := make([]uint64, len(v.Tensor.Shape))
	for i, d := range v.Tensor.Shape {
		shape[i] = uint64(d)
	}
	return shape
}

// readSafetensors reads a file of that size. The library decodes the header;
// its Deserialize is not used, because it wants the whole file in memory twice
// and lets a duplicate key pass. Here sizes are checked against the file's
// before memory is asked for, and tensors are read one by one.
func readSafetensors(r io.ReaderAt, size int64) (*contents, error) {
	header, err := readHeader(r, size)
	if err != nil {
		return nil, err
	}
	const levels = 3 // header, tensor, shape
	if err := uniqueKeys(json.NewDecoder(bytes.NewReader(header)), levels); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	var decoded safetensors.Metadata
	if err := json.Unmarshal(header, &decoded); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	start := int64(8 + len(header))
	infos := decoded.Tensors()
	if err := checkLayout(infos, uint64(size-start)); err != nil {
		return nil, err
	}
	c := &contents{params: map[string]models.Tensor{}}
	for _, name := range slices.SortedFunc(maps.Keys(infos), naturalOrder) {
		if !wanted(name) {
			continue
		}
		t, err := readTensor(r, start, infos[name])
		if err != nil {
			return nil, fmt.Errorf("parameter %s: %w", name, err)
		}
		c.add(name, t)
	}
	return c, c.takeMeta(decoded.Metadata())
}

// takeMeta sorts the file's metadata into Arch and Meta.
func (c *contents) takeMeta(meta map[string]string) error {
	c.meta = map[string]string{}
	maps.Copy(c.meta, meta)
	delete(c.meta, metaArch)
	delete(c.meta, metaFormat)
	text, ok := meta[metaArch]
	if !ok {
		return nil
	}
	arch, err := parseArch([]byte(text))
	if err != nil {
		return fmt.Errorf("arch in the metadata: %w", err)
	}
	c.arch = arch
	return nil
}

// readHeader reads the JSON that describes the tensors.
func readHeader(r io.ReaderAt, size int64) ([]byte, error) {
	var length [8]byte
	if size < int64(len(length)) {
		return nil, fmt.Errorf("no room for a header in %d bytes", size)
	}
	if _, err := r.ReadAt(length[:], 0); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > uint64(size-8) || n > maxHeader {
		return nil, fmt.Errorf("the header says it has %d bytes, of a file of %d and at most %d", n, size, maxHeader)
	}
	header := make([]byte, n)
	if _, err := r.ReadAt(header, 8); err != nil {
		return nil, err
	}
	return header, nil
}

// uniqueKeys refuses an object that has a key twice, which JSON allows and
// readers resolve differently. It reads one value, nested up to a depth.
func uniqueKeys(d *json.Decoder, depth int) error {
	token, err := d.Token()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	open, nested := token.(json.Delim)
	if err != nil || !nested {
		return err
	}
	if depth == 0 {
		return fmt.Errorf("values are nested too deep")
	}
	seen := map[json.Token]bool{}
	for d.More() {
		if open == '{' {
			key, err := d.Token()
			if err != nil {
				return err
			}
			if seen[key] {
				return fmt.Errorf("key %q appears twice", key)
			}
			seen[key] = true
		}
		if err := uniqueKeys(d, depth-1); err != nil {
			return err
		}
	}
	_, err = d.Token() // the closing one
	return err
}

// checkLayout verifies that the tensors fill the data without gap or overlap,
// and that each has the bytes of its shape.
func checkLayout(infos map[string]*safetensors.TensorInfo, size uint64) error {
	names := slices.SortedFunc(maps.Keys(infos), func(a, b string) int {
		x, y := infos[a].DataOffsets, infos[b].DataOffsets
		return cmp.Or(cmp.Compare(x[0], y[0]), cmp.Compare(x[1], y[1]))
	})
	end := uint64(0)
	for _, name := range names {
		info := infos[name]
		begin, stop := info.DataOffsets[0], info.DataOffsets[1]
		if stop > size {
			return fmt.Errorf("parameter %s: lies at bytes %d to %d of %d: the file is cut", name, begin, stop, size)
		}
		if begin != end || stop < begin {
			return fmt.Errorf("parameter %s: lies at bytes %d to %d, wanted it to start at %d of %d", name, begin, stop, end, size)
		}
		if n, ok := bytesOf(info); !ok || n != stop-begin {
			return fmt.Errorf("parameter %s: %d bytes are not %v of %s", name, stop-begin, info.Shape, info.DType)
		}
		end = stop
	}
	if end != size {
		return fmt.Errorf("the parameters end at byte %d of %d: the file is cut or has something behind them", end, size)
	}
	return nil
}

// bytesOf is the size of a tensor, not ok where no tensor has that shape.
func bytesOf(info *safetensors.TensorInfo) (n uint64, ok bool) {
	n = 1
	for _, d := range info.Shape {
		if d >= maxLen {
			return 0, false
		}
		if n *= d; n >= maxLen {
			return 0, false
		}
	}
	return n * info.DType.Size(), true
}

func readTensor(r io.ReaderAt, start int64, info *safetensors.TensorInfo) (models.Tensor, error) {
	kind := dtype(info.DType.String())
	if kind.size() == 0 {
		return models.Tensor{}, fmt.Errorf("values are %s, wanted F32, F16, BF16 or F64", kind)
	}
	raw := make([]byte, info.DataOffsets[1]-info.DataOffsets[0])
	if _, err := r.ReadAt(raw, start+int64(info.DataOffsets[0])); err != nil {
		return models.Tensor{}, err
	}
	shape := make([]int, len(info.Shape))
	for i, d := range info.Shape {
		shape[i] = int(d)
	}
	return models.Tensor{Shape: shape, Data: kind.decode(raw)}, nil
}
