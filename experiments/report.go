package experiments

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"os"
	"path/filepath"
	"strings"

	"otfusion/models/atomicfile"
)

//go:embed report.html.tmpl
var page string

// Section is one experiment's part of a report.
type Section struct {
	Experiment Experiment `json:"-"`
	Name       string     `json:"experiment"`
	Scale      Scale      `json:"scale"`
	Report
	Command string `json:"command"` // that produces it again
	Missing int    `json:"missing"` // tasks that are not finished
	Runs    []Run  `json:"runs"`
}

// Run tells of a task behind a section.
type Run struct {
	ID       string  `json:"id"`
	Seconds  float64 `json:"seconds"`
	Compute  string  `json:"compute"`
	Revision string  `json:"revision,omitempty"`
}

// NewSection presents what a store knows of an experiment.
func NewSection(e Experiment, scale Scale, store Store) Section {
	book := NewBook(scale, &store)
	s := Section{Experiment: e, Name: e.Name, Scale: scale, Report: e.Present(book),
		Command: fmt.Sprintf("otfusion experiment run %s --scale %s", e.Name, scale)}
	for _, t := range closure(book.Asked) {
		r, err := store.Load(t)
		if err != nil {
			s.Missing++
			continue
		}
		s.Runs = append(s.Runs, Run{ID(t), r.Seconds, r.Compute, r.Revision})
	}
	return s
}

// Text is the section for a terminal.
func (s Section) Text() string {
	var b strings.Builder
	for _, t := range s.Tables {
		b.WriteString("\n" + t.Text())
	}
	return b.String()
}

// Write leaves results.json, table.md, table.csv, the figures as SVG and PNG,
// and report.html in a folder.
func (s Section) Write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var markdown, csv strings.Builder
	for _, t := range s.Tables {
		markdown.WriteString(t.Markdown() + "\n")
		csv.WriteString(t.CSV())
	}
	files := map[string][]byte{"table.md": []byte(markdown.String()), "table.csv": []byte(csv.String())}
	for i, f := range s.Figures {
		for _, format := range []string{"svg", "png"} {
			picture, err := f.render(format)
			if err != nil {
				return err
			}
			files[fmt.Sprintf("figure-%d.%s", i+1, format)] = picture
		}
	}
	html, err := HTML([]Section{s})
	if err != nil {
		return err
	}
	files["report.html"] = html
	for name, content := range files {
		if err := writeBytes(filepath.Join(dir, name), content); err != nil {
			return err
		}
	}
	return writeJSON(filepath.Join(dir, "results.json"), s)
}

func writeBytes(path string, content []byte) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

// HTML is a self-contained page over sections.
func HTML(sections []Section) ([]byte, error) {
	tmpl, err := template.New("report").Funcs(template.FuncMap{"svg": inlineSVG}).Parse(page)
	if err != nil {
		return nil, fmt.Errorf("experiments: report template: %w", err)
	}
	var b bytes.Buffer
	if err := tmpl.Execute(&b, sections); err != nil {
		return nil, fmt.Errorf("experiments: report: %w", err)
	}
	return b.Bytes(), nil
}

// inlineSVG draws a figure for embedding in a page: black becomes the page's
// text colour, so that it reads in light and dark.
func inlineSVG(f Figure) (template.HTML, error) {
	svg, err := f.render("svg")
	if err != nil {
		return "", err
	}
	text := string(svg)
	text = text[strings.Index(text, "<svg"):]
	text = strings.ReplaceAll(text, "#000000", "currentColor")
	return template.HTML(text), nil // drawn from numbers and our own labels
}
