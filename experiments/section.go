package experiments

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"otfusion/internal/atomicfile"
)

// Section is one experiment's part of a report, at one scale.
type Section struct {
	Experiment Experiment `json:"-"`
	Name       string     `json:"experiment"`
	Scale      Scale      `json:"scale"`
	Report
	Command string   `json:"command"`           // that produces it again
	Missing int      `json:"missing"`           // tasks that are not finished
	Damaged []string `json:"damaged,omitempty"` // those of them whose folders cannot be read
	Failed  []Lost   `json:"failed,omitempty"`  // those of them that were tried in vain
	Runs    []Run    `json:"runs"`
	started bool     // a task that it asks for is finished
}

// NewSection presents what a store knows of an experiment.
func NewSection(e Experiment, scale Scale, store Store) Section {
	return newSection(e, scale, newShelf(store))
}

func newSection(e Experiment, scale Scale, s *shelf) Section {
	book := &Book{Scale: scale, load: s.result, lost: s.lost}
	section := Section{Experiment: e, Name: e.Name, Scale: scale, Report: e.Present(book),
		Command: fmt.Sprintf("otfusion experiment run %s --scale %s", e.Name, scale)}
	for _, t := range book.Asked {
		_, ok := s.result(t)
		section.started = section.started || ok
	}
	for _, t := range closure(book.Asked) {
		section.count(t, s)
	}
	return section
}

// count adds a task to those that are finished or missing.
func (s *Section) count(t Task, from *shelf) {
	id := ID(t)
	r, err := from.load(t)
	if err == nil {
		s.Runs = append(s.Runs, Run{id, r.Seconds, r.Compute, r.Revision, r.Finished})
		return
	}
	s.Missing++
	if err != ErrUnfinished {
		s.Damaged = append(s.Damaged, id)
	} else if reason := from.store.failure(t); reason != "" {
		line, _, _ := strings.Cut(reason, "\n") // of a panic, without its stack
		s.Failed = append(s.Failed, Lost{id, line})
	}
}

// Lost is a task whose last run failed.
type Lost struct {
	ID     string `json:"id"`
	Reason string `json:"reason"`
}

// Started reports whether there is anything to show.
func (s Section) Started() bool { return s.started }

// Anchor names the section in a page.
func (s Section) Anchor() string { return s.Name + "-" + string(s.Scale) }

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
func (s Section) Tally() Tally { return tally(s.Findings) }

// Dir is where Write leaves the section's files, under the store's root.
func (s Section) Dir() string { return filepath.Join(s.Name, string(s.Scale)) }

// Text is the section for a terminal.
func (s Section) Text() string {
	var b strings.Builder
	for _, t := range s.Tables {
		b.WriteString("\n" + t.Text())
	}
	if len(s.Findings) > 0 {
		b.WriteString("\nClaims\n" + findingsText(s.Findings))
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
	if files["report.html"], err = (Survey{Sections: []Section{s}}).HTML(); err != nil {
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
		if err := writeBytes(filepath.Join(dir, name), content); err != nil {
			return err
		}
	}
	return writeJSON(filepath.Join(dir, "results.json"), s)
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

func writeBytes(path string, content []byte) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}
