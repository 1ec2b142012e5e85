package checkpoint

import (
	"bytes"
	"slices"
	"testing"

	"otfusion/models"
)

// Every bit of a file of ours counts: with one changed it is refused, or says
// the same as before (as with a capital in a key, or with the digest's own key).
func TestEveryBitIsChecked(t *testing.T) {
	m := tiny(t)
	m.Meta = map[string]string{"seed": "1"}
	var out bytes.Buffer
	if err := writeTo(&out, m, ".safetensors"); err != nil {
		t.Fatal(err)
	}
	whole := out.Bytes()
	for i := range whole {
		for bit := range 8 {
			changed := slices.Clone(whole)
			changed[i] ^= 1 << bit
			got, err := readBytes(changed)
			if err != nil {
				continue
			}
			sameParams(t, got, m)
			if !got.Arch.Equal(m.Arch) || got.Meta["seed"] != "1" {
				t.Fatalf("byte %d, bit %d: read as %+v, %v", i, bit, got.Arch, got.Meta)
			}
		}
	}
}

// Files from elsewhere have no digest and are read.
func TestNoDigestIsNeeded(t *testing.T) {
	m, err := readBytes(stFile(`{"fc.weight":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}}`, 0, 0, 0x80, 0x3f))
	if err != nil || m.Params["fc.weight"].Data[0] != 1 {
		t.Errorf("%v, %v", m, err)
	}
}

// The state of training has one as well.
func TestTensorsAreChecked(t *testing.T) {
	var out bytes.Buffer
	if err := serialize(&out, map[string]models.Tensor{"momentum": models.NewTensor(3)}, F32, map[string]string{"step": "7"}); err != nil {
		t.Fatal(err)
	}
	whole := out.Bytes()
	whole[len(whole)-1] ^= 1
	_, _, err := ReadTensors(written(t, "state.safetensors", whole))
	wantError(t, err, "state.safetensors", "does not match its digest")
}
