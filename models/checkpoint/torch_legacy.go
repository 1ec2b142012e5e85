package checkpoint

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/nlpodyssey/gopickle/types"
)

// readTorchLegacy reads the format of torch.save before version 1.6: the
// pickles of a magic number, a version, the writer's system, the object and
// the storages' keys; then each storage's length and values.
func readTorchLegacy(r io.ReaderAt, size int64, key string) (*contents, error) {
	f := newTorchFile(size)
	stream := bufio.NewReader(io.NewSectionReader(r, 0, size))
	var objects [5]any
	end := int64(0)
	for i := range objects {
		p, err := readPickle(stream)
		if err != nil {
			return nil, err
		}
		if objects[i], err = unpickle(p, f.storage); err != nil {
			return nil, err
		}
		end += int64(len(p))
	}
	if objects[1] != 1001 {
		return nil, fmt.Errorf("version %v of the legacy format, wanted 1001", objects[1])
	}
	offsets, err := f.legacyOffsets(r, objects[4], end)
	if err != nil {
		return nil, err
	}
	f.fetch = func(s *torchStorage) ([]byte, error) {
		at, ok := offsets[s.key]
		if !ok {
			return nil, fmt.Errorf("not in the file")
		}
		raw := make([]byte, s.bytes())
		_, err := r.ReadAt(raw, at)
		return raw, err
	}
	return f.contents(objects[3], key)
}

// legacyOffsets finds where the storages' values lie, in the order of the keys,
// from a position in the file on.
func (f *torchFile) legacyOffsets(r io.ReaderAt, keys any, at int64) (map[string]int64, error) {
	list, ok := keys.(*types.List)
	if !ok {
		return nil, fmt.Errorf("no list of storages")
	}
	offsets := map[string]int64{}
	for _, v := range *list {
		key, _ := v.(string)
		s, ok := f.storages[key]
		if _, twice := offsets[key]; !ok || twice {
			return nil, fmt.Errorf("list of storages has %.40q, which nothing refers to, or twice", key)
		}
		var length [8]byte
		if _, err := r.ReadAt(length[:], at); err != nil {
			return nil, fmt.Errorf("storage %q: %w", key, io.ErrUnexpectedEOF)
		}
		if n := binary.LittleEndian.Uint64(length[:]); n != uint64(s.len) || s.bytes() > f.size-at-8 {
			return nil, fmt.Errorf("storage %q: wanted %d values, found %d and %d bytes of file; if that is cut, %s", key, s.len, n, f.size-at-8, again)
		}
		offsets[key] = at + 8
		at += 8 + s.bytes()
	}
	return offsets, nil
}
