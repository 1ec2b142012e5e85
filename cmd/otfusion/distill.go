package main

import (
	"cmp"

	"otfusion/train"
)

// distillCmd teaches one network by several.
type distillCmd struct {
	Student  string   `arg:"" help:"Model to start from, such as a fusion of the teachers."`
	Teachers []string `required:"" placeholder:"MODEL,..." help:"Models that teach, by the mean of their logits on each batch."`
	sourceFlags
	recipeFlags
	Weights     []float64 `placeholder:"W,..." help:"Weight of each teacher in the mean (default: equal)."`
	Labels      float64   `default:"0" placeholder:"SHARE" help:"Share of the labels in the loss, 0 to below 1. At 0 no label is read: the epoch is selected by agreement with the teachers on held-out images."`
	Temperature float64   `default:"3" placeholder:"T" help:"Temperature that softens teachers and student."`
	PerClass    bool      `help:"Divide the teachers' part of the loss by the number of classes too, as the paper's code does."`
	Out         outFolder `required:"" placeholder:"DIR" help:"Folder of the run; an interrupted run there resumes."`
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
	if err := c.apply(teachers...); err != nil {
		return err
	}
	student, recipe, splits, err := c.adopt(g, train.Distilling, student)
	if err != nil {
		return err
	}
	if teachers, err = g.fitted(teachers, splits.Train); err != nil {
		return err
	}
	if c.Labels > 0 && c.Select == "" {
		recipe.Select = train.SelectValidation
	}
	return g.train([]train.Config{{
		Dir: string(c.Out), Initial: student, Data: splits, Recipe: recipe, RecipeName: c.Recipe, Seed: c.Seed, Compute: g.Compute, SaveEvery: c.SaveEvery,
		Distill: &train.Distillation{Teachers: teachers, Weights: c.Weights, Gamma: 1 - c.Labels, Temperature: c.Temperature, PerClass: c.PerClass},
	}})
}

func (c *distillCmd) check() error {
	if !(c.Labels >= 0 && c.Labels < 1) {
		return usage("--labels: wanted 0 to below 1, found %g", c.Labels)
	}
	return cmp.Or(wantPositive("--temperature", c.Temperature), wantWeights("--weights", c.Weights, len(c.Teachers)))
}
