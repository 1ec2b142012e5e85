package main

import (
	"cmp"

	"otfusion/data"
	"otfusion/models"
	"otfusion/train"
)

// teachingFlags say how teachers teach.
type teachingFlags struct {
	Labels      float64 `default:"0" placeholder:"SHARE" help:"Share of the labels in the loss, 0 to below 1. At 0, the default, no label is read: the epoch is selected by agreement with the teachers on held-out images."`
	Temperature float64 `default:"3" placeholder:"T" help:"Temperature that softens teachers and student (default: 3)."`
}

// distillCmd teaches one network by several.
type distillCmd struct {
	Student  string   `arg:"" help:"Model to start from, such as a fusion of the teachers."`
	Teachers []string `required:"" placeholder:"MODEL,..." help:"Models that teach, by the mean of their logits on each batch. Where they know different classes, each contributes logits only for its own."`
	sourceFlags
	recipeFlags
	teachingFlags
	classFlags
	Weights  []float64 `placeholder:"W,..." help:"Weight of each teacher in the mean (default: equal)."`
	PerClass bool      `help:"Divide the teachers' part of the loss by the number of classes too, as the paper's code does."`
	Out      outFolder `required:"" placeholder:"DIR" help:"Folder of the run; an interrupted run there resumes."`
}

// Run implements the command.
func (c *distillCmd) Run(g *globals) error {
	if err := c.check(); err != nil {
		return err
	}
	student, err := c.read(g, c.Student)
	if err != nil {
		return err
	}
	teachers, err := c.readAll(g, c.Teachers)
	if err != nil {
		return err
	}
	all := append([]*models.Model{student}, teachers...)
	if err := c.apply(all...); err != nil {
		return err
	}
	if err := c.name(teachers...); err != nil {
		return err
	}
	paths := append([]string{c.Student}, c.Teachers...)
	if err := wantSameImages(paths, all); err != nil {
		return err
	}
	if _, err := g.agreed(paths, all); err != nil {
		return err
	}
	student, recipe, splits, err := c.adopt(g, train.Distilling, student)
	if err != nil {
		return err
	}
	if teachers, err = g.fitted(teachers, splits.Train); err != nil {
		return err
	}
	if err := c.judge(&recipe, c.Select, splits); err != nil {
		return err
	}
	apart, err := specialists(teachers)
	if err != nil {
		return err
	}
	return g.train([]train.Config{{
		Dir: string(c.Out), Initial: student, Data: splits, Recipe: recipe, RecipeName: c.Recipe, Seed: c.Seed, Engine: g.Engine, SaveEvery: c.SaveEvery,
		Distill: &train.Distillation{Teachers: teachers, Weights: c.Weights, Gamma: 1 - c.Labels, Temperature: c.Temperature, PerClass: c.PerClass, Specialists: apart},
	}})
}

// judge chooses by what an epoch is selected where --select does not: where no
// label is learned from none selects either, and where labels are, they select in
// place of the teachers. Images without labels leave no choice but the teachers.
func (f teachingFlags) judge(r *train.Recipe, selection string, s data.Splits) error {
	switch {
	case selection != "" || r.Select == train.SelectLast:
	case f.Labels == 0:
		r.Select = train.SelectAgreement
	case r.Select == train.SelectAgreement:
		r.Select = train.SelectValidation
	}
	if s.Test == nil && (f.Labels > 0 || r.Select == train.SelectValidation || r.Select == train.SelectTest) {
		return usage("--labels, --select: wanted images with labels for them, --dataset has none")
	}
	return nil
}

func (f teachingFlags) check() error {
	if !(f.Labels >= 0 && f.Labels < 1) {
		return usage("--labels: wanted 0 to below 1, found %g", f.Labels)
	}
	return wantPositive("--temperature", f.Temperature)
}

func (c *distillCmd) check() error {
	if len(c.Teachers) == 0 { // as of --teachers ""
		return usage("--teachers: wanted one model or more, found none")
	}
	return cmp.Or(c.teachingFlags.check(), wantWeights("--weights", c.Weights, len(c.Teachers)))
}
