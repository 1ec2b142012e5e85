package main

import (
	"fmt"
	"io"

	"otfusion/experiments/cluster"
	"otfusion/experiments/runner"
	"otfusion/internal/atomicfile"
)

// manifestCmd writes a job. For Kubernetes the results' folder is one of the
// volume that the shards share.
type manifestCmd struct {
	planFlags
	Scheduler string `required:"" enum:"slurm,kubernetes" help:"What runs the job: slurm (an array script for sbatch) or kubernetes (an Indexed Job for kubectl apply; there --results is a folder of the volume that the shards share, as is data, where datasets are unless --data-dir says otherwise)."`
	Shards    int    `default:"4" placeholder:"N" help:"Processes that share the work (default: 4)."`
	CPUs      int    `name:"cpus" default:"2" placeholder:"N" help:"Cores of each (default: 2)."`
	Memory    int    `default:"4" placeholder:"GIB" help:"Memory of each, GiB (default: 4)."`
	Image     string `help:"Container image that holds otfusion (kubernetes)."`
	Out       string `placeholder:"FILE" help:"Where to write it (default: standard output)."`
}

func (c *manifestCmd) Run(g *globals) error {
	_, scale, err := c.find()
	if err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return err
	}
	m := cluster.Manifest{
		Command: runner.Command{Names: c.Names, Scale: string(scale), Results: c.Results, DataDir: g.DataDir, Engine: g.Engine},
		Shards:  c.Shards, CPUs: c.CPUs, Memory: c.Memory, Image: c.Image,
	}
	write := m.Slurm
	if c.Scheduler == "kubernetes" {
		write = m.Kubernetes
	}
	text, err := write()
	if err != nil {
		return err
	}
	return c.deliver(g, text)
}

func (c *manifestCmd) check() error {
	for flag, n := range map[string]int{"--shards": c.Shards, "--cpus": c.CPUs, "--memory": c.Memory} {
		if err := wantPositive(flag, n); err != nil {
			return err
		}
	}
	switch {
	case c.Scheduler == "kubernetes" && c.Image == "":
		return usage("--image: wanted the container image that holds otfusion, found none")
	case c.Scheduler == "slurm" && c.Image != "":
		return usage("--image: wanted with --scheduler kubernetes only, found %s with slurm", c.Image)
	}
	return nil
}

// deliver writes the manifest to the file, or prints it.
func (c *manifestCmd) deliver(g *globals, text []byte) error {
	if c.Out != "" {
		err := atomicfile.Write(c.Out, func(w io.Writer) error {
			_, err := w.Write(text)
			return err
		})
		if err != nil {
			return err
		}
	}
	result := map[string]any{"scheduler": c.Scheduler, "shards": c.Shards, "manifest": string(text), "out": c.Out}
	return g.emit(result, func(w io.Writer) {
		if c.Out != "" {
			fmt.Fprintln(w, c.Out)
			return
		}
		fmt.Fprint(w, string(text))
	})
}
