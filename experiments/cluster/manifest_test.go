package cluster

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"otfusion/experiments/runner"

	"go.yaml.in/yaml/v3"
)

// nasty is what a folder may be called and a script must survive.
const nasty = "my 'results' \"of\" $(touch pwned) `touch pwned` $HOME; touch pwned\n#SBATCH --array=0-99\n- x: y\u0085\x7f"

func manifest(results string) Manifest {
	return Manifest{Command: runner.Command{Names: []string{"mnist-pair"}, Scale: "smoke", Results: results}, Shards: 3, CPUs: 2, Memory: 4, Image: "registry/image:1"}
}

// TestSlurmScript runs the script with a program in otfusion's place that
// writes down its words.
func TestSlurmScript(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash here:", err)
	}
	for _, results := range []string{"results", nasty} {
		script, err := manifest(results).Slurm()
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		path := filepath.Join(dir, "job.sh")
		write := func(path, content string) {
			if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		write(path, string(script))
		write(filepath.Join(dir, "otfusion"), "#!/bin/sh\nprintf '%s\\0' \"$@\"\n")
		if out, err := exec.Command(bash, "-n", path).CombinedOutput(); err != nil {
			t.Fatalf("bash -n: %v, %s", err, out)
		}
		run := exec.Command("sh", path)
		run.Dir = dir
		run.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "SLURM_ARRAY_TASK_ID=1", "SLURM_CPUS_PER_TASK=2")
		out, err := run.Output()
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"experiment", "run", "mnist-pair", "--scale=smoke", "--results=" + results, "--threads=2", "--shard=1/3"}
		if got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"); !slices.Equal(got, want) {
			t.Errorf("otfusion got %q, want %q", got, want)
		}
		if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
			t.Error("the folder's name was executed")
		}
		header, _, _ := strings.Cut(string(script), "\nset -eu\n")
		if strings.Count(header, "#SBATCH") != strings.Count(header, "\n#SBATCH --") || !strings.Contains(header, "--array=0-2\n") || strings.Contains(header, "0-99") {
			t.Errorf("header %q", header)
		}
	}
}

// job is what the test looks at of a manifest.
type job struct {
	Kind string
	Spec struct {
		CompletionMode                                 string
		Completions, Parallelism, BackoffLimitPerIndex int
		AccessModes                                    []string
		Template                                       struct {
			Spec struct {
				RestartPolicy string
				Containers    []struct {
					Image         string
					Command, Args []string
					VolumeMounts  []struct{ Name, MountPath string }
					Resources     struct{ Requests, Limits map[string]any }
				}
				Volumes []struct {
					Name                  string
					PersistentVolumeClaim struct{ ClaimName string }
				}
			}
		}
	}
	Metadata struct{ Name string }
}

// documents reads YAML by way of JSON, whose field names may differ in case.
func documents(t *testing.T, text []byte) []job {
	t.Helper()
	var list []job
	for _, d := range strings.Split(string(text), "\n---\n") {
		var raw any
		if err := yaml.Unmarshal([]byte(d), &raw); err != nil {
			t.Fatalf("%v in\n%s", err, d)
		}
		var j job
		if text, err := json.Marshal(raw); err != nil || json.Unmarshal(text, &j) != nil {
			t.Fatalf("%v in\n%s", json.Unmarshal(text, &j), d)
		}
		list = append(list, j)
	}
	return list
}

func TestKubernetesManifest(t *testing.T) {
	for results, want := range map[string]string{
		"results": "--results=/otfusion/results", "../../etc": "--results=/otfusion/etc",
		nasty: "--results=/otfusion/" + strings.ReplaceAll(nasty, "$", "$$"),
	} {
		text, err := manifest(results).Kubernetes()
		if err != nil {
			t.Fatal(err)
		}
		list := documents(t, text)
		if len(list) != 2 || list[0].Kind != "PersistentVolumeClaim" || list[1].Kind != "Job" {
			t.Fatalf("wanted a claim and a job, found %+v", list)
		}
		claim, spec := list[0], list[1].Spec
		if !slices.Equal(claim.Spec.AccessModes, []string{"ReadWriteMany"}) {
			t.Errorf("the claim's access is %v", claim.Spec.AccessModes)
		}
		if spec.CompletionMode != "Indexed" || spec.Completions != 3 || spec.Parallelism != 3 || spec.BackoffLimitPerIndex == 0 {
			t.Errorf("job %+v", spec)
		}
		pod := spec.Template.Spec
		c := pod.Containers[0]
		if pod.RestartPolicy != "Never" || c.Image != "registry/image:1" || c.Resources.Limits["memory"] != "4Gi" {
			t.Errorf("pod %+v", pod)
		}
		if pod.Volumes[0].PersistentVolumeClaim.ClaimName != claim.Metadata.Name || c.VolumeMounts[0].Name != pod.Volumes[0].Name || c.VolumeMounts[0].MountPath != volume {
			t.Errorf("the claim %q is not mounted: %+v", claim.Metadata.Name, pod)
		}
		args := []string{"experiment", "run", "mnist-pair", "--scale=smoke", want, "--data-dir=/otfusion/data", "--threads=2", "--shard=$(JOB_COMPLETION_INDEX)/3"}
		if !slices.Equal(c.Args, args) {
			t.Errorf("args %q, want %q", c.Args, args)
		}
	}
}
