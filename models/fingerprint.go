package models

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"slices"
)

// Fingerprint is the SHA-256 sum, in hex, of the parameters: names, shapes and
// values. It does not depend on the metadata.
func (m *Model) Fingerprint() string {
	h := sha256.New()
	var buffer []byte
	for _, name := range slices.Sorted(maps.Keys(m.Params)) {
		t := m.Params[name]
		fmt.Fprintf(h, "%q %v\n", name, t.Shape)
		for values := range slices.Chunk(t.Data, 1<<14) {
			buffer = buffer[:0]
			for _, v := range values {
				buffer = binary.LittleEndian.AppendUint32(buffer, math.Float32bits(v))
			}
			h.Write(buffer)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
