package experiments

import (
	"fmt"
	"strings"
)

// Summary says in a few words what a task does; its ID says it completely.
func Summary(t Task) string {
	switch t := t.(type) {
	case Train:
		return t.network() + fmt.Sprintf(" on %s%s, seed %d, %s%s", t.Part.words(), t.Dataset, t.Seed, plural(t.Recipe.Epochs, "epoch", "epochs"), t.Lesson.words())
	case Finetune:
		return fmt.Sprintf("%s, rate %g, seed %d, %s%s", Summary(t.Model), t.Recipe.Optimizer.LR, t.Seed, plural(t.Recipe.Epochs, "epoch", "epochs"), t.Lesson.words())
	case Fuse:
		return fmt.Sprintf("%s of %d × %s", t.Alignment.words(), len(t.Parents), networkOf(t))
	case Path:
		return fmt.Sprintf("%s of %s at %s", t.Alignment.words(), networkOf(t), plural(len(t.Weights), "weight", "weights"))
	case Ensemble:
		return fmt.Sprintf("%d × %s", len(t.Members), networkOf(t))
	case Prune:
		return fmt.Sprintf("%g of %s by %s", t.Fraction, networkOf(t), t.Criterion)
	case Timing:
		return fmt.Sprintf("%s of %d × %s", t.Alignment.words(), t.Parents, Train{Arch: t.Arch, Width: t.Width, Hidden: t.Hidden}.network())
	}
	return t.Kind()
}

// networkOf names the network that a task comes from in the end.
func networkOf(t Task) string {
	for len(t.Inputs()) > 0 {
		t = t.Inputs()[0]
	}
	if train, ok := t.(Train); ok {
		return train.network()
	}
	return t.Kind()
}

func (t Train) network() string {
	name := t.Arch
	if t.Width > 0 {
		name += fmt.Sprintf(" ×%g", t.Width)
	}
	if t.Hidden != nil {
		name += fmt.Sprint(t.Hidden)
	}
	return name
}

func (p *Part) words() string {
	if p == nil {
		return ""
	}
	return fmt.Sprintf("part %d of ", p.Index)
}

func (l Lesson) words() string {
	if l.Teacher == nil {
		return ""
	}
	return fmt.Sprintf(", taught at T = %g", l.Temperature)
}

// words are the preset and what differs from it.
func (a Alignment) words() string {
	words := []string{a.Preset}
	add := func(given bool, format string, value any) {
		if given {
			words = append(words, fmt.Sprintf(format, value))
		}
	}
	add(a.Samples > 0, "%d samples", a.Samples)
	add(a.Reg > 0, "λ = %g", a.Reg)
	add(a.Passes > 0, "%d passes", a.Passes)
	add(a.Descent > 0, "descent up to %d", a.Descent)
	add(a.Residual != "", "residual %s", a.Residual)
	add(a.Repair != "", "repair %s", a.Repair)
	add(a.Proportions != nil, "proportions %v", a.Proportions)
	return strings.Join(words, ", ")
}
