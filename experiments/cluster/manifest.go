// Package cluster writes batch jobs that run experiments in shards.
package cluster

import (
	"bytes"
	_ "embed"
	"fmt"
	"path"
	"strings"
	"text/template"

	"otfusion/experiments/runner"
)

//go:embed slurm.sh.tmpl
var slurmTemplate string

//go:embed kubernetes.yaml.tmpl
var kubernetesTemplate string

// Manifest is a batch job that runs the shards of a command side by side on a
// shared folder.
type Manifest struct {
	Command runner.Command // of one shard; Manifest sets Shard and Threads
	Shards  int
	CPUs    int    // of a shard
	Memory  int    // of a shard, GiB
	Image   string // that holds otfusion, for Kubernetes
}

// Slurm is an array script for sbatch.
func (m Manifest) Slurm() ([]byte, error) { return m.fill("slurm", slurmTemplate) }

// volume is where containers find the shared folder.
const volume = "/otfusion"

// Kubernetes is an Indexed Job with a claim for the shared folder; the
// command's results folder is one of that volume, and so is "data", where
// datasets lie unless the command says otherwise.
func (m Manifest) Kubernetes() ([]byte, error) {
	m.Command.Results = volume + path.Join("/", m.Command.Results)
	if m.Command.DataDir == "" {
		m.Command.DataDir = volume + "/data"
	}
	m.Command.Threads = m.CPUs
	return m.fill("kubernetes", kubernetesTemplate)
}

func (m Manifest) fill(name, text string) ([]byte, error) {
	t, err := template.New(name).Funcs(template.FuncMap{"yaml": yamlString}).Parse(text)
	if err != nil {
		return nil, fmt.Errorf("cluster: manifest for %s: %w", name, err)
	}
	var b bytes.Buffer
	err = t.Execute(&b, m)
	return b.Bytes(), err
}

// Name is the job's; experiments have names that schedulers accept.
func (m Manifest) Name() string {
	if len(m.Command.Names) > 1 {
		return "otfusion"
	}
	return "otfusion-" + m.Command.Names[0]
}

// Last is the highest index of a shard.
func (m Manifest) Last() int { return m.Shards - 1 }

// Args are the words of the command for a container: Kubernetes would replace
// $(NAME) in them, so dollars are doubled.
func (m Manifest) Args() []string {
	var args []string
	for _, w := range m.Command.Words()[1:] {
		args = append(args, strings.ReplaceAll(w, "$", "$$"))
	}
	return append(args, fmt.Sprintf("--shard=$(JOB_COMPLETION_INDEX)/%d", m.Shards))
}

// yamlString is a double-quoted scalar: Go's escapes are YAML's too.
func yamlString(text string) string { return fmt.Sprintf("%+q", text) }
