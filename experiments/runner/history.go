package runner

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"

	"otfusion/internal/smallfile"
)

// history is what a store tells about time.
type history struct {
	tasks times // seconds of a task, by kind
	steps times // seconds of a training step, by the training's pace
}

// history reads all finished tasks. Steps are those that the same engine and
// number of threads took.
func (r Runner) history() history {
	h := history{times{}, times{}}
	root := filepath.Join(r.Env.Store.Root, tasksFolder)
	folders, _ := os.ReadDir(root) // none: no history
	for _, f := range folders {
		var done Result
		if !readJSON(filepath.Join(root, f.Name(), resultFile), &done) {
			continue
		}
		h.tasks.add(done.Task.Kind, done.Seconds)
		if w, ok := r.decode(done.Task); ok && done.Compute == r.Env.Compute {
			h.steps.add(w.Pace, done.Metrics["seconds_per_epoch"]/float64(w.Steps))
		}
	}
	return h
}

// decode is the training of a recorded task; false if it is none, or not one
// that is known without its inputs.
func (r Runner) decode(d description) (Training, bool) {
	if r.Decode == nil {
		return Training{}, false
	}
	t, ok := r.Decode(d.Kind, d.Config)
	if !ok {
		return Training{}, false
	}
	return trainingOf(t)
}

// readJSON reports whether it could.
func readJSON(path string, v any) bool {
	text, err := smallfile.Read(path, maxResultFile)
	return err == nil && json.Unmarshal(text, v) == nil
}

// epochs are those that an interrupted training has finished.
func (s Store) epochs(t Task) int {
	log, _ := os.ReadFile(filepath.Join(s.Dir(t), "log.jsonl")) // none: not begun
	return bytes.Count(log, []byte("\n"))
}

// times are measurements by what was measured.
type times map[string][]float64

func (t times) add(what string, seconds float64) { t[what] = append(t[what], seconds) }

// mean is 0 where there are none.
func (t times) mean(what string) float64 {
	sum := 0.0
	for _, s := range t[what] {
		sum += s
	}
	return sum / float64(max(1, len(t[what])))
}
