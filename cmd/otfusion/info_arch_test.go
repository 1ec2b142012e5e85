package main

import (
	"os"
	"path/filepath"
	"testing"

	"otfusion/models"
	"otfusion/models/checkpoint"
)

// What info prints as JSON serves as the architecture of --arch, for every family.
func TestInfoGivesBackTheArchitecture(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "net.json")
	for _, family := range models.Families() {
		o := models.Options{Width: 1. / 16}
		if family == "mlpnet" {
			o = models.Options{Hidden: []int{3}}
		}
		model := network(t, dir, "a.safetensors", family, 1, o)
		told := call("info", model, "--json")
		if err := os.WriteFile(path, []byte(told.stdout), 0o600); err != nil {
			t.Fatal(err)
		}
		want, err := checkpoint.Read(model)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := checkpoint.ReadArch(path); err != nil || got.Name != want.Arch.Name || !got.Equal(want.Arch) {
			t.Errorf("%s: found %v, error %v", family, got, err)
		}
	}
	if a := call("info", filepath.Join(dir, "a.safetensors"), "--arch", path); a.status != exitOK {
		t.Errorf("status %d, %s", a.status, a.stderr)
	}
}
