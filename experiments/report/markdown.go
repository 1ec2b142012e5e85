package report

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
)

// legendText says how to read the numbers, wherever they stand.
const legendText = "Accuracies are in percent on test data. A cell has our value ± its standard deviation over repetitions " +
	"(the paper's value). [4 of 5]: four of five repetitions are finished; –: none is."

// copyText is of the results that are recorded here, not of a user's.
const copyText = "The CIFAR-10 behind docs/results.md is a copy that was compressed with JPEG: its pixel error is about 6 grey levels of 255, measured against 50 lossless images."

// Markdown is the report as a document.
func (r Report) Markdown() string {
	var b strings.Builder
	b.WriteString("# Results\n\n" +
		"What we reproduced of Singh & Jaggi, *Model Fusion via Optimal Transport* (NeurIPS 2020). The command\n" +
		"`otfusion experiment report --markdown FILE` writes this page from the finished tasks and overwrites changes made by hand.\n\n" + legendText + " " + copyText + "\n" +
		"Scale `smoke` shows only that everything runs, `reduced` keeps the paper's shape on two cores, `paper` has its epochs, seeds and sizes.\n\n")
	b.WriteString(r.stateMarkdown())
	for _, section := range r.Sections {
		b.WriteString("\n" + section.Markdown())
	}
	return b.String()
}

// stateMarkdown says how much there is and how it came out.
func (r Report) stateMarkdown() string {
	w := table.NewWriter()
	w.AppendHeader(table.Row{"experiment", "in the paper", "scale", "finished", "claims"})
	for _, section := range r.Sections {
		link := fmt.Sprintf("[%s](#%s)", section.Title, section.Anchor())
		w.AppendRow(table.Row{link, section.Source, section.Scale, section.Progress(), section.Tally()})
	}
	text := w.RenderMarkdown() + "\n\n"
	if t := r.Tally(); t.Total() > 0 {
		text = fmt.Sprintf("**Of %s of the paper, %s%s.**\n\n", Plural(t.Total(), "claim", "claims"), t, r.goals()) + text
	}
	if len(r.Absent) > 0 {
		text += "Nothing is finished of: " + strings.Join(r.Absent, ", ") + ".\n"
	}
	if n := len(r.Orphans); n > 0 {
		text += fmt.Sprintf("No experiment asks for %s: %s.\n", Plural(n, "result", "results"), strings.Join(r.Orphans, ", "))
	}
	return text
}

// goals counts those beyond the paper in words.
func (r Report) goals() string {
	t := r.Goals()
	if t.Total() == 0 {
		return ""
	}
	return fmt.Sprintf("; of %s of this project, %s", Plural(t.Total(), "goal", "goals"), t)
}

// Markdown is the section as a part of a document.
func (s Section) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "<a id=%q></a>\n\n## %s, scale %s\n\n%s · %s · %s\n\n    %s\n\n",
		s.Anchor(), s.Title, s.Scale, s.Source, s.Progress(), s.Provenance(), s.Command)
	for _, f := range s.Failed {
		fmt.Fprintf(&b, "Failed: `%s`: %s\n\n", f.ID, escaped(f.Reason))
	}
	if len(s.Claims) > 0 {
		b.WriteString(claimsMarkdown(s.Claims) + "\n")
	}
	if s.Note != "" {
		b.WriteString(escaped(s.Note) + "\n\n")
	}
	var unstarted []string
	for _, t := range s.Tables {
		if t.Started() {
			b.WriteString(t.Markdown() + "\n")
		} else {
			unstarted = append(unstarted, "- "+escaped(t.Title)+"\n")
		}
	}
	if unstarted != nil {
		b.WriteString("No value is finished of:\n\n" + strings.Join(unstarted, "") + "\n")
	}
	return strings.TrimSpace(b.String()) + "\n"
}

// escaped is text that Markdown shows as it is: what looks like HTML in it, as
// names and errors may, is none.
func escaped(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}
