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

// safetensorsWriterOf gives what writes a model with the Arch and the Meta in
// the file's metadata.
func safetensorsWriterOf(m *models.Model) (writerFunc, error) {
	meta, err := metadata(m)
	if err != nil {
		return nil, err
	}
	d, err := precision(m)
	if err != nil {
		return nil, err
	}
	return func(w io.Writer) error { return serialize(w, m.Params, d, meta) }, nil
}

// metadata is what a file says beside the parameters: the Meta and the Arch.
func metadata(m *models.Model) (map[string]string, error) {
	arch, err := json.Marshal(m.Arch)
	if err != nil {
		return nil, err
	}
	if len(arch) > maxArchFile {
		return nil, fmt.Errorf("an architecture has at most %d bytes in JSON, this one has %d", maxArchFile, len(arch))
	}
	meta := map[string]string{}
	for key, value := range m.Meta {
		if !utf8.ValidString(key) || !utf8.ValidString(value) {
			return nil, fmt.Errorf("metadata %q is not UTF-8", key)
		}
		meta[key] = value
	}
	for _, ofFile := range []string{MetaUnused, MetaDType, metaDigest} {
		delete(meta, ofFile)
	}
	meta[metaArch], meta[metaFormat] = string(arch), "pt"
	return meta, nil
}

// serialize writes tensors and metadata with their digest.
func serialize(w io.Writer, tensors map[string]models.Tensor, d DType, meta map[string]string) error {
	views := map[string]tensorView{}
	for name, t := range tensors {
		views[name] = tensorView{t, d}
	}
	signed, err := sign(views, meta)
	if err != nil {
		return err
	}
	return safetensors.SerializeToWriter(views, signed, &headerLimit{Writer: w})
}

// sign adds the digest to metadata.
func sign(views map[string]tensorView, meta map[string]string) (map[string]string, error) {
	d := digest{meta, map[string]fingerprint{}}
	for name, v := range views {
		d.add(name, string(v.dtype), v.Shape(), v.Data())
	}
	sum, err := d.sum()
	signed := map[string]string{metaDigest: sum}
	for key, value := range meta {
		if key != metaDigest {
			signed[key] = value
		}
	}
	return signed, err
}

// headerLimit refuses to write a header that would not be read: it starts with
// its length.
type headerLimit struct {
	io.Writer
	length []byte
}

func (h *headerLimit) Write(p []byte) (int, error) {
	if missing := 8 - len(h.length); missing > 0 {
		h.length = append(h.length, p[:min(missing, len(p))]...)
		if n := binary.LittleEndian.Uint64(append(slices.Clone(h.length), make([]byte, 8)...)); n > maxHeader {
			return 0, fmt.Errorf("names, architecture and metadata take %d bytes, files are read with at most %d", n, maxHeader)
		}
	}
	return h.Writer.Write(p)
}

// tensorView shows a tensor to the safetensors library.
type tensorView struct {
	models.Tensor
	dtype DType
}

func (v tensorView) DataLen() uint64 { return uint64(v.dtype.size()) * uint64(len(v.Tensor.Data)) }
func (v tensorView) Data() []byte    { return v.dtype.bytesOf(v.Tensor.Data) }

func (v tensorView) DType() safetensors.DType {
	return map[DType]safetensors.DType{F16: safetensors.F16, BF16: safetensors.BF16, F32: safetensors.F32, F64: safetensors.F64}[v.dtype]
}

func (v tensorView) Shape() []uint64 {
	shape := make([]uint64, len(v.Tensor.Shape))
	for i, d := range v.Tensor.Shape {
		shape[i] = uint64(d)
	}
	return shape
}

// tensorInfo is what a header says of a tensor.
type tensorInfo struct {
	DType       string    `json:"dtype"`
	Shape       []uint64  `json:"shape"`
	DataOffsets [2]uint64 `json:"data_offsets"` // of the first byte, and of the one after the last
}

