package fusion

import (
	"bytes"
	"encoding/json"
	"fmt"

	program "otfusion/internal/build"
	"otfusion/models"
)

// ProvenanceKey is the key of a model's Meta that holds its [Provenance] in JSON.
const ProvenanceKey = "otfusion.provenance"

// provenanceSchema is raised when the JSON of a Provenance changes its meaning.
const provenanceSchema = 1

// Provenance says how this package made a model. docs/provenance.md describes
// its JSON.
type Provenance struct {
	Schema    int                        `json:"schema"`
	Operation string                     `json:"operation"`         // fuse, average, prune, fold-bn or permute
	Revision  string                     `json:"revision"`          // of the program
	Options   json.RawMessage            `json:"options,omitempty"` // of the operation, resolved: Options of fuse, Pruning of prune
	Maps      *Maps                      `json:"maps,omitempty"`    // of fuse
	Notes     []string                   `json:"notes,omitempty"`   // as in Report
	Parents   []string                   `json:"parents"`           // keys of Ancestors, in order
	Ancestors map[string]json.RawMessage `json:"ancestors"`         // the Ancestor of each key, once
	Omitted   int                        `json:"omitted,omitempty"` // ancestors that are named but left out, for want of room
}

// Maps is the summary of an alignment: a [Report] without what is said elsewhere.
type Maps struct {
	Passes    int           `json:"passes"`
	Sweeps    int           `json:"sweeps"`
	Converged bool          `json:"converged"`
	Groups    []GroupReport `json:"groups"` // without times, which differ between runs
}

// Ancestor is what is known of a model that another was made of.
type Ancestor struct {
	Fingerprint string                     `json:"fingerprint"` // of its parameters, models.Model.Fingerprint
	Arch        string                     `json:"arch"`        // its architecture's name
	Meta        map[string]json.RawMessage `json:"meta"`        // its metadata; a Provenance therein has no ancestors of its own
}

// ProvenanceOf reads the record of a model. It returns nil for a model that was
// not made by this package, and fails on a record that cannot be read.
func ProvenanceOf(m *models.Model) (*Provenance, error) {
	text, ok := m.Meta[ProvenanceKey]
	if !ok {
		return nil, nil
	}
	var p Provenance
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return nil, fmt.Errorf("fusion: %s: %w", ProvenanceKey, err)
	}
	if p.Schema != provenanceSchema {
		return nil, fmt.Errorf("fusion: %s: wanted schema %d, found %d", ProvenanceKey, provenanceSchema, p.Schema)
	}
	return &p, nil
}

// sign makes the metadata of a model: its record, and what its parents say of
// inputs and classes.
func (p Provenance) sign(m *models.Model, options any, from *lineage) error {
	p.Schema, p.Revision = provenanceSchema, program.Revision()
	p.Parents = from.parents
	p.Ancestors, p.Omitted = from.kept()
	var err error
	if options != nil {
		if p.Options, err = compact(options); err != nil {
			return fmt.Errorf("fusion: %s: %w", ProvenanceKey, err)
		}
	}
	text, err := compact(p)
	if err != nil {
		return fmt.Errorf("fusion: %s: %w", ProvenanceKey, err)
	}
	m.Meta = map[string]string{ProvenanceKey: string(text)}
	return m.Inherit(from.models...)
}

// sign records a model that was derived from one other.
func sign(m *models.Model, operation string, options any, parent *models.Model) (*models.Model, error) {
	return m, Provenance{Operation: operation}.sign(m, options, lineageOf([]*models.Model{parent}))
}

// sign records what f made.
func (f *fuser) sign(m *models.Model) error {
	maps := &Maps{Passes: f.report.Passes, Sweeps: f.report.Sweeps, Converged: f.report.Converged}
	for _, g := range f.report.Groups {
		g.Seconds = 0
		maps.Groups = append(maps.Groups, g)
	}
	return Provenance{Operation: "fuse", Maps: maps, Notes: f.report.Notes}.sign(m, f.report.Options, f.lineage())
}

// compact is JSON in the one form that hashes are taken of.
func compact(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // as it would change what was hashed
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
