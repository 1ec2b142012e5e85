package checkpoint

import (
	"encoding/json"
	"testing"
)

func TestReadArch(t *testing.T) {
	want := tiny(t).Arch
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ReadArch(written(t, "arch.json", text))
	if err != nil || got.Name != want.Name || !got.Equal(want) {
		t.Errorf("read %+v (%v), want %+v", got, err, want)
	}
	for wrong, content := range map[string]string{
		"not an architecture in JSON: ":             "x",
		"has no layers":                             "{}",
		"something follows it":                      `{} {}`,
		"dilation":                                  `{"layers":[{"dilation":2}]}`,
		"an architecture has at most 4194304 bytes": string(make([]byte, maxArchFile+1)),
		`layer a: unknown operation "Softmax"`:      `{"input":{"channels":1,"height":1,"width":1},"layers":[{"name":"a","op":"Softmax","inputs":["input"]}]}`,
	} {
		path := written(t, "arch.json", []byte(content))
		_, err := ReadArch(path)
		wantError(t, err, path, wrong)
	}
}
