package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"otfusion/experiments/runner"
	"otfusion/train"
)

func TestExperimentRefusals(t *testing.T) {
	dir := t.TempDir()
	file := write(t, dir, "file", "")
	before := listing(t, dir)
	for _, c := range []struct {
		args   string
		status int
		words  string // separated by |
	}{
		{"run mnist-pair nonesuch", exitUsage, "nonesuch|mnist-pair"},
		{"run all mnist-pair", exitUsage, `"all"`},
		{"run mnist-pair --shard 2/2", exitUsage, `--shard|from 0 to n-1|"2/2"`},
		{"run mnist-pair --shard=-1/2", exitUsage, `--shard|"-1/2"`},
		{"run mnist-pair --shard half", exitUsage, `--shard|"half"`},
		{"run mnist-pair --scale smoke --results FILE", exitFailure, "--results|not a directory"},
		{"manifest mnist-pair", exitUsage, "--scheduler"},
		{"manifest mnist-pair --scheduler nomad", exitUsage, `--scheduler|"slurm","kubernetes"|nomad`},
		{"manifest nonesuch --scheduler slurm", exitUsage, "nonesuch|mnist-pair"},
		{"manifest mnist-pair --scheduler slurm --shards 0", exitUsage, "--shards|0"},
		{"manifest mnist-pair --scheduler slurm --cpus 0", exitUsage, "--cpus|0"},
		{"manifest mnist-pair --scheduler slurm --memory=-1", exitUsage, "--memory|-1"},
		{"manifest mnist-pair --scheduler slurm --image x", exitUsage, "--image|kubernetes"},
		{"manifest mnist-pair --scheduler kubernetes", exitUsage, "--image"},
		{"manifest mnist-pair --scheduler slurm --out FILE/job.sh", exitFailure, "job.sh|not a directory"},
	} {
		t.Run(c.args, func(t *testing.T) {
			args := strings.Fields("experiment " + strings.ReplaceAll(c.args, "FILE", file))
			wantRefusal(t, call(args...), c.status, strings.Split(c.words, "|")...)
		})
	}
	if after := listing(t, dir); after != before {
		t.Errorf("files changed from\n%s\nto\n%s", before, after)
	}
}

func TestUnwritableResults(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write anywhere")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, call("experiment", "run", "mnist-pair", "--scale", "smoke", "--results", dir), exitFailure, "--results", dir, "permission denied")
}

func TestForecastOfShards(t *testing.T) {
	results := filepath.Join(t.TempDir(), "results")
	args := []string{"experiment", "run", "mnist-pair", "finetune", "--scale", "smoke", "--results", results, "--dry-run"}
	whole := callJSON[anObject](t, args...)
	wantKeys(t, whole, "tasks", "jobs", "remaining_seconds", "unknown")
	n := len(whole["tasks"].([]any))
	for _, shard := range []string{"0/2", "1/2"} {
		n -= len(callJSON[anObject](t, append(args, "--shard", shard)...)["tasks"].([]any))
	}
	if n != 0 {
		t.Errorf("two shards leave %d tasks out", n)
	}
	if a := call(args...); a.status != exitOK || !strings.Contains(a.stdout, "left: about ") {
		t.Errorf("status %d, stdout %q", a.status, a.stdout)
	}
	if _, err := os.Stat(results); err == nil {
		t.Errorf("%s was made", results)
	}
}

func TestManifestIsPrintedOrWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "job.sh")
	args := []string{"experiment", "manifest", "mnist-pair", "table1", "--scheduler", "slurm", "--shards", "3"}
	printed := call(args...)
	written := callJSON[anObject](t, append(args, "--out", path)...)
	text, err := os.ReadFile(path)
	if err != nil || printed.stdout != string(text) || written["manifest"] != string(text) {
		t.Errorf("printed %q, written %q, %v", printed.stdout, text, err)
	}
	if !strings.Contains(string(text), "otfusion experiment run mnist-pair table1 --scale=reduced") {
		t.Errorf("the script is %s", text)
	}
}

// TestFailuresAreListed: CIFAR-10 is missing, and the error says how to go on.
func TestFailuresAreListed(t *testing.T) {
	dir := t.TempDir()
	results := filepath.Join(dir, "it's here")
	a := call("experiment", "run", "pruning", "--scale", "smoke", "--results", results, "--data-dir", dir, "--shard", "0/1")
	if a.status != exitFailure {
		t.Fatalf("status %d, stderr %q", a.status, a.stderr)
	}
	quoted := strings.ReplaceAll(results, "'", `'\''`)
	for _, w := range []string{"failed: train-", "otfusion data fetch cifar10", "to try again: otfusion experiment run pruning --scale=smoke '--results=" + quoted + "' --jobs=1 --shard=0/1 --data-dir=" + dir} {
		if !strings.Contains(a.stderr, w) {
			t.Errorf("stderr %q, want it to contain %q", a.stderr, w)
		}
	}
}

// A task that a signal interrupts has not failed.
func TestInterruptedTasksAreNotSaidToFail(t *testing.T) {
	saved := &train.InterruptedError{Run: "x", Where: "after step 3 of 9 in epoch 1 of 2", Cause: context.Canceled}
	for want, err := range map[string]error{
		saved.Error(): fmt.Errorf("task: %w", saved),
		"":            fmt.Errorf("task: %w", context.Canceled),
	} {
		if got := told(runner.Event{State: runner.Failed, Err: err}); got != want {
			t.Errorf("told %q, want %q", got, want)
		}
	}
}
