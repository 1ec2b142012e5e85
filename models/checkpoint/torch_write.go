package checkpoint

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"

	"otfusion/models"
)

// torchWriterOf gives what writes what torch.save writes for a state dict: torch.load gives
// an OrderedDict that load_state_dict takes. Arch and Meta lie in a record that
// PyTorch passes over.
func torchWriterOf(m *models.Model) (writerFunc, error) {
	specs, err := m.Arch.Params()
	if err != nil {
		return nil, err
	}
	meta, err := metadata(m)
	if err != nil {
		return nil, err
	}
	extra, err := json.Marshal(meta)
	if err != nil {
		return nil, err
	}
	if len(extra) > maxHeader {
		return nil, fmt.Errorf("architecture and metadata take %d bytes, files are read with at most %d", len(extra), maxHeader)
	}
	d, err := precision(m)
	if err != nil {
		return nil, err
	}
	return func(w io.Writer) error { return writeTorch(w, m, specs, d, extra) }, nil
}

func writeTorch(w io.Writer, m *models.Model, specs []models.ParamSpec, d DType, extra []byte) error {
	z := zip.NewWriter(w)
	records := torchWriter{z, nil}
	records.add("data.pkl", pickleStateDict(specs, d))
	records.add("byteorder", []byte("little"))
	for i, p := range specs {
		records.add(fmt.Sprintf("data/%d", i), d.bytesOf(m.Params[p.Name].Data))
	}
	records.add("version", []byte("3\n"))
	records.add(torchExtra, extra)
	if records.err != nil {
		return records.err
	}
	return z.Close()
}

// torchWriter adds records to an archive until one fails.
type torchWriter struct {
	*zip.Writer
	err error
}

func (t *torchWriter) add(name string, content []byte) {
	if t.err != nil {
		return
	}
	w, err := t.CreateHeader(&zip.FileHeader{Name: "archive/" + name, Method: zip.Store})
	if err == nil {
		_, err = w.Write(content)
	}
	t.err = err
}

// pickleStateDict is the pickle, of protocol 2, of an OrderedDict of
// tensors of one type, the i-th in storage i.
func pickleStateDict(specs []models.ParamSpec, d DType) []byte {
	var p pickler
	p.WriteString("\x80\x02") // PROTO 2
	p.orderedDict()
	p.WriteByte('(')
	for i, spec := range specs {
		p.text(spec.Name)
		p.tensor(fmt.Sprint(i), spec, d)
	}
	p.WriteString("u.") // SETITEMS, STOP
	return p.Bytes()
}

// pickler writes opcodes (Lib/pickletools.py of CPython), without a memo.
type pickler struct{ bytes.Buffer }

// tensor calls _rebuild_tensor_v2(storage, offset, shape, stride,
// requires_grad, backward_hooks).
func (p *pickler) tensor(key string, spec models.ParamSpec, d DType) {
	p.WriteString("ctorch._utils\n_rebuild_tensor_v2\n((")
	p.text("storage")
	p.WriteString("ctorch\n" + map[DType]string{F16: "Half", BF16: "BFloat16", F32: "Float", F64: "Double"}[d] + "Storage\n")
	p.text(key)
	p.text("cpu")
	p.int(spec.Len())
	p.WriteString("tQ") // the storage: TUPLE, BINPERSID
	p.int(0)
	p.ints(spec.Shape)
	p.ints(rowMajor(spec.Shape))
	p.WriteByte(0x89) // NEWFALSE
	p.orderedDict()
	p.WriteString("tR") // TUPLE, REDUCE
}

func (p *pickler) orderedDict() { p.WriteString("ccollections\nOrderedDict\n)R") }

func (p *pickler) text(s string) {
	p.WriteByte('X')
	p.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(s))))
	p.WriteString(s)
}

func (p *pickler) int(n int) {
	if n > math.MaxInt32 {
		p.WriteString("\x8a\x08") // LONG1 of 8 bytes
		p.Write(binary.LittleEndian.AppendUint64(nil, uint64(n)))
		return
	}
	p.WriteByte('J')
	p.Write(binary.LittleEndian.AppendUint32(nil, uint32(n)))
}

func (p *pickler) ints(list []int) {
	p.WriteByte('(')
	for _, n := range list {
		p.int(n)
	}
	p.WriteByte('t')
}

// rowMajor are the strides of a contiguous tensor.
func rowMajor(shape []int) []int {
	stride := make([]int, len(shape))
	step := 1
	for i := len(shape) - 1; i >= 0; i-- {
		stride[i] = step
		step *= shape[i]
	}
	return stride
}
