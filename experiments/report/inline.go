package report

import (
	"fmt"
	"html"
	"html/template"
	"image/color"
	"strings"
)

// inline draws a figure for embedding in a page, in the page's colours, so that
// it reads in light and dark.
func (f Figure) inline() (template.HTML, error) {
	svg, err := f.render("svg")
	if err != nil {
		return "", err
	}
	_, tag, _ := strings.Cut(string(svg), "<svg")
	tag, body, _ := strings.Cut(tag, ">")
	_, box, _ := strings.Cut(tag, `viewBox="`)
	box, _, _ = strings.Cut(box, `"`)
	opening := fmt.Sprintf(`<svg role="img" aria-label="%s" viewBox="%s">`, html.EscapeString(f.Title), box)
	return template.HTML(opening + themed().Replace(body)), nil // drawn from numbers; gonum escapes the labels
}

// themed turns the colours of a drawing into the page's.
func themed() *strings.Replacer {
	pairs := []string{
		"#000000", "currentColor", "#FFFFFF", "none",
		rgb(axisColor()), "var(--soft)", rgb(gridColor()), "var(--line)",
	}
	for i, c := range hues() {
		pairs = append(pairs, rgb(c), fmt.Sprintf("var(--hue-%d)", i+1))
	}
	return strings.NewReplacer(pairs...)
}

func rgb(c color.Color) string {
	r, g, b, _ := c.RGBA()
	return fmt.Sprintf("#%02X%02X%02X", r>>8, g>>8, b>>8)
}
