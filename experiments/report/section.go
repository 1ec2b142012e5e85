package report

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"otfusion/internal/atomicfile"
)

// Section is one experiment's part of a report, at one scale.
type Section struct {
	Name   string `json:"experiment"` // on the command line, such as "mnist-pair"
	Title  string `json:"title"`      // for people
	Source string `json:"source"`     // in the paper, such as "Table 1"
	Scale  string `json:"scale"`
	Content
	Command string    `json:"command"`           // that produces it again
	Started bool      `json:"-"`                 // a task that it asks for is finished
	Missing int       `json:"missing"`           // tasks that are not finished
	Damaged []string  `json:"damaged,omitempty"` // those of them whose folders cannot be read
	Failed  []Failure `json:"failed,omitempty"`  // those of them whose last run failed
	Runs    []Run     `json:"runs"`
}

// Content is what an experiment shows.
type Content struct {
	Note    string   `json:"note,omitempty"` // what holds for all tables
	Tables  []Table  `json:"tables,omitempty"`
	Figures []Figure `json:"figures,omitempty"`
	Claims  []Claim  `json:"claims,omitempty"`
}

// Failure is a task whose last run failed.
type Failure struct {
	ID     string `json:"id"`
	Reason string `json:"reason"`
}

// Anchor names the section in a page.
func (s Section) Anchor() string { return s.Name + "-" + s.Scale }

// Tasks is how many there are, finished or not.
func (s Section) Tasks() int { return len(s.Runs) + s.Missing }

// Progress says how much of the section is there.
func (s Section) Progress() string {
	progress := fmt.Sprintf("%d of %d tasks finished", len(s.Runs), s.Tasks())
	if s.Missing == 0 {
		progress = fmt.Sprintf("all %d tasks finished", s.Tasks())
	}
	if n := len(s.Failed); n > 0 {
		progress += fmt.Sprintf(", %d failed", n)
	}
	if n := len(s.Damaged); n > 0 {
		progress += fmt.Sprintf(", %d damaged and to be done again", n)
	}
	return progress
}

// Tally counts the section's claims.
func (s Section) Tally() Tally { return tally(s.Claims) }

// Dir is where Write leaves the section's files, under the folder of results.
func (s Section) Dir() string { return filepath.Join(s.Name, s.Scale) }

// Text is the section for a terminal.
func (s Section) Text() string {
	var b strings.Builder
	if s.Note != "" {
		b.WriteString("\n" + s.Note + "\n")
	}
	for _, t := range s.Tables {
		b.WriteString("\n" + t.Text())
	}
	if len(s.Claims) > 0 {
		b.WriteString("\nClaims\n" + claimsText(s.Claims))
	}
	fmt.Fprintf(&b, "\n%s at scale %s: %s\n", s.Name, s.Scale, s.Progress())
	return b.String()
}

// Write leaves results.json, table.md, table.csv, the figures as SVG and PNG,
// and report.html in a folder.
func (s Section) Write(dir string) error {
	files, err := s.pictures()
	if err != nil {
		return err
	}
	if files["report.html"], err = (Report{Sections: []Section{s}}).HTML(); err != nil {
		return err
	}
	files["table.md"] = []byte(s.Markdown())
	if files["table.csv"], err = s.csv(); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, content := range files {
		if err := atomicfile.WriteBytes(filepath.Join(dir, name), content); err != nil {
			return err
		}
	}
	return atomicfile.WriteJSON(filepath.Join(dir, "results.json"), s)
}

// pictures are the figures that have points, as files.
func (s Section) pictures() (map[string][]byte, error) {
	files := map[string][]byte{}
	for i, f := range s.Figures {
		for _, format := range []string{"svg", "png"} {
			if !f.drawable() {
				continue
			}
			picture, err := f.render(format)
			if err != nil {
				return nil, err
			}
			files[fmt.Sprintf("figure-%d.%s", i+1, format)] = picture
		}
	}
	return files, nil
}
