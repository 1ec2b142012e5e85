package models

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// stems are the families' names as far as depth and variant: vgg of vgg11_half.
func stems() []string {
	var list []string
	for _, f := range Families() {
		list = append(list, regexp.MustCompile(`[0-9_].*`).ReplaceAllString(f, ""))
	}
	return list
}

// The code of other packages does not depend on a family's name, but where
// package models says so. Examples and comments may name some.
func TestNoOtherPackageKnowsAFamilyByName(t *testing.T) {
	quoted := regexp.MustCompile(`["` + "`" + `][^"` + "`" + `\n]*\b(` + strings.Join(stems(), "|") + `)`)
	comment := regexp.MustCompile(`//.*`)
	files := 0
	for _, root := range []string{"cmd", "train", "fusion", "data", "internal", "models/nn"} {
		err := filepath.WalkDir(filepath.Join("..", root), func(path string, d fs.DirEntry, err error) error {
			name := filepath.Base(path)
			if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || name == "examples.go" || name == "golden.go" {
				return err
			}
			text, err := os.ReadFile(path)
			files++
			if found := quoted.Find(comment.ReplaceAll(text, nil)); found != nil {
				t.Errorf("%s: %s", path, found)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 100 {
		t.Errorf("looked at %d files only", files)
	}
}
