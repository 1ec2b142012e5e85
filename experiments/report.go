package experiments

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
)

//go:embed report.html.tmpl
var page string

// HTML is the survey as a self-contained page.
func (s Survey) HTML() ([]byte, error) {
	functions := template.FuncMap{
		"svg":    Figure.inline,
		"drawn":  Figure.drawable,
		"mean":   Value.mean,
		"spread": Value.spread,
		"paper":  Value.paper,
		"legend": func() string { return legendText },
		"date":   func(r Run) string { return r.Finished.Format("2006-01-02 15:04") },
	}
	tmpl, err := template.New("report").Funcs(functions).Parse(page)
	if err != nil {
		return nil, fmt.Errorf("experiments: report template: %w", err)
	}
	var b bytes.Buffer
	if err := tmpl.Execute(&b, s); err != nil {
		return nil, fmt.Errorf("experiments: report: %w", err)
	}
	return b.Bytes(), nil
}

// Write leaves the page in a file.
func (s Survey) Write(path string) error {
	html, err := s.HTML()
	if err != nil {
		return err
	}
	return writeBytes(path, html)
}

// WriteMarkdown leaves the document in a file.
func (s Survey) WriteMarkdown(path string) error {
	return writeBytes(path, []byte(s.Markdown()))
}
