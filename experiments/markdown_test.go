package experiments

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMarkdownSaysWhatIsThereAndWhatIsNot(t *testing.T) {
	store := Store{Root: t.TempDir()}
	finish(t, store, "xalaptop", 93.5)
	s := survey(t, store, noted("x", "a", "b"), noted("y", "a"))
	path := filepath.Join(t.TempDir(), "results.md")
	if err := s.WriteMarkdown(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"generated", "otfusion experiment report --markdown", "# Results", "## About x, scale laptop",
		"1 of 2 tasks finished", "onednn 9.9, 2 threads", "abc123", "2031-05-04", "1m30s",
		"| a | 93.50 (96.21) |", "| b | – (96.21) |", "**Of 1 claim of the paper, 1 open.**", "○ open", "Nothing is finished of: y.",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the document lacks %q:\n%s", want, text)
		}
	}
}

func TestMarkdownHasAnAnchorForEachLink(t *testing.T) {
	text := rich().Markdown()
	for _, s := range rich().Sections {
		if !strings.Contains(text, "(#"+s.Anchor()+")") || !strings.Contains(text, `<a id="`+s.Anchor()+`">`) {
			t.Errorf("no link to %s, or no target", s.Anchor())
		}
	}
}
