package report

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
)

// Claim is one of the paper, or a goal of this project, with what our runs say
// of it.
type Claim struct {
	Text     string  `json:"claim"`
	Verdict  Verdict `json:"verdict"`        //
	Evidence string  `json:"evidence"`       // our numbers, and the reason where it does not hold
	Goal     bool    `json:"goal,omitempty"` // of this project, beyond the paper
}

// Because adds what is known of the reason to a claim that does not hold.
func (c Claim) Because(reason string) Claim {
	if c.Verdict == NotReproduced {
		c.Evidence += ". " + reason
	}
	return c
}

// Verdict is the outcome for a claim.
type Verdict string

// The verdicts. Open is a claim whose runs are not finished.
const (
	Reproduced    Verdict = "reproduced"
	NotReproduced Verdict = "not reproduced"
	Open          Verdict = "open"
)

// verdicts are in the order in which people want to know.
func verdicts() []Verdict { return []Verdict{Reproduced, NotReproduced, Open} }

// Mark is the verdict as a sign that needs no colour.
func (v Verdict) Mark() string {
	switch v {
	case Reproduced:
		return "✓"
	case NotReproduced:
		return "✗"
	}
	return "○"
}

// Class is the verdict as one word, for style sheets.
func (v Verdict) Class() string { return strings.ReplaceAll(string(v), " ", "-") }

// Tally counts the claims of each verdict.
type Tally map[Verdict]int

func tally(claims []Claim) Tally {
	t := Tally{}
	for _, f := range claims {
		t[f.Verdict]++
	}
	return t
}

// Total is the number of claims.
func (t Tally) Total() int { return t[Reproduced] + t[NotReproduced] + t[Open] }

// Verdicts are those that occur.
func (t Tally) Verdicts() []Verdict {
	var list []Verdict
	for _, v := range verdicts() {
		if t[v] > 0 {
			list = append(list, v)
		}
	}
	return list
}

// String is "2 reproduced, 1 open".
func (t Tally) String() string {
	var parts []string
	for _, v := range t.Verdicts() {
		parts = append(parts, fmt.Sprintf("%d %s", t[v], v))
	}
	return strings.Join(parts, ", ")
}

// claimsText is for a terminal.
func claimsText(claims []Claim) string {
	var b strings.Builder
	for _, f := range claims {
		fmt.Fprintf(&b, "%s %-14s  %s\n%18s%s\n", f.Verdict.Mark(), f.Verdict, f.Text, "", f.Evidence)
	}
	return b.String()
}

// claimsMarkdown is for a document.
func claimsMarkdown(claims []Claim) string {
	if len(claims) == 0 {
		return ""
	}
	w := table.NewWriter()
	w.AppendHeader(table.Row{"", "claim", "our runs"})
	for _, f := range claims {
		w.AppendRow(table.Row{f.Verdict.Mark() + " " + string(f.Verdict), f.Text, f.Evidence})
	}
	return escaped(w.RenderMarkdown() + "\n")
}
