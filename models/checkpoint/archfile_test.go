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
	info := `{"path":"a.pt","arch":` + string(text) + `,"meta":{}}`
	if got, err := ReadArch(written(t, "info.json", []byte(info))); err != nil || !got.Equal(want) {
		t.Errorf("of info: read %+v (%v), want %+v", got, err, want)
	}
	for wrong, content := range map[string]string{
		"not an architecture in JSON: ":             "x",
		"has no layers":                             "{}",
		"something follows it":                      `{} {}`,
		"not an architecture in JSON: json: cannot": `{"arch":[]}`,
		"dilation": `{"layers":[{"dilation":2}]}`,
		"an architecture has at most 4194304 bytes": string(make([]byte, maxArchFile+1)),
		`, found "Softmax"`:                         `{"input":{"channels":1,"height":1,"width":1},"layers":[{"name":"a","op":"Softmax","inputs":["input"]}]}`,
	} {
		path := written(t, "arch.json", []byte(content))
		_, err := ReadArch(path)
		wantError(t, err, path, wrong)
	}
}

// What a layer cannot say is refused with its name.
func TestReadArchNamesTheLayerAtFault(t *testing.T) {
	for layer, wrong := range map[string]string{
		`"op":"Conv2D","dilation":2`:              `layer conv1: json: unknown field "dilation"`,
		`"op":"Conv2D","kernel":[3,1]`:            "layer conv1: json: cannot unmarshal array",
		`"op":"Conv2D","padding":[0,1,0,1]`:       "layer conv1: json: cannot unmarshal array",
		`"op":"GroupNorm","inputs":["input"]`:     `layer conv1: wanted an operation of `,
		`"op":"Attention","inputs":["input"]`:     `, found "Attention"`,
		`"op":"Softplus","inputs":["input"]`:      `, found "Softplus"`,
		`"op":"LayerNorm","normalized_shape":[3]`: `layer conv1: json: unknown field "normalized_shape"`,
	} {
		path := written(t, "arch.json", []byte(`{"input":{"channels":3,"height":8,"width":8},"layers":[{"name":"conv1",`+layer+`}]}`))
		_, err := ReadArch(path)
		wantError(t, err, path, wrong)
	}
}