// readSafetensors reads a file of that size. The library is not used for it: it
// wants the whole file in memory twice, lets a duplicate key pass and knows no
// 8-bit floats. Here sizes are checked against the file's before memory is
// asked for, and tensors are read one by one.
func readSafetensors(r io.ReaderAt, size int64) (*contents, error) {
	header, err := readHeader(r, size)
	if err != nil {
		return nil, err
	}
	infos, meta, err := parseHeader(header)
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	start := int64(8 + len(header))
	if err := checkLayout(infos, uint64(size-start)); err != nil {
		return nil, err
	}
	c := newContents()
	c.sorted = true
	d := digest{meta, map[string]fingerprint{}}
	for _, name := range slices.SortedFunc(maps.Keys(infos), naturalOrder) {
		info := infos[name]
		raw := make([]byte, info.DataOffsets[1]-info.DataOffsets[0])
		if _, err := r.ReadAt(raw, start+int64(info.DataOffsets[0])); err != nil {
			return nil, fmt.Errorf("parameter %s: %w", name, err)
		}
		if meta[metaDigest] != "" {
			d.add(name, info.DType, info.Shape, raw)
		}
		c.addRaw(name, info, raw)
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	return c, c.takeMeta(meta)
}

// addRaw takes in a tensor by its bytes.
func (c *contents) addRaw(name string, info tensorInfo, raw []byte) {
	dtype := DType(info.DType)
	switch {
	case counter(name):
	case dtype.size() == 0:
		c.others[name] = info.DType
	default:
		shape := make([]int, len(info.Shape))
		for i, d := range info.Shape {
			shape[i] = int(d)
		}
		c.add(name, dtype, models.Tensor{Shape: shape, Data: dtype.take(raw)})
	}
}

// parseHeader reads the JSON of a header into its tensors and its metadata.
func parseHeader(header []byte) (map[string]tensorInfo, map[string]string, error) {
	const levels = 3 // header, tensor, shape
	if err := uniqueKeys(json.NewDecoder(bytes.NewReader(header)), levels); err != nil {
		return nil, nil, err
	}
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(header, &entries); err != nil {
		return nil, nil, err
	}
	infos, meta := map[string]tensorInfo{}, map[string]string{}
	for name, text := range entries {
		if name == "__metadata__" {
			if err := json.Unmarshal(text, &meta); err != nil {
				return nil, nil, err
			}
			continue
		}
		var info tensorInfo
		if err := json.Unmarshal(text, &info); err != nil {
			return nil, nil, fmt.Errorf("parameter %s: %w", name, err)
		}
		infos[name] = info
	}
	return infos, meta, nil
}

// takeMeta sorts the file's metadata into Arch and Meta.
func (c *contents) takeMeta(meta map[string]string) error {
	maps.Copy(c.meta, meta)
	for _, ofFile := range []string{metaArch, metaFormat, metaDigest} {
		delete(c.meta, ofFile)
	}
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
		return nil, fmt.Errorf("the header says it has %d bytes, of a file of %d and at most %d; if the file is cut, %s", n, size, maxHeader, again)
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
func checkLayout(infos map[string]tensorInfo, size uint64) error {
	names := slices.SortedFunc(maps.Keys(infos), func(a, b string) int {
		x, y := infos[a].DataOffsets, infos[b].DataOffsets
		return cmp.Or(cmp.Compare(x[0], y[0]), cmp.Compare(x[1], y[1]))
	})
	end := uint64(0)
	for _, name := range names {
		info := infos[name]
		begin, stop := info.DataOffsets[0], info.DataOffsets[1]
		if stop > size {
			return fmt.Errorf("parameter %s: lies at bytes %d to %d of %d: the file is cut; %s", name, begin, stop, size, again)
		}
		if begin != end || stop < begin {
			return fmt.Errorf("parameter %s: lies at bytes %d to %d, wanted it to start at %d of %d", name, begin, stop, end, size)
		}
		if !fits(info, stop-begin) {
			return fmt.Errorf("parameter %s: %d bytes are not %v of %s", name, stop-begin, info.Shape, info.DType)
		}
		end = stop
	}
	if end != size {
		return fmt.Errorf("the parameters end at byte %d of %d: the file is cut or has something after them; %s", end, size, again)
	}
	return nil
}

// fits tells whether a tensor takes that many bytes. Of types that are not known
// here only the shape can be checked.
func fits(info tensorInfo, bytes uint64) bool {
	n := uint64(1)
	for _, d := range info.Shape {
		if d >= maxLen {
			return false
		}
		if n *= d; n >= maxLen {
			return false
		}
	}
	size, known := widths()[info.DType]
	return !known && info.DType != "" || known && n*size == bytes
}

// widths are the bytes of a value, of the types that safetensors has.
func widths() map[string]uint64 {
	return map[string]uint64{
		"BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1, "F8_E8M0": 1,
		"U16": 2, "I16": 2, "F16": 2, "BF16": 2,
		"U32": 4, "I32": 4, "F32": 4,
		"U64": 8, "I64": 8, "F64": 8, "C64": 8,
	}
}
