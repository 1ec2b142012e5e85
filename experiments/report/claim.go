package report

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
)

// Claim is one of the paper, or a goal of this project, with what our runs say
// of it.
type Claim struct {
	Source    string  `json:"source"` // section, table or figure of the paper, or Goal
	Text      string  `json:"claim"`
	Criterion string  `json:"criterion"` // what decides
	Verdict   Verdict `json:"verdict"`
	Evidence  string  `json:"evidence"`       // the numbers of the criterion
	Note      string  `json:"note,omitempty"` // what is known of the reason where it does not hold
}

// Goal is the source of a claim that is a goal of this project, beyond the paper.
const Goal = "goal of this project"

// Verdict is the outcome for a claim.
type Verdict string

// The verdicts. A claim of the paper is reproduced, a goal is met. Open is a claim
// whose runs are not finished.
const (
	Reproduced    Verdict = "reproduced"
	NotReproduced Verdict = "not reproduced"
	Met           Verdict = "met"
	NotMet        Verdict = "not met"
	Open          Verdict = "open"
)

// verdicts are in the order in which people want to know.
func verdicts() []Verdict { return []Verdict{Reproduced, NotReproduced, Met, NotMet, Open} }

// Holds reports whether the criterion is met.
func (v Verdict) Holds() bool { return v == Reproduced || v == Met }

// Fails reports whether the criterion is missed.
func (v Verdict) Fails() bool { return v == NotReproduced || v == NotMet }

// Mark is the verdict as a sign that needs no colour.
func (v Verdict) Mark() string {
	switch {
	case v.Holds():
		return "✓"
	case v.Fails():
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
func (t Tally) Total() int {
	n := 0
	for _, count := range t {
		n += count
	}
	return n
}

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
	for _, c := range claims {
		fmt.Fprintf(&b, "%s %-14s  %s (%s)\n", c.Verdict.Mark(), c.Verdict, c.Text, c.Source)
		for _, line := range []string{"criterion: " + c.Criterion, "our runs: " + c.Evidence, c.Note} {
			if line != "" {
				fmt.Fprintf(&b, "%18s%s\n", "", line)
			}
		}
	}
	return b.String()
}

// manyOpen is how many claims that wait for their runs a document shows in full.
const manyOpen = 5

// claimsMarkdown is for a document. Many claims that wait for their runs are a
// list that readers unfold.
func claimsMarkdown(claims []Claim) string {
	open, judged := waiting(claims)
	if len(open) <= manyOpen {
		return claimTable(claims)
	}
	var b strings.Builder
	b.WriteString(claimTable(judged))
	fmt.Fprintf(&b, "\n<details><summary>%s open: their runs are not finished</summary>\n\n", Plural(len(open), "claim", "claims"))
	for _, c := range open {
		fmt.Fprintf(&b, "- %s (%s; %s)\n", escaped(c.Text), escaped(c.Source), escaped(c.Criterion))
	}
	return b.String() + "\n</details>\n"
}

// waiting are the claims whose runs are not finished, and the others.
func waiting(claims []Claim) (open, others []Claim) {
	for _, c := range claims {
		if c.Verdict == Open {
			open = append(open, c)
		} else {
			others = append(others, c)
		}
	}
	return open, others
}

func claimTable(claims []Claim) string {
	if len(claims) == 0 {
		return ""
	}
	w := table.NewWriter()
	w.AppendHeader(table.Row{"", "claim", "source", "criterion", "our runs"})
	for _, c := range claims {
		ours := c.Evidence
		if c.Note != "" {
			ours = c.Evidence + ". " + c.Note
		}
		w.AppendRow(table.Row{c.Verdict.Mark() + " " + string(c.Verdict), c.Text, c.Source, c.Criterion, ours})
	}
	return escaped(w.RenderMarkdown() + "\n")
}
