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

func TestMarkdownEscapesHTML(t *testing.T) {
	hostile := "<img src=x onerror=alert(1)> & more"
	table := Table{Title: hostile, Columns: []string{hostile}, Rows: []Row{{Label: hostile, Values: []Value{{Text: hostile}}}}, Note: hostile}
	section := Section{Content: Content{Tables: []Table{table}, Claims: []Claim{{Text: hostile, Evidence: hostile}}},
		Failed: []Failure{{ID: "train-1", Reason: hostile}}}
	text := table.Markdown() + section.Markdown()
	if strings.Contains(text, "<img") || !strings.Contains(text, "&lt;img src=x onerror=alert(1)&gt; &amp; more") {
		t.Errorf("not escaped: %s", text)
	}
}
