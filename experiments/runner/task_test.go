package runner

import (
	"strings"
	"testing"
)

func TestTheOrderOfFieldsMeansNothing(t *testing.T) {
	one := description{Schema: schema, Kind: "train", Config: []byte(`{"a":1,"b":{"c":0.1,"d":2}}`)}
	other := description{Schema: schema, Kind: "train", Config: []byte(`{ "b": {"d": 2, "c": 0.1}, "a": 1 }`)}
	x, errX := one.id()
	y, errY := other.id()
	if errX != nil || errY != nil || x != y {
		t.Errorf("%s, %v and %s, %v", x, errX, y, errY)
	}
	other.Schema++
	if z, _ := other.id(); z == x || !strings.HasPrefix(z, "train-") {
		t.Errorf("another schema gives %s", z)
	}
}
