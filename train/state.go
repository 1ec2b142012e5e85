package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"otfusion/models"
	"otfusion/models/checkpoint"
)

const (
	stateFile = "state.safetensors"
	modelFile = "model.safetensors"
	stateKey  = "otfusion.state" // of the metadata
)

// state is what a run needs to resume, and what a finished one has to tell. The
// order of images and the augmentation follow from the seed, the epoch and the
// step, so there is no other random state.
type state struct {
	Identity     identity      `json:"identity"`
	Environments []environment `json:"environments"` // in the order of use
	Epoch        int           `json:"epoch"`        // complete epochs
	Step         int           `json:"step"`         // steps made of the epoch after these
	Sums         sums          `json:"sums"`         // over these steps
	Log          []Record      `json:"log"`
	Best         int           `json:"best"`             // epoch of the best parameters, from 1; 0: none yet
	Result       *Result       `json:"result,omitempty"` // of a finished run, which has no tensors any more
	Model        string        `json:"model,omitempty"`  // fingerprint of a finished run's model

	params, velocity, average, best tensors
}

type tensors = map[string]models.Tensor

// openState reads the folder's state, or makes a new one where there is none.
func openState(dir string, id identity) (*state, error) {
	path := filepath.Join(dir, stateFile)
	s, err := readState(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &state{Identity: id}, nil
	}
	if err != nil {
		return nil, err
	}
	id.RecipeName = s.Identity.RecipeName // a recipe computes the same by another name
	if s.Identity.Normalised == nil {     // a state of before this was noted
		id.Normalised = nil
	}
	if d := differences(s.Identity, id); len(d) > 0 {
		return nil, fmt.Errorf("train: %s holds another run, choose another folder (%s)", dir, abridge(d))
	}
	if s.Result != nil {
		return s, nil
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("train: %s: %w", path, err)
	}
	return s, nil
}

func abridge(list []string) string {
	const most = 4
	if len(list) > most {
		list = append(list[:most:most], fmt.Sprintf("and %d more", len(list)-most))
	}
	return strings.Join(list, "; ")
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func readState(path string) (*state, error) {
	all, meta, err := checkpoint.ReadTensors(path)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	s, err := parseState(all, meta[stateKey])
	if err != nil {
		return nil, fmt.Errorf("train: %s: not the state of a training run: %w", path, err)
	}
	return s, nil
}

// parseState makes a state of a file's tensors and JSON.
func parseState(all tensors, text string) (*state, error) {
	s := &state{params: tensors{}, velocity: tensors{}, average: tensors{}, best: tensors{}}
	if err := json.Unmarshal([]byte(text), s); err != nil {
		return nil, err
	}
	groups := s.groups()
	for name, t := range all {
		group, parameter, _ := strings.Cut(name, ".")
		if groups[group] != nil {
			groups[group][parameter] = t
		}
	}
	return s, nil
}

func (s *state) groups() map[string]tensors {
	return map[string]tensors{"params": s.params, "velocity": s.velocity, "average": s.average, "best": s.best}
}

// check verifies that position, log and tensors go together.
func (s *state) check() error {
	switch {
	case s.Epoch != len(s.Log):
		return fmt.Errorf("wanted a line of log for each of %d epochs, found %d", s.Epoch, len(s.Log))
	case s.Step < 0 || (s.Step == 0) != (s.Sums.Images == 0):
		return fmt.Errorf("wanted sums over images where an epoch has begun, found %d steps of it and %d images", s.Step, s.Sums.Images)
	case s.Best < 0 || s.Best > s.Epoch || s.Best > 0 && s.Log[s.Best-1].Judgement() == nil:
		return fmt.Errorf("wanted the best of %d epochs, found epoch %d without a score", s.Epoch, s.Best)
	}
	if err := s.model(s.params).Check(); err != nil {
		return err
	}
	if s.Best > 0 {
		if err := s.model(s.best).Check(); err != nil {
			return fmt.Errorf("best: %w", err)
		}
	}
	if s.Identity.Recipe.Average > 0 {
		if err := s.model(s.average).Check(); err != nil {
			return fmt.Errorf("average: %w", err)
		}
	}
	return s.checkVelocity()
}

func (s *state) checkVelocity() error {
	specs, err := s.Identity.Arch.Params()
	if err != nil {
		return err
	}
	for _, p := range specs {
		if v, ok := s.velocity[p.Name]; p.Role.Trained() && !(ok && slices.Equal(v.Shape, p.Shape)) {
			return fmt.Errorf("velocity of %s: wanted shape %v, found %v", p.Name, p.Shape, v.Shape)
		}
	}
	return nil
}

// model makes a model of parameters.
func (s *state) model(params tensors) *models.Model {
	return &models.Model{Arch: s.Identity.Arch, Params: params, Meta: map[string]string{}}
}

// write writes the state, complete or not at all.
func (s *state) write(dir string) error {
	text, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("train: state: %w", err)
	}
	all := tensors{}
	for group, params := range s.groups() {
		for name, t := range params {
			all[group+"."+name] = t
		}
	}
	if err := checkpoint.WriteTensors(filepath.Join(dir, stateFile), all, map[string]string{stateKey: string(text)}); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return writeLog(dir, s.Log)
}

// finish makes the state that of a finished run.
func (s *state) finish(r *Result) {
	s.Result, s.Model = r, r.Model.Fingerprint()
	s.params, s.velocity, s.average, s.best = nil, nil, nil, nil
}

// enter notes where the run is computed, if that is new.
func (s *state) enter(e environment) {
	if !slices.Contains(s.Environments, e) {
		s.Environments = append(s.Environments, e)
	}
}
