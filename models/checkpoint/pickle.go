package checkpoint

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"github.com/nlpodyssey/gopickle/pickle"
)

// Bounds on one pickle. A state dict takes some 250 bytes and 40 opcodes a
// tensor; no opcode makes the unpickler hold more than some hundred bytes
// beyond its argument.
const (
	maxPickle    = 16 << 20
	maxPickleOps = 1 << 18
)

// readPickle reads one pickle up to its STOP. It walks the opcodes before
// gopickle sees them, because gopickle takes memory of any length that an
// opcode names before it looks whether the bytes are there. Opcodes that
// torch.save has no use for are refused.
func readPickle(r *bufio.Reader) ([]byte, error) {
	s := pickleScanner{r: r}
	for range maxPickleOps {
		op, err := s.take(1)
		if err != nil {
			return nil, err
		}
		if op[0] == '.' {
			return s.taken.Bytes(), nil
		}
		if err := s.argument(op[0]); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("pickle of more than %d opcodes", maxPickleOps)
}

type pickleScanner struct {
	r     *bufio.Reader
	taken bytes.Buffer
}

// take reads n bytes; memory grows with what is there, not with n.
func (s *pickleScanner) take(n uint64) ([]byte, error) {
	start := s.taken.Len()
	if n > uint64(maxPickle-start) {
		return nil, fmt.Errorf("pickle of more than %d bytes", maxPickle)
	}
	if _, err := io.CopyN(&s.taken, s.r, int64(n)); err != nil {
		return nil, fmt.Errorf("pickle: %w: the file is cut; %s", io.ErrUnexpectedEOF, again)
	}
	return s.taken.Bytes()[start:], nil
}

// argument reads what follows an opcode (Lib/pickletools.py of CPython lists
// them all).
func (s *pickleScanner) argument(op byte) error {
	const bare = "(012NQRabdelostu]})\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x93\x94"
	if strings.IndexByte(bare, op) >= 0 {
		return nil
	}
	switch op {
	case 'K', 'h', 'q', 0x80: // BININT1, BINGET, BINPUT, PROTO
		return s.skip(1)
	case 'M': // BININT2
		return s.skip(2)
	case 'J', 'j', 'r': // BININT, LONG_BINGET, LONG_BINPUT
		return s.skip(4)
	case 'G': // BINFLOAT
		return s.skip(8)
	case 'U', 'C', 0x8a, 0x8c: // SHORT_BINSTRING, SHORT_BINBYTES, LONG1, SHORT_BINUNICODE
		return s.counted(1)
	case 'T', 'B', 'X': // BINSTRING, BINBYTES, BINUNICODE
		return s.counted(4)
	case 0x8d, 0x8e, 0x96: // BINUNICODE8, BINBYTES8, BYTEARRAY8
		return s.counted(8)
	case 'c': // GLOBAL
		return s.lines(2)
	case 0x95: // FRAME, whose bytes are opcodes
		return s.frame()
	}
	return fmt.Errorf("pickle has opcode %#02x, which no checkpoint needs; load it in Python and %s", op, remedy)
}

func (s *pickleScanner) skip(n uint64) error {
	_, err := s.take(n)
	return err
}

// counted reads a length of that many bytes, and as many bytes as it says.
func (s *pickleScanner) counted(width uint64) error {
	n, err := s.length(width)
	if err != nil {
		return err
	}
	return s.skip(n)
}

func (s *pickleScanner) length(width uint64) (uint64, error) {
	raw, err := s.take(width)
	if err != nil {
		return 0, err
	}
	var wide [8]byte
	copy(wide[:], raw)
	return binary.LittleEndian.Uint64(wide[:]), nil
}

func (s *pickleScanner) frame() error {
	n, err := s.length(8)
	if err == nil && n > maxPickle {
		err = fmt.Errorf("pickle of more than %d bytes", maxPickle)
	}
	return err
}

// lines reads lines that fit into the reader's buffer.
func (s *pickleScanner) lines(n int) error {
	for range n {
		line, err := s.r.ReadSlice('\n')
		if err != nil {
			return fmt.Errorf("pickle: a name has no end: %w", err)
		}
		s.taken.Write(line)
	}
	return nil
}

// unpickle builds the objects of a pickle that readPickle has read. What
// findClass gives stands for classes; persistent resolves references to
// storages. What panics in gopickle is a damaged pickle.
func unpickle(p []byte, persistent func(any) (any, error)) (v any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("pickle is damaged: %v", r)
		}
	}()
	u := pickle.NewUnpickler(bytes.NewReader(p))
	u.FindClass = findClass
	u.PersistentLoad = persistent
	if v, err = u.Load(); err != nil {
		err = fmt.Errorf("pickle: %w", err)
	}
	return v, err
}
