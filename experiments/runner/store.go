package runner

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"otfusion/internal/atomicfile"
	"otfusion/internal/smallfile"
)

// ModelFile is the name under which a task leaves the network it made.
const ModelFile = "model.safetensors"

const (
	resultFile    = "result.json"
	maxResultFile = 64 << 20 // bytes
)

// asideMark is in the names of folders that were set aside.
const asideMark = ".damaged-"

// tasksFolder holds, in a store, the folders of tasks.
const tasksFolder = "tasks"

// Result is a finished task: what it found and how.
type Result struct {
	Task description `json:"task"`
	Outcome
	Model    string    `json:"model_sha256,omitempty"` // of ModelFile, where the task made one
	Seconds  float64   `json:"seconds"`                // with those of earlier runs that it resumed
	Compute  string    `json:"compute"`                // such as "onednn 2.6.3, 2 threads"
	Revision string    `json:"revision,omitempty"`     // of the program
	Finished time.Time `json:"finished"`
}

// Store keeps the folders of tasks, Root/tasks/ID. Several processes, also on
// several machines, may share one Root.
type Store struct{ Root string }

// Dir is the folder of a task.
func (s Store) Dir(t Task) string { return filepath.Join(s.Root, tasksFolder, ID(t)) }

// What Load finds beside results.
var (
	ErrUnfinished = errors.New("not finished") // the task has no result yet
	ErrDamaged    = errors.New("damaged")      // the folder does not hold what was written
)

// Load returns the result of a finished task, ErrUnfinished, or an error that
// wraps ErrDamaged if there is a result that cannot be used.
func (s Store) Load(t Task) (Result, error) {
	r, err := s.read(t)
	if err != nil {
		return r, err
	}
	return r, s.verify(t, r)
}

// Recall is Load for those who want the numbers only: a folder of results kept
// without their networks, which are large, is in order.
func (s Store) Recall(t Task) (Result, error) {
	r, err := s.Load(t)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	return r, err
}

// readNetworks are the IDs of tasks whose networks others of the plan, that are
// not finished, will read.
func (s Store) readNetworks(plan []Task) map[string]bool {
	read := map[string]bool{}
	for _, t := range slices.Backward(plan) {
		if _, err := s.find(t, read); err != nil {
			for _, in := range t.Inputs() {
				read[ID(in)] = true
			}
		}
	}
	return read
}

// find is Load for tasks whose networks are read, and Recall for others.
func (s Store) find(t Task, read map[string]bool) (Result, error) {
	if read[ID(t)] {
		return s.Load(t)
	}
	return s.Recall(t)
}

func (s Store) read(t Task) (r Result, err error) {
	text, err := smallfile.Read(filepath.Join(s.Dir(t), resultFile), maxResultFile)
	if errors.Is(err, fs.ErrNotExist) {
		return r, ErrUnfinished
	}
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return Result{}, fmt.Errorf("runner: %s: %s is %w: %w", ID(t), resultFile, ErrDamaged, err)
	}
	if err := r.Task.fits(t); err != nil {
		return Result{}, fmt.Errorf("runner: %s: %s is %w: %w", ID(t), resultFile, ErrDamaged, err)
	}
	return r, nil
}

// fits compares the description that a result carries with the task that asks
// for it.
func (d description) fits(t Task) error {
	if d.Kind == "" {
		return errors.New("it does not say of which task it is")
	}
	id, err := d.id()
	if err != nil {
		return err
	}
	if id != ID(t) {
		return fmt.Errorf("it is of task %s", id)
	}
	return nil
}

// verify compares the model beside a result with the one that was written.
func (s Store) verify(t Task, r Result) error {
	if r.Model == "" {
		return nil
	}
	sum, err := checksum(filepath.Join(s.Dir(t), ModelFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("runner: %s is %w: %w", ID(t), ErrDamaged, err)
	case err != nil:
		return fmt.Errorf("runner: %s: %w", ID(t), err)
	case sum != r.Model:
		return fmt.Errorf("runner: %s: %s is %w: wanted sha256 %.12s, found %.12s", ID(t), ModelFile, ErrDamaged, r.Model, sum)
	}
	return nil
}

// Save writes the result of a task, which finishes it.
func (s Store) Save(t Task, r Result) error {
	r.Task = describe(t)
	sum, err := checksum(filepath.Join(s.Dir(t), ModelFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	r.Model = sum
	return atomicfile.WriteJSON(filepath.Join(s.Dir(t), resultFile), r)
}

// SetAside moves all that is in a damaged folder, but the lease, to
// another, so that the task is computed again and nothing is lost. Only who
// holds the lease may do so.
func (s Store) SetAside(t Task) (string, error) {
	aside := fmt.Sprintf("%s%s%d", s.Dir(t), asideMark, time.Now().UnixNano())
	files, err := os.ReadDir(s.Dir(t))
	if err != nil {
		return aside, err
	}
	if err := os.Mkdir(aside, 0o755); err != nil {
		return aside, err
	}
	for _, f := range files {
		if f.Name() == leaseFile {
			continue
		}
		if err := os.Rename(filepath.Join(s.Dir(t), f.Name()), filepath.Join(aside, f.Name())); err != nil {
			return aside, err
		}
	}
	return aside, nil
}

// checksum is the sha256 of a file, or "" with the error.
func checksum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
