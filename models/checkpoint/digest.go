package checkpoint

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// metaDigest is the key of the digest in a file's metadata. Files from
// elsewhere have none.
const metaDigest = "otfusion.digest"

// digest collects what a file says, so that a bit that a disk or a network
// changes is noticed. It does not depend on where in the file something lies.
type digest struct {
	Meta    map[string]string      `json:"metadata"`
	Tensors map[string]fingerprint `json:"tensors"`
}

type fingerprint struct {
	DType  string   `json:"dtype"`
	Shape  []uint64 `json:"shape"`
	SHA256 string   `json:"sha256"` // of the values' bytes
}

// add takes in a tensor.
func (d digest) add(name, dtype string, shape []uint64, raw []byte) {
	sum := sha256.Sum256(raw)
	if shape == nil {
		shape = []uint64{}
	}
	d.Tensors[name] = fingerprint{dtype, shape, hex.EncodeToString(sum[:])}
}

// sum is the digest: SHA-256 of the JSON of all of it, keys sorted.
func (d digest) sum() (string, error) {
	meta := map[string]string{}
	for key, value := range d.Meta {
		if key != metaDigest {
			meta[key] = value
		}
	}
	text, err := json.Marshal(digest{meta, d.Tensors})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// check compares the file's own digest, where it has one, with what was read.
func (d digest) check() error {
	want, ok := d.Meta[metaDigest]
	if !ok {
		return nil
	}
	if got, err := d.sum(); err != nil || got != want {
		return fmt.Errorf("the content does not match its digest: the file was damaged or changed by hand")
	}
	return nil
}
