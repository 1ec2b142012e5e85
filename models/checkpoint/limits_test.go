package checkpoint

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"otfusion/models"
)

// allocated is how many bytes a function takes, in all.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// Files of 4 KB that say much with little: no more than 64 MB are taken.
func TestSmallFilesTakeLittle(t *testing.T) {
	expanded := func(n int) []byte { // a tensor whose one value is repeated n times
		var p pickler
		p.WriteString("\x80\x02}(")
		p.text("fc.weight")
		p.WriteString("ctorch._utils\n_rebuild_tensor_v2\n((")
		p.text("storage")
		p.WriteString("ctorch\nDoubleStorage\n")
		p.text("0")
		p.text("cpu")
		p.int(1)
		p.WriteString("tQ")
		p.int(0)
		p.ints([]int{1, n})
		p.ints([]int{0, 0})
		p.WriteString("\x89ccollections\nOrderedDict\n)RtRu.")
		return archive(t, map[string]string{"data.pkl": p.String(), "data/0": string(make([]byte, 8))})
	}
	nested := strings.Repeat("}q\x00X\x05\x00\x00\x00model", 200) + "}" + strings.Repeat("s", 200) + "."
	for name, file := range map[string][]byte{
		"a million values":         expanded(1 << 20),
		"a thousand million":       expanded(1 << 30),
		"nested dicts":             archive(t, map[string]string{"data.pkl": "\x80\x02" + nested}),
		"a dict that holds itself": archive(t, map[string]string{"data.pkl": "\x80\x02}q\x00X\x05\x00\x00\x00modelh\x00X\x01\x00\x00\x00ah\x00su."}),
		"a wide arch":              stFile(`{"__metadata__":{"otfusion.arch":"{\"input\":{\"channels\":1,\"height\":30000,\"width\":30000},\"layers\":[{\"name\":\"c\",\"op\":\"Conv2D\",\"inputs\":[\"input\"],\"out\":1,\"kernel\":1,\"stride\":1}]}"},"c.weight":{"dtype":"F32","shape":[1,1,1,1],"data_offsets":[0,4]}}`, 0, 0, 0, 0),
	} {
		if len(file) > 4<<10 {
			t.Fatalf("%s: %d bytes are no small file", name, len(file))
		}
		if taken := allocated(func() { _, _ = readBytes(file) }); taken > 64<<20 {
			t.Errorf("%s: took %d MB for a file of %d bytes", name, taken>>20, len(file))
		}
	}
	if _, err := readBytes(expanded(1 << 10)); err != nil {
		t.Error(err)
	}
	_, err := readBytes(expanded(1 << 30))
	wantError(t, err, "more values than a file of")
}

// A network of 10⁵ layers is told, and written and read, in time that grows with
// it, not with its square.
func TestManyLayers(t *testing.T) {
	if testing.Short() {
		t.Skip("100,000 layers")
	}
	const layers = 100_000
	c := newContents()
	for i := range layers {
		c.add(fmt.Sprintf("fc%d.weight", i), F32, models.NewTensor(1, 1))
	}
	start := time.Now()
	m, err := c.model(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("took %v to tell %d layers", took, layers)
	}
	// Its architecture in JSON is larger than what is read.
	wantError(t, writeTo(new(bytes.Buffer), m, ".safetensors"), "an architecture has at most")
}

// What would not be read is not written.
func TestHeaderIsLimited(t *testing.T) {
	m := tiny(t)
	m.Meta = map[string]string{"history": strings.Repeat("x", maxHeader)}
	for _, ending := range []string{".safetensors", ".pt"} {
		wantError(t, writeTo(new(bytes.Buffer), m, ending), "files are read with at most 16777216")
	}
}
