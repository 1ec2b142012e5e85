package fusion

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"otfusion/models"
)

// maxAncestors bounds, in bytes, the records of ancestors that a model carries:
// far below what readers allow for a header, and enough for hundreds.
const maxAncestors = 1 << 20

// lineage is the parents of a model and the records of all known ancestors.
type lineage struct {
	models  []*models.Model
	parents []string                   // keys of known
	known   map[string]json.RawMessage // the Ancestor of each key, which is its hash
}

// MadeOf tells whether these are the parents, in this order, that a model was made of.
func (p *Provenance) MadeOf(parents []*models.Model) bool {
	return slices.Equal(p.Parents, lineageOf(parents).parents)
}

// lineageOf collects the ancestors of a model with these parents.
func lineageOf(parents []*models.Model) *lineage {
	l := &lineage{models: parents, parents: make([]string, len(parents)), known: map[string]json.RawMessage{}}
	fingerprints := make([]string, len(parents))
	var tasks sync.WaitGroup
	for k, m := range parents {
		tasks.Go(func() { fingerprints[k] = m.Fingerprint() })
	}
	tasks.Wait()
	for k, m := range parents {
		l.parents[k] = l.add(m, fingerprints[k])
	}
	return l
}

// add takes in a model with its ancestors and returns its key.
func (l *lineage) add(m *models.Model, fingerprint string) string {
	a := Ancestor{Fingerprint: fingerprint, Arch: m.Arch.Name, Meta: map[string]json.RawMessage{}}
	for key, value := range m.Meta {
		a.Meta[valid(key)] = asJSON(valid(value))
	}
	if p, err := ProvenanceOf(m); err == nil && p != nil {
		for key, record := range p.Ancestors {
			if keyOf(record) == key { // a file may say anything
				l.known[key] = record
			}
		}
		p.Ancestors, p.Omitted = nil, 0
		a.Meta[ProvenanceKey] = must(p)
	}
	record := must(a)
	key := keyOf(record)
	l.known[key] = record
	return key
}

// keyOf is the hash of a record.
func keyOf(record json.RawMessage) string {
	var b bytes.Buffer
	if err := json.Compact(&b, record); err != nil {
		return ""
	}
	sum := sha256.Sum256(b.Bytes())
	return hex.EncodeToString(sum[:16])
}

// kept are the records that fit, the nearest ancestors first, and the number of
// those that are named in one but left out.
func (l *lineage) kept() (records map[string]json.RawMessage, omitted int) {
	records = map[string]json.RawMessage{}
	seen := map[string]bool{}
	room := maxAncestors
	for generation := l.parents; len(generation) > 0; {
		var next []string
		for _, key := range generation {
			if seen[key] {
				continue
			}
			seen[key] = true
			record, ok := l.known[key]
			if room -= len(record); !ok || room < 0 {
				omitted++
				continue
			}
			records[key] = record
			next = append(next, parentsOf(record)...)
		}
		generation = next
	}
	return records, omitted
}

// parentsOf are the keys of the parents of an ancestor.
func parentsOf(record json.RawMessage) []string {
	var a Ancestor
	var p Provenance
	if json.Unmarshal(record, &a) != nil || json.Unmarshal(a.Meta[ProvenanceKey], &p) != nil {
		return nil
	}
	return p.Parents
}

// asJSON is a value of metadata: objects and lists, which most are, as they
// are, since escapes would double with every generation; others as strings.
func asJSON(value string) json.RawMessage {
	if strings.HasPrefix(value, "{") || strings.HasPrefix(value, "[") {
		if json.Valid([]byte(value)) {
			return json.RawMessage(value)
		}
	}
	return must(value)
}

// valid is text as files can hold it.
func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

// must is the JSON of strings, maps and valid JSON, which cannot fail.
func must(v any) json.RawMessage {
	text, err := compact(v)
	if err != nil {
		panic(err)
	}
	return text
}
