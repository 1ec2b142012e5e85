package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"

	"otfusion/internal/atomicfile"
)

//go:embed report.html.tmpl
var page string

// HTML is the report as a self-contained page.
func (r Report) HTML() ([]byte, error) {
	functions := template.FuncMap{
		"svg":    Figure.inline,
		"drawn":  Figure.drawable,
		"mean":   Value.mean,
		"spread": Value.spread,
		"paper":  Value.paper,
		"legend": func() string { return legendText },
		"date":   func(run Run) string { return run.Finished.Format("2006-01-02 15:04") },
	}
	tmpl, err := template.New("report").Funcs(functions).Parse(page)
	if err != nil {
		return nil, fmt.Errorf("report: report template: %w", err)
	}
	var b bytes.Buffer
	if err := tmpl.Execute(&b, r); err != nil {
		return nil, fmt.Errorf("report: report: %w", err)
	}
	return b.Bytes(), nil
}

// Write leaves the page in a file.
func (r Report) Write(path string) error {
	html, err := r.HTML()
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(path, html)
}

// WriteMarkdown leaves the document in a file.
func (r Report) WriteMarkdown(path string) error {
	return atomicfile.WriteBytes(path, []byte(r.Markdown()))
}
