package report

import (
	"strings"
	"testing"
)

func TestMarkdownHasAnAnchorForEachLink(t *testing.T) {
	text := rich().Markdown()
	for _, s := range rich().Sections {
		if !strings.Contains(text, "(#"+s.Anchor()+")") || !strings.Contains(text, `<a id="`+s.Anchor()+`">`) {
			t.Errorf("no link to %s, or no target", s.Anchor())
		}
	}
}
