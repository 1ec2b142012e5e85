package data

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
)

// maxPixels bounds the pixels of a dataset, which are held in memory.
const maxPixels = 8 << 30

// inflation bounds what a byte of a compressed file can become: DEFLATE's
// longest match has 258 bytes and takes two bits.
const inflation = 1032

// readIDX reads an IDX file of unsigned bytes, as MNIST and its relatives ship
// them (http://yann.lecun.com/exdb/mnist), plain or compressed by gzip: two zero
// bytes, the type, the number of dimensions, each dimension as a big-endian
// uint32, and the values. Sizes are compared with the file's before memory is
// set aside.
func readIDX(path string, dims int) (shape []int, values []uint8, err error) {
	f, size, err := openRegular(path)
	if err != nil {
		return nil, nil, fmt.Errorf("data: %s: %w", path, err)
	}
	defer f.Close()
	if shape, values, err = parseIDX(f, size, dims); err != nil {
		return nil, nil, fmt.Errorf("data: %s: %w", path, err)
	}
	return shape, values, nil
}

// parseIDX reads the content of an IDX file of that many bytes.
func parseIDX(file io.Reader, size int64, dims int) (shape []int, values []uint8, err error) {
	r := bufio.NewReader(file)
	if start, err := r.Peek(2); err == nil && start[0] == 0x1f && start[1] == 0x8b {
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, nil, err
		}
		r, size = bufio.NewReader(z), min(size, math.MaxInt64/inflation)*inflation
	}
	size = min(size, maxPixels)
	if shape, err = idxShape(r, dims); err != nil {
		return nil, nil, err
	}
	n, ok := product(shape, size)
	if !ok {
		return nil, nil, fmt.Errorf("the header says %v values, more than the file can hold", shape)
	}
	var content bytes.Buffer // grows with what is there
	if _, err := io.CopyN(&content, r, n); err != nil {
		return nil, nil, fmt.Errorf("wanted %d values (%v), the file is cut: %w", n, shape, noEOF(err))
	}
	if _, err := r.ReadByte(); err != io.EOF {
		return nil, nil, fmt.Errorf("wanted %d values (%v), found more after them", n, shape)
	}
	return shape, content.Bytes(), nil
}

// idxShape reads the header.
func idxShape(r io.Reader, dims int) ([]int, error) {
	var magic [4]byte
	if _, err := io.ReadFull(r, magic[:]); err != nil {
		return nil, fmt.Errorf("no IDX file: %w", noEOF(err))
	}
	const unsignedByte = 8
	if want := [4]byte{0, 0, unsignedByte, byte(dims)}; magic != want {
		return nil, fmt.Errorf("wanted an IDX file that starts with %x (unsigned bytes in %d dimensions), found %x", want, dims, magic)
	}
	sizes := make([]uint32, dims)
	if err := binary.Read(r, binary.BigEndian, sizes); err != nil {
		return nil, fmt.Errorf("IDX header: %w", noEOF(err))
	}
	shape := make([]int, dims)
	for i, n := range sizes {
		shape[i] = int(n)
	}
	return shape, nil
}

// product multiplies sizes, not ok where the result exceeds most.
func product(sizes []int, most int64) (n int64, ok bool) {
	n = 1
	for _, s := range sizes {
		if s < 0 || s > 0 && n > most/int64(s) {
			return 0, false
		}
		n *= int64(s)
	}
	return n, n <= most
}

// noEOF makes an end that comes too early an error of its own.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// openRegular opens a file that is one: to open a pipe could take forever.
func openRegular(path string) (f *os.File, size int64, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("wanted a regular file, found %s", info.Mode().Type())
	}
	f, err = os.Open(path)
	return f, info.Size(), err
}
