package data

import (
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func link(t *testing.T, to, from string) {
	t.Helper()
	if err := os.Symlink(to, from); err != nil {
		t.Skip(err) // Windows asks for a privilege
	}
}

// Links to folders and files are followed at every depth, also from the
// dataset's folder, as torchvision follows them.
func TestLinksAreFollowed(t *testing.T) {
	want, _, err := Load(writePets(t, "test"), "")
	if err != nil {
		t.Fatal(err)
	}
	real, dir := writePets(t, "test"), filepath.Join(t.TempDir(), "linked")
	for _, folder := range []string{"train/dog/below", "test"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for from, to := range map[string]string{
		"train/cat": "train/cat", "train/dog/1.png": "train/dog/1.png", "train/dog/below/deep": "train/dog/deep",
		"test/cat": "test/cat", "test/dog": "test/dog",
	} {
		link(t, filepath.Join(real, to), filepath.Join(dir, from))
	}
	link(t, dir, dir+"-again")
	train, test, err := Load(dir+"-again", "")
	if err != nil || train.Fingerprint() != want.Fingerprint() || test.Len() != 2 {
		t.Errorf("found %+v and %+v (%v)", train, test, err)
	}
	cats, err := Source{Name: filepath.Join(dir, "train", "cat")}.LoadUnlabelled(t.Context())
	if err != nil || cats.Len() != 2 {
		t.Errorf("pictures without labels behind a link: found %+v (%v)", cats, err)
	}
}

func TestLinksRejected(t *testing.T) {
	for name, c := range map[string]struct{ to, from, words string }{
		"a loop":                  {"../..", "train/cat/up", "cat: wanted a folder that does not lie in itself, found a loop of links"},
		"a folder of itself":      {".", "train/cat/same", "same: wanted a folder that does not lie in itself"},
		"a class that is nowhere": {"nowhere", "train/ant", "ant: no such file"},
		"a file that is nowhere":  {"nowhere", "train/cat/7.png", "7.png: no such file"},
		"a link to itself":        {"self", "train/cat/self", "self: too many"},
	} {
		dir := writePets(t, "test")
		link(t, c.to, filepath.Join(dir, c.from))
		if _, _, err := Load(dir, ""); err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: wanted %q in the error, found %v", name, c.words, err)
		}
	}
}

// JPEG files have several extensions. What is hidden is passed over at every
// depth, and so are files that are no pictures.
func TestPictureNames(t *testing.T) {
	dir := writePets(t, "test")
	grey := jpegOf(t, flat(4, 2, color.Gray{90}))
	for _, name := range []string{"5.jfif", "6.JPE", "7.JPG"} {
		writeFile(t, filepath.Join(dir, "train", "dog", name), grey)
	}
	for _, name := range []string{".DS_Store", ".ipynb_checkpoints/1.png", "deep/.cache/1.png", "deep/.8.png", ".9.heic", "labels.csv", "png"} {
		writeFile(t, filepath.Join(dir, "train", "dog", name), []byte("x"))
	}
	train, _, err := Load(dir, "")
	if err != nil || train.Counts()[1] != 5 {
		t.Errorf("wanted five dogs, found %+v (%v)", train, err)
	}
	for _, name := range []string{"8.heic", "8.HEIF", "8.avif", "8.webp", "8.gif", "8.bmp", "8.tiff", "8.ppm", "8.jxl"} {
		dir := writePets(t, "test")
		writeFile(t, filepath.Join(dir, "train", "dog", "deep", name), []byte("x"))
		if _, _, err := Load(dir, ""); err == nil || !strings.Contains(err.Error(), name+": wanted a PNG or JPEG file, convert this one") {
			t.Errorf("wanted an error that names %s, found %v", name, err)
		}
	}
}
